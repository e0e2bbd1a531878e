from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from drift.core.errors import ClusterError
from drift.core.objects import GroupKind, Resource
from drift.core.reasons import Reason
from drift.core.schema import ListType, Shape
from drift.kube.openapi import OpenApi
from drift.kube.tables import builtin_resource, builtin_schema, type_table, version_rank
from drift.kube.transport import Timeouts, Transport
from tests.kube.fake import FakeApi, status_body

WIDGET = Resource("acme.io", "v1", "Widget", "widgets", namespaced=True)
DEPLOYMENT = Resource("apps", "v1", "Deployment", "deployments", namespaced=True)


def index(digest: str) -> dict[str, Any]:
    return {"paths": {"apis/acme.io/v1": {"serverRelativeURL": f"/openapi/v3/apis/acme.io/v1?hash={digest}"}}}


def document(*fields: str) -> dict[str, Any]:
    gvk = {"group": "acme.io", "version": "v1", "kind": "Widget"}
    widget = {
        "type": "object",
        "properties": {field: {"type": "string"} for field in fields},
        "x-kubernetes-group-version-kind": [gvk],
    }
    return {"components": {"schemas": {"io.acme.v1.Widget": widget}}}


class Api(FakeApi):
    def __init__(self, **answers: Any) -> None:
        self.index: Any = answers.get("index")
        self.document: Any = answers.get("document")
        self.code: int = answers.get("code", 200)
        super().__init__(self._answer)

    async def _answer(self, request: web.Request) -> web.Response:
        if self.code != 200:
            return web.json_response(status_body(self.code, details={"name": "x"}), status=self.code)
        body = self.index if request.path == "/openapi/v3" else self.document
        return body if isinstance(body, web.Response) else web.json_response(body)

    @property
    def paths(self) -> list[str]:
        return [each.path for each in self.requests]


def files_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_a_document_is_fetched_once_and_again_when_its_hash_changed() -> None:
    clock = Clock()
    async with Api(index=index("A"), document=document("one")) as api, Transport(api.connection()) as transport:
        openapi = OpenApi(transport, clock=clock)
        assert set((await openapi.schema(WIDGET)).root.fields) == {"one"}
        await openapi.schema(WIDGET)
        clock.now = 61.0
        await openapi.schema(WIDGET)
        assert len(api.requests) == 3
        assert api.requests[1].query["hash"] == "A"

        api.index, api.document = index("B"), document("one", "two")
        clock.now = 122.0
        assert set((await openapi.schema(WIDGET)).root.fields) == {"one", "two"}


async def test_a_document_is_kept_on_disk_by_hash(tmp_path: Path) -> None:
    async with Api(index=index("A"), document=document("one")) as api, Transport(api.connection()) as transport:
        await OpenApi(transport, cache_dir=tmp_path / "deep").schema(WIDGET)
        await OpenApi(transport, cache_dir=tmp_path / "deep").schema(WIDGET)
        assert api.paths.count("/openapi/v3/apis/acme.io/v1") == 1

        [file] = files_in(tmp_path / "deep")
        file.write_bytes(file.read_bytes()[:-10])
        await OpenApi(transport, cache_dir=tmp_path / "deep").schema(WIDGET)
        assert api.paths.count("/openapi/v3/apis/acme.io/v1") == 2


async def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    async with Api(index=index("A"), document=document("one")) as api, Transport(api.connection()) as transport:
        assert (await OpenApi(transport, cache_dir=tmp_path / "file" / "x").schema(WIDGET)).known


@pytest.mark.parametrize("code", [403, 404])
async def test_without_openapi_the_shipped_table_stands_in(code: int) -> None:
    async with Api(code=code) as api, Transport(api.connection()) as transport:
        openapi = OpenApi(transport)
        assert (await openapi.schema(DEPLOYMENT)).builtin
        with pytest.raises(ClusterError) as caught:
            await openapi.schema(WIDGET)
        assert caught.value.reason == Reason.SCHEMA_UNAVAILABLE


async def test_a_server_in_trouble_is_an_error_and_not_the_shipped_table() -> None:
    async with Api(code=500) as api, Transport(api.connection(), Timeouts(attempts=1)) as transport:
        with pytest.raises(ClusterError) as caught:
            await OpenApi(transport).schema(DEPLOYMENT)
        assert caught.value.reason == Reason.SERVER_ERROR


async def test_nonsense_is_not_a_schema(tmp_path: Path) -> None:
    page = web.Response(text="<html>")
    async with Api(index=index("A"), document=page) as api, Transport(api.connection()) as transport:
        with pytest.raises(ClusterError, match="not an OpenAPI document"):
            await OpenApi(transport, cache_dir=tmp_path).schema(WIDGET)
        assert files_in(tmp_path) == []


def test_the_shipped_table_knows_the_lists_of_a_deployment() -> None:
    schema = builtin_schema("apps", "v1", "Deployment")
    assert schema is not None
    containers = schema.root.field("spec").field("template").field("spec").field("containers")

    assert (containers.list_type, containers.keys) == (ListType.MAP, ("name",))
    assert containers.item().field("ports").keys == ("containerPort", "protocol")
    assert containers.item().field("resources").field("limits").shape is Shape.MAP
    assert schema.builtin


def test_the_shipped_table_knows_urls() -> None:
    deployment = builtin_resource(GroupKind("apps", "Deployment"))
    assert deployment == DEPLOYMENT
    role = builtin_resource(GroupKind("rbac.authorization.k8s.io", "ClusterRole"))
    assert role is not None
    assert (role.plural, role.namespaced) == ("clusterroles", False)
    assert builtin_resource(GroupKind("acme.io", "Widget")) is None


def test_the_shipped_table_is_small() -> None:
    import drift.kube

    file = Path(str(drift.kube.__file__)).parent / "data/builtin.json.gz"
    assert file.stat().st_size < 150_000


def test_the_type_table_knows_which_zeros_vanish() -> None:
    table = type_table()

    assert "hostNetwork" in table.zero["io.k8s.api.core.v1.PodSpec"]
    assert "automountServiceAccountToken" not in table.zero["io.k8s.api.core.v1.PodSpec"]


def test_versions_are_ranked_as_the_server_does_it() -> None:
    ranked = sorted(["v1beta1", "v1", "v2alpha1", "v10", "foo", "v2beta2", "v2beta1"], key=version_rank)

    assert ranked[::-1] == ["v10", "v1", "v2beta2", "v2beta1", "v1beta1", "v2alpha1", "foo"]
