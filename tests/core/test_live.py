import json
from typing import Any

import pytest

from drift.core.live import decode_live, fingerprint, identity, version_number

_OBJECT: dict[str, Any] = {
    "apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "b"}, "status": {"x": 1},
    "metadata": {
        "name": "web", "namespace": "shop", "uid": "u", "resourceVersion": "12", "generation": 1, "labels": {"l": "m"},
        "managedFields": [
            {"manager": "helm", "operation": "Apply", "time": "2026-01-01T00:00:00Z", "fieldsV1": {"f:data": {}}},
            {"manager": "kubectl", "operation": "Update", "subresource": "scale"},
        ],
    },
}  # fmt: skip


def _raw(**metadata: Any) -> bytes:
    return json.dumps({**_OBJECT, "metadata": {**_OBJECT["metadata"], **metadata}}).encode()


def test_identity_is_read_without_the_rest() -> None:
    found = identity(_raw(deletionTimestamp="2026-01-01T00:00:00Z"))
    assert (found.name, found.namespace, found.uid, found.resource_version) == ("web", "shop", "u", "12")
    assert found.deletion_timestamp == "2026-01-01T00:00:00Z"


def test_a_fingerprint_covers_what_is_compared_and_nothing_that_changes_by_itself() -> None:
    same = fingerprint(_raw())
    assert fingerprint(_raw(resourceVersion="13", generation=2, managedFields=[])) == same
    assert fingerprint(_raw(labels={"l": "x"})) != same
    assert fingerprint(_raw(annotations={"a": "b"})) != same
    assert fingerprint(_raw(deletionTimestamp="2026-01-01T00:00:00Z")) != same
    assert fingerprint(json.dumps({**_OBJECT, "status": {"x": 2}}).encode()) == same
    assert fingerprint(json.dumps({**_OBJECT, "data": {"a": "c"}}).encode()) != same


def test_managed_fields_are_decoded_as_far_as_they_are_wanted() -> None:
    body = decode_live(_raw())
    assert "status" not in body
    assert [entry["manager"] for entry in body["metadata"]["managedFields"]] == ["helm", "kubectl"]
    few = decode_live(_raw(), lambda manager: manager == "kubectl")
    assert [entry["subresource"] for entry in few["metadata"]["managedFields"]] == ["scale"]
    assert decode_live(_raw(managedFields=None))["metadata"]["managedFields"] == []


@pytest.mark.parametrize(("text", "number"), [("12", 12), ("", 0), ("abc", 0), ("-1", 0), ("1.5", 0)])
def test_versions_are_ordered_where_they_are_numbers(text: str, number: int) -> None:
    assert version_number(text) == number
