from typing import Any

import pytest
from aiohttp import web

from drift.core.errors import ClusterError, UnknownKindError
from drift.core.objects import GroupKind, Resource
from drift.core.reasons import Reason
from drift.kube.discovery import Discovery
from drift.kube.transport import Timeouts, Transport
from tests.kube.fake import FakeApi, status_body

POD = GroupKind("", "Pod")
WIDGET = GroupKind("acme.io", "Widget")


def served(resource: str, kind: str, scope: str = "Namespaced", *subs: str) -> dict[str, Any]:
    return {
        "resource": resource,
        "responseKind": {"group": "", "version": "", "kind": kind},
        "scope": scope,
        "verbs": ["get", "list"],
        "subresources": [{"subresource": sub, "responseKind": {"kind": sub.title()}} for sub in subs],
    }


def aggregated(*groups: tuple[str, list[dict[str, Any]]]) -> dict[str, Any]:
    items = [{"metadata": {"name": name}, "versions": versions} for name, versions in groups]
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "items": items}


CORE = aggregated(("", [{"version": "v1", "resources": [served("pods", "Pod"), served("nodes", "Node", "Cluster")]}]))
WIDGETS = aggregated(
    (
        "acme.io",
        [
            {
                "version": "v2",
                "resources": [served("widgets", "Widget", "Namespaced", "scale")],
                "freshness": "Current",
            },
            {"version": "v1", "resources": [served("widgets", "Widget")]},
        ],
    )
)
NONE = aggregated()


def classic(*resources: tuple[str, str]) -> dict[str, Any]:
    listed = [{"name": name, "kind": kind, "namespaced": True, "verbs": ["get"]} for name, kind in resources]
    return {"kind": "APIResourceList", "resources": listed}


VERSIONS = [{"groupVersion": f"acme.io/{version}", "version": version} for version in ("v1", "v2")]
ACME = {"name": "acme.io", "versions": VERSIONS, "preferredVersion": VERSIONS[1]}
CLASSIC: dict[str, Any] = {
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/api/v1": classic(("pods", "Pod")),
    "/apis": {"kind": "APIGroupList", "groups": [ACME]},
    "/apis/acme.io/v1": classic(("widgets", "Widget")),
    "/apis/acme.io/v2": classic(("widgets", "Widget"), ("widgets/scale", "Scale")),
}


class Api(FakeApi):
    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers
        super().__init__(self._answer)

    async def _answer(self, request: web.Request) -> web.Response:
        body = self.answers.get(request.path)
        return web.json_response(
            body if body is not None else status_body(503), status=200 if body is not None else 503
        )


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


async def test_the_preferred_version_is_first_and_another_may_be_asked_for() -> None:
    async with Api({"/api": CORE, "/apis": WIDGETS}) as api, Transport(api.connection()) as transport:
        discovery = Discovery(transport)

        assert await discovery.resource(POD) == Resource(
            "", "v1", "Pod", "pods", namespaced=True, verbs=("get", "list")
        )
        assert not (await discovery.resource(GroupKind("", "Node"))).namespaced
        assert (await discovery.resource(WIDGET)).version == "v2"
        assert (await discovery.resource(WIDGET, "v1")).version == "v1"
        assert (await discovery.resource(WIDGET, "v9")).version == "v2"
        assert len(api.requests) == 2


async def test_api_versions_are_those_of_helm() -> None:
    async with Api({"/api": CORE, "/apis": WIDGETS}) as api, Transport(api.connection()) as transport:
        assert await Discovery(transport).api_versions() == (
            "acme.io/v1", "acme.io/v1/Widget", "acme.io/v2", "acme.io/v2/Scale", "acme.io/v2/Widget",
            "v1", "v1/Node", "v1/Pod",
        )  # fmt: skip


async def test_the_classic_form_says_the_same() -> None:
    async with Api(CLASSIC) as api, Transport(api.connection()) as transport:
        discovery = Discovery(transport)

        assert (await discovery.resource(WIDGET)).version == "v2"
        assert (await discovery.resource(POD)).plural == "pods"
        assert "acme.io/v2/Scale" in await discovery.api_versions()


async def test_a_new_kind_is_found_and_asked_for_at_most_every_5_s() -> None:
    clock = Clock()
    async with Api({"/api": CORE, "/apis": NONE}) as api, Transport(api.connection()) as transport:
        discovery = Discovery(transport, clock=clock)
        for _ in range(3):
            with pytest.raises(UnknownKindError, match=r"Widget\.acme\.io"):
                await discovery.resource(WIDGET)
        assert len(api.requests) == 2

        api.answers["/apis"] = WIDGETS
        clock.now += 5.0
        assert (await discovery.resource(WIDGET)).version == "v2"


async def test_a_kind_that_went_away_is_forgotten_when_somebody_notices() -> None:
    clock = Clock()
    async with Api({"/api": CORE, "/apis": WIDGETS}) as api, Transport(api.connection()) as transport:
        discovery = Discovery(transport, clock=clock)
        await discovery.resource(WIDGET)
        api.answers["/apis"] = NONE
        clock.now += 60.0
        discovery.expire()
        with pytest.raises(UnknownKindError):
            await discovery.resource(WIDGET)


@pytest.mark.parametrize(
    "answers",
    [
        {
            "/api": CORE,
            "/apis": aggregated(("acme.io", [{"version": "v1", "resources": [], "freshness": "Stale"}])),
        },
        {key: value for key, value in CLASSIC.items() if not key.startswith("/apis/acme")},
    ],
    ids=["aggregated", "classic"],
)
async def test_a_group_that_does_not_answer_hides_its_kinds_but_no_others(answers: dict[str, Any]) -> None:
    timeouts = Timeouts(attempts=1)
    async with Api(answers) as api, Transport(api.connection(), timeouts) as transport:
        discovery = Discovery(transport)
        with pytest.raises(ClusterError, match="could not be discovered") as caught:
            await discovery.resource(WIDGET)

        assert not isinstance(caught.value, UnknownKindError)
        assert caught.value.reason == Reason.CLUSTER_UNREACHABLE
        assert (await discovery.resource(POD)).plural == "pods"
        with pytest.raises(UnknownKindError):
            await discovery.resource(GroupKind("other.io", "Thing"))


async def test_nonsense_is_an_error_and_not_an_empty_server() -> None:
    async with Api({"/api": CORE, "/apis": ["x"]}) as api, Transport(api.connection()) as transport:
        with pytest.raises(ClusterError, match="/apis did not answer with Kubernetes JSON"):
            await Discovery(transport).resource(WIDGET)
