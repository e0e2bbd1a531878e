import gzip
import json

from tests.controlplane.make_builtin import make

DEPLOYMENT = {"group": "apps", "version": "v1", "kind": "Deployment"}
DOCUMENT = {
    "paths": {
        "/apis/apps/v1/namespaces/{namespace}/deployments": {"post": {"x-kubernetes-group-version-kind": DEPLOYMENT}},
        "/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale": {"post": {}},
    },
    "components": {
        "schemas": {
            "a.Deployment": {
                "description": "long",
                "type": "object",
                "properties": {"description": {"allOf": [{"$ref": "#/components/schemas/a.Spec"}], "default": {}}},
                "x-kubernetes-group-version-kind": [DEPLOYMENT],
            },
            "a.Spec": {"type": "string", "description": "long"},
            "a.Unused": {"type": "string"},
        }
    },
}


def test_the_table_keeps_what_comparing_needs_and_is_the_same_every_time() -> None:
    made = make([DOCUMENT])
    content = json.loads(gzip.decompress(made))

    assert made == make([DOCUMENT])
    assert content["resources"] == [["apps", "v1", "Deployment", "deployments", True]]
    assert content["components"]["a.Spec"] == {"type": "string"}
    assert content["components"]["a.Deployment"]["properties"] == {
        "description": {"$ref": "#/components/schemas/a.Spec", "default": {}}
    }
    assert "a.Unused" not in content["components"]
