"""KubeCluster on a real API server: what only the server can say."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
import yaml

from drift.cluster import Changed, Cluster, Fresh, Listed, Stale
from drift.core.errors import (
    ClusterError,
    ConflictError,
    DriftError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    UnknownKindError,
)
from drift.core.objects import GroupKind, ObjectRef
from drift.core.reasons import Reason
from drift.core.schema import ListType
from drift.kube.client import KubeCluster, connect
from drift.kube.pages import fetch_list
from drift.kube.transport import Timeouts
from drift.kube.urls import attempt_on_all, collection_path
from drift.kube.watch import WatchLimits
from tests.controlplane.plane import ControlPlane

pytestmark = pytest.mark.cluster

CONFIG_MAP = GroupKind("", "ConfigMap")
SETTINGS = ObjectRef("", "ConfigMap", "shop", "settings")
KEY = ObjectRef("", "Secret", "shop", "key")
WEB = ObjectRef("apps", "Deployment", "shop", "web")


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    with ControlPlane() as running:
        running.request("POST", "/api/v1/namespaces", {"metadata": {"name": "shop"}})
        yield running


@pytest.fixture
async def cluster(plane: ControlPlane) -> AsyncIterator[KubeCluster]:
    async with await connect(str(plane.admin_kubeconfig)) as connected:
        yield connected


def settings(**data: str) -> dict[str, Any]:
    metadata = {"name": SETTINGS.name, "namespace": SETTINGS.namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def deployment(image: str = "a", label: str = "web") -> dict[str, Any]:
    pod = {"metadata": {"labels": {"app": label}}, "spec": {"containers": [{"name": "c", "image": image}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"selector": {"matchLabels": {"app": label}}, "template": pod},
    }


async def fresh_settings(cluster: KubeCluster, **data: str) -> dict[str, Any]:
    """The object with these data and no history."""
    try:
        metadata = json.loads(await cluster.get(SETTINGS))["metadata"]
        await cluster.delete(SETTINGS, uid=metadata["uid"], resource_version=metadata["resourceVersion"])
    except NotFoundError:
        pass
    written = await cluster.apply(settings(**data), SETTINGS, manager="daytwo", force=True)
    assert written.created
    body: dict[str, Any] = json.loads(written.object)
    return body


async def error_of(coroutine: Any) -> ClusterError:
    with pytest.raises(ClusterError) as caught:
        await coroutine
    return caught.value


async def test_it_is_a_cluster(cluster: KubeCluster) -> None:
    protocol: Cluster = cluster

    assert protocol.context == "daytwo-test"
    assert (await protocol.server_version()).startswith("v1.")


async def test_discovery_knows_kinds_versions_and_scopes(cluster: KubeCluster) -> None:
    deployments = await cluster.resource(GroupKind("apps", "Deployment"))
    versions = await cluster.api_versions()

    assert (deployments.plural, deployments.version, deployments.namespaced) == ("deployments", "v1", True)
    assert not (await cluster.resource(GroupKind("", "Namespace"))).namespaced
    assert {"v1", "apps/v1", "apps/v1/Deployment", "batch/v1/CronJob"} <= set(versions)
    with pytest.raises(UnknownKindError):
        await cluster.resource(GroupKind("acme.io", "Widget"))


async def test_schemas_come_from_the_server(cluster: KubeCluster) -> None:
    schema = await cluster.schema(await cluster.resource(GroupKind("apps", "Deployment")))
    containers = schema.root.field("spec").field("template").field("spec").field("containers")

    assert (schema.known, schema.builtin, containers.list_type) == (True, True, ListType.MAP)


async def test_apply_creates_then_changes_then_changes_nothing(cluster: KubeCluster) -> None:
    first = await fresh_settings(cluster, a="1")
    second = await cluster.apply(settings(a="2"), SETTINGS, manager="daytwo", force=True)
    third = await cluster.apply(settings(a="2"), SETTINGS, manager="daytwo", force=True)

    assert not second.created
    assert json.loads(second.object)["metadata"]["resourceVersion"] != first["metadata"]["resourceVersion"]
    assert json.loads(second.object) == json.loads(third.object)


async def test_a_dry_run_writes_nothing(cluster: KubeCluster) -> None:
    before = await fresh_settings(cluster, a="1")
    predicted = await cluster.apply(settings(a="2"), SETTINGS, manager="daytwo", force=True, dry_run=True)
    operation = [{"op": "replace", "path": "/data/a", "value": "3"}]
    patched = await cluster.patch(SETTINGS, operation, manager="daytwo", dry_run=True)
    metadata = before["metadata"]
    await cluster.delete(SETTINGS, uid=metadata["uid"], resource_version=metadata["resourceVersion"], dry_run=True)

    assert json.loads(predicted.object)["data"] == {"a": "2"}
    assert json.loads(patched.object)["data"] == {"a": "3"}
    assert json.loads(await cluster.get(SETTINGS)) == before


async def test_an_apply_without_force_names_the_other_owner(cluster: KubeCluster) -> None:
    await fresh_settings(cluster, a="1")
    error = await error_of(cluster.apply(settings(a="2"), SETTINGS, manager="other", force=False))

    assert isinstance(error, ConflictError)
    assert 'conflict with "daytwo"' in str(error)


async def test_preconditions_hold(cluster: KubeCluster) -> None:
    body = await fresh_settings(cluster, a="1")
    await cluster.apply(settings(a="2"), SETTINGS, manager="daytwo", force=True)
    uid, version = body["metadata"]["uid"], body["metadata"]["resourceVersion"]
    stale = settings(a="3")
    stale["metadata"]["resourceVersion"] = version
    foreign = settings(a="3")
    foreign["metadata"]["uid"] = "another"
    gone = {**foreign, "metadata": {**foreign["metadata"], "name": "gone"}}
    test = [{"op": "test", "path": "/metadata/resourceVersion", "value": version}]
    attempts = [
        cluster.apply(stale, SETTINGS, manager="daytwo", force=True),
        cluster.apply(foreign, SETTINGS, manager="daytwo", force=True),
        cluster.apply(gone, ObjectRef("", "ConfigMap", "shop", "gone"), manager="daytwo", force=True),
        cluster.patch(SETTINGS, [*test, {"op": "remove", "path": "/data/a"}], manager="daytwo"),
        cluster.delete(SETTINGS, uid=uid, resource_version=version),
        cluster.delete(SETTINGS, uid="another", resource_version=version),
    ]
    for attempt in attempts:
        assert isinstance(await error_of(attempt), ConflictError)
    assert json.loads(await cluster.get(SETTINGS))["data"] == {"a": "2"}


async def test_a_patch_removes_and_a_delete_deletes(cluster: KubeCluster) -> None:
    body = await fresh_settings(cluster, a="1", b="2")
    written = await cluster.patch(SETTINGS, [{"op": "remove", "path": "/data/b"}], manager="daytwo")
    patched = json.loads(written.object)
    assert patched["data"] == {"a": "1"}

    await cluster.delete(SETTINGS, uid=body["metadata"]["uid"], resource_version=patched["metadata"]["resourceVersion"])
    error = await error_of(cluster.get(SETTINGS))
    assert (type(error), error.reason) == (NotFoundError, Reason.NOT_FOUND)


async def test_no_request_can_miss_its_object(cluster: KubeCluster) -> None:
    for ref in (
        ObjectRef("", "ConfigMap", "shop", ""),
        ObjectRef("", "ConfigMap", "", "x"),
        ObjectRef("", "ConfigMap", "shop", ".."),
    ):
        assert isinstance(await error_of(cluster.delete(ref, uid="u", resource_version="1")), InvalidError)
    assert isinstance(await error_of(cluster.delete(SETTINGS, uid="", resource_version="1")), InvalidError)
    error = await error_of(cluster.get(ObjectRef("", "ConfigMap", "shop", "../secrets/key")))
    assert isinstance(error, InvalidError)


async def test_refusals_have_their_reasons(cluster: KubeCluster) -> None:
    await cluster.apply(deployment(), WEB, manager="daytwo", force=True)
    nowhere = ObjectRef("", "ConfigMap", "nowhere", "settings")
    elsewhere = settings()
    elsewhere["metadata"]["namespace"] = "nowhere"
    wrong = deployment()
    wrong["spec"]["replicas"] = "three"
    old = {**deployment(), "apiVersion": "apps/v1beta1"}
    attempts = {
        Reason.IMMUTABLE_FIELD: cluster.apply(deployment(label="b"), WEB, manager="daytwo", force=True),
        Reason.NAMESPACE_MISSING: cluster.apply(elsewhere, nowhere, manager="daytwo", force=True),
        Reason.INVALID: cluster.apply(wrong, WEB, manager="daytwo", force=True),
        Reason.KIND_NOT_SERVED: cluster.apply(old, WEB, manager="daytwo", force=True),
    }
    for reason, attempt in attempts.items():
        assert (await error_of(attempt)).reason == reason


@pytest.mark.parametrize(
    "fields",
    [
        {"data": {"p": "HUNTER2!"}},
        {"data": {"p": 7_777_777}},
        {"type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": "HUNTER2"}},
    ],
    ids=["not-base64", "not-a-string", "not-valid"],
)
async def test_a_refused_secret_is_not_quoted(cluster: KubeCluster, fields: dict[str, Any]) -> None:
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key", "namespace": "shop"}, **fields}
    error = await error_of(cluster.apply(body, KEY, manager="daytwo", force=True))

    assert error.reason == Reason.INVALID
    said = f"{error} {error.causes}"
    assert "HUNTER2" not in said
    assert "7777777" not in said


async def test_lists_are_whole_over_pages_and_may_be_metadata_only(cluster: KubeCluster) -> None:
    for i in range(7):
        ref = ObjectRef("", "ConfigMap", "shop", f"many-{i}")
        body = settings(a="x" * 1000)
        body["metadata"] |= {"name": ref.name, "labels": {"many": "yes"}}
        await cluster.apply(body, ref, manager="daytwo", force=True)
    resource = await cluster.resource(CONFIG_MAP)
    whole = await cluster.list(resource, "shop", label_selector="many=yes")
    slim = await cluster.list(resource, label_selector="many=yes", metadata_only=True)
    paged = await fetch_list(
        cluster.transport,
        collection_path(resource, "shop"),
        attempt_on_all("list", resource, "shop"),
        query={"labelSelector": "many=yes"},
        page_size=2,
    )

    assert [len(each.items) for each in (whole, slim, paged)] == [7, 7, 7]
    assert b"xxx" in bytes(whole.items[0])
    assert b"xxx" not in bytes(slim.items[0])
    assert b"xxx" not in await cluster.get(ObjectRef("", "ConfigMap", "shop", "many-1"), metadata_only=True)


async def test_a_watch_sees_what_happens_and_survives_an_outage(plane: ControlPlane) -> None:
    limits = WatchLimits(backoff_first=0.1, backoff_most=0.5, patience=0.3, proof=0.2)
    kubeconfig = str(plane.admin_kubeconfig)
    async with await connect(kubeconfig, watch_limits=limits) as cluster, asyncio.timeout(120):
        resource = await cluster.resource(CONFIG_MAP)
        await fresh_settings(cluster, a="1")
        only = f"metadata.name={SETTINGS.name}"
        async with aclosing(cluster.follow(resource, "shop", field_selector=only)) as events:  # type: ignore[type-var]
            listed = await anext(events)
            assert isinstance(listed, Listed)
            assert len(listed.items) == 1

            written = await cluster.apply(settings(a="2"), SETTINGS, manager="daytwo", force=True)
            changed = await anext(events)
            assert isinstance(changed, Changed)
            assert json.loads(bytes(changed.object)) == json.loads(written.object)

            await asyncio.to_thread(plane.stop_apiserver)
            stale = await anext(events)
            assert isinstance(stale, Stale)
            assert plane.url in stale.error
            await asyncio.to_thread(plane.start_apiserver)
            healed = await anext(events)
            assert isinstance(healed, Fresh | Listed)  # a restarted server may have forgotten the version
            await cluster.apply(settings(a="3"), SETTINGS, manager="daytwo", force=True)
            while not isinstance(changed := await anext(events), Changed):
                pass
            assert json.loads(bytes(changed.object))["data"] == {"a": "3"}


async def test_rights_that_are_missing_are_named(plane: ControlPlane) -> None:
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}]
    path = plane.kubeconfig_for_rules("reader", rules, "shop")
    async with await connect(str(path)) as cluster:
        resource = await cluster.resource(CONFIG_MAP)
        error = await error_of(cluster.list(resource, "shop"))
        follow = cluster.follow(resource, "shop")
        stale = await anext(aiter(follow))

        assert (type(error), error.reason) == (ForbiddenError, Reason.FORBIDDEN)
        assert 'User "reader" cannot list resource "configmaps"' in str(error)
        assert 'in the namespace "shop"' in str(error)
        assert isinstance(stale, Stale)
        assert stale.reason == Reason.FORBIDDEN
        assert await cluster.allowed("get", resource, "shop")
        assert not await cluster.allowed("delete", resource, "shop")


async def test_impersonation_is_felt_by_the_server(plane: ControlPlane) -> None:
    async with await connect(str(plane.admin_kubeconfig), impersonate="nobody") as cluster:
        resource = await cluster.resource(CONFIG_MAP)

        assert 'User "nobody"' in str(await error_of(cluster.list(resource)))


async def test_a_wrong_token_is_refused(plane: ControlPlane, tmp_path: Path) -> None:
    path = edited(plane, tmp_path, user={"token": "wrong"})
    async with await connect(str(path)) as cluster:
        error = await error_of(cluster.api_versions())

        assert (type(error), error.status) == (ForbiddenError, 401)


@pytest.mark.parametrize(
    ("cluster_changes", "words"),
    [
        ({"certificate-authority-data": None}, "certificate is not accepted"),
        ({"tls-server-name": "other.example"}, "certificate is not accepted"),
        ({"server": "https://127.0.0.1:1"}, "cannot reach https://127.0.0.1:1"),
        ({"server": "http"}, "cannot reach http://127.0.0.1"),
    ],
    ids=["unknown-ca", "wrong-name", "nobody-listens", "http-to-https"],
)
async def test_a_server_that_cannot_be_reached_is_named(
    plane: ControlPlane, tmp_path: Path, cluster_changes: dict[str, Any], words: str
) -> None:
    changes = dict(cluster_changes)
    if changes.get("server") == "http":
        changes["server"] = plane.url.replace("https", "http")
    path = edited(plane, tmp_path, cluster=changes)
    async with await connect(str(path), timeouts=Timeouts(total=3.0)) as cluster:
        error = await error_of(cluster.server_version())

        assert words in str(error) or "400" in str(error)
        assert "\n" not in str(error)
        assert isinstance(error, DriftError)


async def test_tls_server_name_and_insecure_work(plane: ControlPlane, tmp_path: Path) -> None:
    for changes in (
        {"tls-server-name": "kubernetes.default.svc"},
        {"insecure-skip-tls-verify": True, "certificate-authority-data": None},
    ):
        async with await connect(str(edited(plane, tmp_path, cluster=changes))) as cluster:
            assert await cluster.server_version()


async def test_a_service_account_token_authenticates(plane: ControlPlane, tmp_path: Path) -> None:
    token = plane.token_for_service_account("shop", "robot")
    async with await connect(str(edited(plane, tmp_path, user={"token": token}))) as cluster:
        error = await error_of(cluster.list(await cluster.resource(CONFIG_MAP)))

        assert 'User "system:serviceaccount:shop:robot"' in str(error)


def edited(
    plane: ControlPlane, folder: Path, *, cluster: dict[str, Any] | None = None, user: dict[str, Any] | None = None
) -> Path:
    """The admin's kubeconfig with changes; None removes a key, `user` replaces the credentials."""
    content = yaml.safe_load(plane.admin_kubeconfig.read_text())
    entry = {**content["clusters"][0]["cluster"], **(cluster or {})}
    content["clusters"][0]["cluster"] = {key: value for key, value in entry.items() if value is not None}
    if user is not None:
        content["users"][0]["user"] = user
    path = folder / "edited"
    path.write_text(yaml.safe_dump(content))
    return path
