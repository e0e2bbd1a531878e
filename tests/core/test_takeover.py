"""Taking over, as values: whose managedFields say what afterwards. What the server makes of it: tests/engine."""

from typing import Any

from drift.core.objects import ObjectRef
from drift.core.paths import Token
from drift.core.plan import Patch
from drift.core.takeover import once, taking_over, twice
from tests.core.examples import schema_of
from tests.core.simulation import patched

_SERVICE = schema_of("v1", "Service").root
_KEY = 'k:{"port":81,"protocol":"TCP"}'
_PLACE: tuple[Token, ...] = ("spec", "ports", (81, "TCP"))


def entry(manager: str, operation: str, fields: dict[str, Any], **rest: str) -> dict[str, Any]:
    return {"manager": manager, "operation": operation, "fieldsV1": fields, **rest}


def taken(*entries: dict[str, Any], place: tuple[Token, ...] = _PLACE) -> list[dict[str, Any]]:
    """The managedFields after `helm` took a place over."""
    live = {"apiVersion": "v1", "metadata": {"managedFields": list(entries)}}
    operations = taking_over([place], live, _SERVICE, "helm")
    # The server knows "-" as the end of a list; the simulation wants a number.
    numbered = [{**op, "path": op["path"].replace("/-", f"/{len(entries)}")} for op in operations]
    after: Any = patched(Patch(ObjectRef("", "Service", "shop", "web"), tuple(numbered)), live)
    return [dict(one) for one in after["metadata"]["managedFields"]]


def ports(item: dict[str, Any]) -> dict[str, Any]:
    return {"f:spec": {"f:ports": {_KEY: item}}}


def test_what_a_person_added_is_the_appliers_and_nobody_elses() -> None:
    own = entry("helm", "Apply", {"f:spec": {"f:selector": {}}})
    after = taken(own, entry("kubectl-edit", "Update", ports({".": {}, "f:port": {}})))
    assert after == [entry("helm", "Apply", {"f:spec": {"f:selector": {}, "f:ports": {_KEY: {".": {}}}}})]


def test_the_rest_of_what_a_person_owns_stays_theirs() -> None:
    fields = ports({".": {}, "f:port": {}}) | {"f:metadata": {"f:labels": {"f:team": {}}}}
    after = taken(entry("helm", "Apply", {}), entry("kubectl-edit", "Update", fields))
    assert after[1] == entry("kubectl-edit", "Update", {"f:metadata": {"f:labels": {"f:team": {}}}})


def test_who_never_applied_gets_an_entry() -> None:
    after = taken(entry("kubectl-edit", "Update", ports({})))
    assert after == [
        entry("helm", "Apply", ports({".": {}}), apiVersion="v1", fieldsType="FieldsV1"),
    ]


def test_an_empty_parent_is_not_left_with_its_owner() -> None:
    fields: dict[str, Any] = {"f:spec": {"f:sessionAffinityConfig": {".": {}, "f:clientIP": {}}}}
    place = ("spec", "sessionAffinityConfig", "clientIP")
    after = taken(entry("helm", "Apply", {}), entry("kubectl-edit", "Update", fields), place=place)
    assert [one["manager"] for one in after] == ["helm"]


def test_what_a_subresource_wrote_is_not_touched() -> None:
    scale = entry("kubectl", "Update", ports({}), subresource="scale")
    assert taken(entry("helm", "Apply", {}), scale)[1] == scale


def test_an_object_without_managed_fields_gets_some() -> None:
    (operation,) = taking_over([_PLACE], {"apiVersion": "v1", "metadata": {}}, _SERVICE, "daytwo")
    assert operation["path"] == "/metadata/managedFields"
    assert operation["value"][0]["fieldsV1"] == ports({".": {}})


def test_a_merge_key_that_occurs_twice_is_found_and_the_last_is_kept() -> None:
    one, two, three = ({"port": 80, "name": "a"}, {"port": 81}, {"port": 80, "protocol": "TCP", "name": "b"})
    body = {"spec": {"ports": [one, two, three]}}
    assert list(twice(body, _SERVICE)) == [("spec", "ports")]
    assert once(body, _SERVICE) == {"spec": {"ports": [three, two]}}
    assert list(twice({"spec": {"ports": [one, two]}}, _SERVICE)) == []
