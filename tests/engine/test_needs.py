"""Related objects: which they are, and that a storm of questions is one list."""

import asyncio
from typing import Any

import msgspec
import pytest

from drift.cluster import Listing
from drift.core.errors import ClusterError, UnknownKindError
from drift.core.objects import GroupKind, Resource
from drift.core.related import belongs, pod_labels, selects
from drift.engine.needs import Needs
from drift.strategy import Need, ObjectRef
from tests.core.examples import body, deployment
from tests.plugins.examples import context, edited, missing

BUDGETS = Need("budgets", "policy", "PodDisruptionBudget", "selects-my-pods")
SCALERS = Need("scalers", "autoscaling", "HorizontalPodAutoscaler", "targets-me")


def budget(name: str, selector: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"selector": selector}, "status": {"disruptionsAllowed": 1}}


class Server:
    def __init__(self, *items: dict[str, Any], error: ClusterError | None = None, namespaced: bool = True) -> None:
        self.items = items
        self.error = error
        self.namespaced = namespaced
        self.lists: list[str] = []

    async def resource(self, kind: GroupKind) -> Resource:
        return Resource(kind.group, "v1", kind.kind, "things", self.namespaced)

    async def list(self, resource: Resource, namespace: str) -> Listing:
        del resource
        self.lists.append(namespace)
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        return Listing(tuple(msgspec.Raw(msgspec.json.encode(item)) for item in self.items), "1")


def needs(server: Server, **options: Any) -> Needs:
    return Needs(server, **options)  # type: ignore[arg-type]


async def test_budgets_of_my_pods_are_found() -> None:
    server = Server(budget("mine", {"matchLabels": {"app": "web"}}), budget("other", {"matchLabels": {"app": "db"}}))
    found = await needs(server).load((BUDGETS,), edited())
    (mine,) = found["budgets"]
    assert mine["metadata"]["name"] == "mine"
    assert mine["status"] == {"disruptionsAllowed": 1}
    assert (mine["apiVersion"], mine["kind"]) == ("policy/v1", "PodDisruptionBudget")
    assert server.lists == ["shop"]


async def test_many_who_ask_share_one_list() -> None:
    server = Server(budget("mine", {}))
    ours = needs(server)
    await asyncio.gather(*(ours.load((BUDGETS,), edited()) for _ in range(50)))
    assert server.lists == ["shop"]


async def test_a_list_grows_old() -> None:
    server = Server()
    ours = needs(server, ttl=0.0)
    for _ in range(2):
        await ours.load((BUDGETS,), edited())
    assert len(server.lists) == 2


async def test_a_kind_that_is_not_served_has_no_objects() -> None:
    server = Server(error=UnknownKindError("no such kind"))
    assert await needs(server).load((BUDGETS,), edited()) == {"budgets": ()}


async def test_an_error_is_told_each_time_and_not_remembered() -> None:
    server = Server(budget("mine", {}), error=ClusterError("timeout"))
    ours = needs(server)
    with pytest.raises(ClusterError):
        await ours.load((BUDGETS,), edited())
    server.error = None
    assert len((await ours.load((BUDGETS,), edited()))["budgets"]) == 1


async def test_a_cluster_scoped_object_has_no_neighbours() -> None:
    server = Server(budget("mine", {}))
    role = {**body("rbac.authorization.k8s.io/v1", "ClusterRole", rules=[]), "metadata": {"name": "web"}}
    assert await needs(server).load((BUDGETS,), context(role, None)) == {"budgets": ()}
    assert server.lists == []


async def test_a_missing_object_is_matched_by_what_it_should_be() -> None:
    server = Server(budget("mine", {"matchLabels": {"app": "web"}}))
    assert len((await needs(server).load((BUDGETS,), missing()))["budgets"]) == 1


LABELS = {"app": "web", "tier": "front"}


@pytest.mark.parametrize(
    ("selector", "matches"),
    [
        (None, False),
        ({}, True),
        ({"matchLabels": {"app": "web"}}, True),
        ({"matchLabels": {"app": "web", "tier": "back"}}, False),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["web", "db"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}, False),
        ({"matchExpressions": [{"key": "zone", "operator": "NotIn", "values": ["a"]}]}, True),
        ({"matchExpressions": [{"key": "tier", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}, False),
        ({"matchExpressions": [{"key": "zone", "operator": "DoesNotExist"}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "Like", "values": ["w"]}]}, False),
    ],
)
def test_selectors_match_as_the_api_server_says(selector: Any, *, matches: bool) -> None:
    assert selects("PodDisruptionBudget", selector, LABELS) is matches


def test_a_service_selects_by_a_plain_map_and_an_empty_one_selects_nothing() -> None:
    assert selects("Service", {"app": "web"}, LABELS)
    assert not selects("Service", {"app": "db"}, LABELS)
    assert not selects("Service", {}, LABELS)


def test_pods_are_those_of_template_job_template_or_the_pod_itself() -> None:
    template = {"template": {"metadata": {"labels": LABELS}}}
    assert pod_labels(deployment()) == {"app": "web"}
    assert pod_labels(body("batch/v1", "CronJob", spec={"jobTemplate": {"spec": template}})) == LABELS
    assert pod_labels(body("v1", "Pod", metadata={"labels": LABELS})) == LABELS
    assert pod_labels(body("v1", "ConfigMap")) == {}


@pytest.mark.parametrize(
    ("target", "matches"),
    [
        ({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, True),
        ({"name": "web"}, True),
        ({"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web"}, False),
        ({"apiVersion": "acme.io/v1", "kind": "Deployment", "name": "web"}, False),
        ({"kind": "Deployment", "name": "db"}, False),
        ({}, False),
    ],
)
def test_scalers_target_by_kind_and_name(target: Any, *, matches: bool) -> None:
    scaler = {"spec": {"scaleTargetRef": target}}
    assert belongs(SCALERS, scaler, ObjectRef("apps", "Deployment", "shop", "web"), deployment()) is matches
