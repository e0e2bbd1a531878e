"""A dump in the place of a cluster: tells what it holds, and refuses what it cannot know."""

from typing import Any

import msgspec
import pytest

from drift.core.errors import ClusterError, ForbiddenError, NotFoundError, UsageError
from drift.core.objects import GroupKind, ObjectRef
from drift.core.reasons import Reason
from drift.kube.dump import DumpCluster

DEPLOYMENT = GroupKind("apps", "Deployment")


def body(api_version: str, kind: str, name: str, namespace: str = "shop", **more: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace, **more.pop("metadata", {})}
    if not namespace:
        del metadata["namespace"]
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **more}


def dump(*documents: Any) -> DumpCluster:
    return DumpCluster(documents, name="dump.yaml", version="v1.30.0")


def listed(*items: Any, kind: str = "List", **more: Any) -> dict[str, Any]:
    return {"apiVersion": "v1" if kind == "List" else "apps/v1", "kind": kind, "items": list(items), **more}


async def names(cluster: DumpCluster, kind: GroupKind, namespace: str = "", **selectors: str) -> list[str]:
    listing = await cluster.list(await cluster.resource(kind), namespace, **selectors)  # type: ignore[arg-type]
    return [msgspec.json.decode(item)["metadata"]["name"] for item in listing.items]


async def test_objects_of_lists_and_documents_are_found() -> None:
    cluster = dump(
        listed(body("apps/v1", "Deployment", "a"), body("v1", "Service", "s")),
        body("apps/v1", "Deployment", "b", "other"),
    )
    assert await names(cluster, DEPLOYMENT, "other") == ["b"]
    assert await names(cluster, DEPLOYMENT, "shop") == ["a"]
    assert await cluster.server_version() == "v1.30.0"
    assert "apps/v1/Deployment" in await cluster.api_versions()
    assert cluster.context == "dump dump.yaml"


async def test_items_of_a_typed_list_need_no_kind() -> None:
    item = {"metadata": {"name": "a", "namespace": "shop"}}
    assert await names(dump(listed(item, kind="DeploymentList")), DEPLOYMENT, "shop") == ["a"]


async def test_of_a_kind_that_appears_nowhere_nothing_is_known() -> None:
    cluster = dump(body("v1", "Service", "s"))
    with pytest.raises(ForbiddenError, match=r"^the dump holds no Deployment\.apps$") as raised:
        await names(cluster, DEPLOYMENT, "shop")
    assert raised.value.reason is Reason.LIST_INCOMPLETE
    with pytest.raises(ForbiddenError, match=r"the dump holds no Widget\.acme\.io"):
        await cluster.resource(GroupKind("acme.io", "Widget"))


async def test_an_empty_typed_list_says_that_there_is_none() -> None:
    cluster = dump(listed(kind="DeploymentList"), body("v1", "Service", "s"))
    assert await names(cluster, DEPLOYMENT, "shop") == []


async def test_of_a_namespace_that_appears_nowhere_nothing_is_known() -> None:
    with pytest.raises(ForbiddenError, match="the dump holds no object of namespace other"):
        await names(dump(body("apps/v1", "Deployment", "a")), DEPLOYMENT, "other")


async def test_a_dump_never_claims_to_cover_all_namespaces() -> None:
    with pytest.raises(ForbiddenError, match="no word on whether it covers all namespaces"):
        await names(dump(body("apps/v1", "Deployment", "a")), DEPLOYMENT)


async def test_get_tells_absent_from_unknown() -> None:
    cluster = dump(body("apps/v1", "Deployment", "a", spec={"replicas": 2}))
    found = msgspec.json.decode(await cluster.get(ObjectRef("apps", "Deployment", "shop", "a")))
    assert found["spec"] == {"replicas": 2}
    with pytest.raises(NotFoundError, match="is not in the dump"):
        await cluster.get(ObjectRef("apps", "Deployment", "shop", "b"))
    with pytest.raises(ForbiddenError):
        await cluster.get(ObjectRef("", "Service", "shop", "a"))


async def test_another_version_of_a_kind_cannot_be_compared() -> None:
    hpa = GroupKind("autoscaling", "HorizontalPodAutoscaler")
    cluster = dump(body("autoscaling/v2", "HorizontalPodAutoscaler", "a"))
    assert (await cluster.resource(hpa)).version == "v2"
    with pytest.raises(ForbiddenError, match="in version v1, only in v2"):
        await cluster.resource(hpa, "v1")


async def test_custom_resources_are_known_by_what_the_dump_shows() -> None:
    cluster = dump(body("acme.io/v1", "Widget", "w"), body("acme.io/v1", "Planet", "p", ""))
    widget = await cluster.resource(GroupKind("acme.io", "Widget"), "v1")
    assert (widget.namespaced, widget.api_version) == (True, "acme.io/v1")
    assert not (await cluster.resource(GroupKind("acme.io", "Planet"))).namespaced
    assert not (await cluster.schema(widget)).known


async def test_releases_can_be_selected_as_the_helm_source_does() -> None:
    release = body("v1", "Secret", "r", type="helm.sh/release.v1", metadata={"labels": {"owner": "helm"}})
    cluster = dump(release, body("v1", "Secret", "other"))
    secret = GroupKind("", "Secret")
    assert await names(cluster, secret, label_selector="owner=helm", field_selector="type=helm.sh/release.v1") == ["r"]
    with pytest.raises(ClusterError, match=r"selected by the field spec\.x"):
        await names(cluster, secret, field_selector="spec.x=1")


def test_owners_are_told_only_where_kubectl_was_asked_for_them() -> None:
    assert not dump(body("v1", "Service", "s")).tells_owners
    assert dump(body("v1", "Service", "s", metadata={"managedFields": [{"manager": "m"}]})).tells_owners


async def test_nothing_can_be_written() -> None:
    cluster, ref = dump(body("v1", "Service", "s")), ObjectRef("", "Service", "shop", "s")
    with pytest.raises(ClusterError, match=r"cannot apply Service shop/s: dump\.yaml is a dump"):
        await cluster.apply({}, ref, manager="m", force=True)
    with pytest.raises(ClusterError, match="cannot patch"):
        await cluster.patch(ref, [], manager="m")
    with pytest.raises(ClusterError, match="cannot delete"):
        await cluster.delete(ref, uid="u", resource_version="1")
    service = await cluster.resource(GroupKind("", "Service"))
    with pytest.raises(ClusterError, match="cannot watch services"):
        cluster.follow(service)
    assert await cluster.allowed("list", service)
    assert not await cluster.allowed("patch", service)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("text", "holds something that is no Kubernetes object"),
        ({"kind": "Pod"}, "holds something that is no Kubernetes object"),
        (listed("text"), "holds something that is no Kubernetes object"),
        (listed(), "holds no Kubernetes object; write it with kubectl get"),
        (listed(kind="DeploymentList", metadata={"continue": "x"}), "holds one page of a longer DeploymentList"),
    ],
)
def test_what_is_no_whole_dump_is_refused(document: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        dump(document)
