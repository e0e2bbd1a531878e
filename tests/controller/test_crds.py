"""The CRDs on a real API server: what it explains, takes, refuses, fills in and shows."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drift.controller.crds import DEFINITIONS, FOLDER, crd, documents, write
from tests.controller.guards import FULL, WRONG, cluster_guard, guard
from tests.controlplane import ControlPlane, ControlPlaneError


def test_the_written_files_are_fresh() -> None:
    written = {path.name: path.read_text() for path in FOLDER.glob("*.yaml")}
    assert written == dict(documents()), "run: python -m drift.controller.crds"


def test_they_can_be_written_elsewhere(tmp_path: Path) -> None:
    write(tmp_path / "new")
    assert len(list((tmp_path / "new").iterdir())) == len(DEFINITIONS)


def fields_of(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, part in schema.get("properties", {}).items():
        yield f"{path}.{name}", part
        yield from fields_of(part, f"{path}.{name}")
        yield from fields_of(part.get("items", {}), f"{path}.{name}[]")


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda definition: definition.kind)
def test_every_field_of_ours_says_what_it_means(definition: Any) -> None:
    schema = crd(definition)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    silent = [path for path, part in fields_of(schema) if not part.get("description") and path.count(".") > 1]
    assert not silent


@pytest.fixture(scope="module")
def served(guarded: ControlPlane) -> ControlPlane:
    """The control plane with the CRDs and the namespace of the example."""
    guarded.kubectl("create", "namespace", "shop")
    return guarded


def put(plane: ControlPlane, body: dict[str, Any], *options: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(
        plane.kubectl("apply", "-f", "-", "-o", "json", *options, input=json.dumps(body))
    )
    return answer


def test_the_server_finds_no_fault_with_the_schema(served: ControlPlane) -> None:
    for definition in DEFINITIONS:
        path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{definition.kind.lower()}s.daytwo.dev"
        conditions = {item["type"]: item for item in served.request("GET", path)["status"]["conditions"]}
        assert conditions["Established"]["status"] == "True"
        assert conditions.get("NonStructuralSchema", {"status": "False"})["status"] == "False"


def test_kubectl_explains_the_spec(served: ControlPlane) -> None:
    assert "observe writes nothing; remediate repairs what drifts." in served.kubectl("explain", "driftguard.spec")
    assert "Reconciling" in served.kubectl("explain", "dg.status.conditions.type")
    assert "namespaceSelector" in served.kubectl("explain", "clusterdriftguard.spec")
    assert "ENUM" in served.kubectl("explain", "driftguard.spec.mode")


def test_a_full_guard_goes_in_and_comes_out(served: ControlPlane) -> None:
    stored = put(served, FULL)
    for field, value in FULL["spec"].items():
        if field in {"rules", "serviceAccountName", "mode", "scope", "people"}:
            assert stored["spec"][field] == value
    assert stored["spec"]["lock"] == {"namespace": "shop", "name": "daytwo-disruption", "ttl": 60}
    assert stored["spec"]["audit"]["keep"] == 3


def test_the_server_fills_in_the_defaults(served: ControlPlane) -> None:
    stored = put(served, guard("defaults"))
    assert stored["spec"] == {
        "source": {"helm": {"release": "web", "onFailed": "hold", "storage": "secret"}},
        "mode": "observe",
        "suspend": False,
        "scope": "declared",
        "serviceAccountName": "default",
    }


@pytest.mark.parametrize(("spec", "field"), WRONG, ids=[f"{field}-{number}" for number, (_, field) in enumerate(WRONG)])
def test_the_server_refuses_a_wrong_guard_by_its_field(served: ControlPlane, spec: dict[str, Any], field: str) -> None:
    with pytest.raises(ControlPlaneError) as caught:
        put(served, guard("wrong", **spec), "--dry-run=server")
    assert field in str(caught.value)


def test_an_inline_object_keeps_all_its_fields(served: ControlPlane) -> None:
    settings = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"key": "value"}}
    stored = put(served, guard("inline", source={"manifests": {"inline": [settings]}}))
    assert stored["spec"]["source"]["manifests"]["inline"] == [settings]


def test_namespaces_are_chosen_for_releases_only(served: ControlPlane) -> None:
    put(served, cluster_guard(namespaceSelector={"matchLabels": {"team": "shop"}}))
    wrong = cluster_guard("wrong", namespaceSelector={}, source={"chart": {"path": "/charts/web"}})
    with pytest.raises(ControlPlaneError, match=r"spec\.namespaceSelector"):
        put(served, wrong)


def test_the_columns_tell_how_a_guard_fares(served: ControlPlane) -> None:
    put(served, guard("shown", mode="remediate"))
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "Guarding",
        "message": "3 of 4 objects in sync",
        "lastTransitionTime": "2026-01-31T18:00:00Z",
    }
    status = {
        "observedGeneration": 1,
        "conditions": [ready],
        "counts": {"sources": 1, "objects": 4, "inSync": 3, "drifted": 1},
        "lastCheck": "2026-01-31T18:00:00Z",
    }
    path = "/apis/daytwo.dev/v1alpha1/namespaces/shop/driftguards/shown/status"
    served.request("PATCH", path, {"status": status}, content_type="application/merge-patch+json")
    head, row = served.kubectl("get", "dg", "shown", "-n", "shop").splitlines()
    assert head.split() == ["NAME", "READY", "MODE", "OBJECTS", "DRIFTED", "LAST-CHECK", "STATUS", "AGE"]
    assert row.split()[:5] == ["shown", "True", "remediate", "4", "1"]
    assert "3 of 4 objects in sync" in row


def test_a_status_with_an_unknown_condition_is_refused(served: ControlPlane) -> None:
    put(served, guard("strict"))
    path = "/apis/daytwo.dev/v1alpha1/namespaces/shop/driftguards/strict/status"
    wrong = {"status": {"conditions": [{"type": "Fine", "status": "True", "reason": "A", "lastTransitionTime": "x"}]}}
    with pytest.raises(ControlPlaneError, match=r"status\.conditions\[0\]\.type"):
        served.request("PATCH", path, wrong, content_type="application/merge-patch+json")


def test_a_report_is_stored_and_shown(served: ControlPlane) -> None:
    report = {
        "apiVersion": "daytwo.dev/v1alpha1",
        "kind": "DriftReport",
        "metadata": {"name": "shop-1", "namespace": "shop"},
        "report": {
            "guard": {"kind": "DriftGuard", "name": "shop"},
            "checkedAt": "2026-01-31T18:00:00Z",
            "sentence": "Drift: 1 missing; 3 of 4 objects in sync.",
            "summary": {"objects": 4, "inSync": 3, "missing": 1},
        },
    }
    put(served, report)
    head, row = served.kubectl("get", "dr", "shop-1", "-n", "shop").splitlines()
    assert head.split() == ["NAME", "GUARD", "OBJECTS", "DRIFTED", "MISSING", "CHECKED", "AGE"]
    assert row.split()[:5] == ["shop-1", "shop", "4", "0", "1"]


def test_all_of_ours_are_one_category(served: ControlPlane) -> None:
    put(served, guard("category"))
    assert "driftguard.daytwo.dev/category" in served.kubectl("get", "daytwo", "-n", "shop", "-o", "name")
