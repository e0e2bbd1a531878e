"""`drift run --guard`: a guard does as a file what it would do as a custom resource."""

import json
import signal
from pathlib import Path

from drift.core.objects import ObjectRef
from tests.controller.guards import cluster_guard, guard
from tests.controlplane import ControlPlane
from tests.demo.guard import Guard
from tests.engine.harness import live
from tests.waiting import until

SETTINGS = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"mode": "fast"}}


def test_inline_manifests_are_kept_and_the_log_says_what_is_not_heeded(
    plane: ControlPlane, namespace: str, tmp_path: Path
) -> None:
    ref = ObjectRef("", "ConfigMap", namespace, "settings")
    file = tmp_path / "guard.json"
    file.write_text(
        json.dumps(
            guard(
                "kept",
                namespace,
                mode="remediate",
                source={"manifests": {"inline": [SETTINGS]}},
                serviceAccountName="someone",
            )
        )
    )
    with Guard(plane.admin_kubeconfig, "--guard", str(file)) as running:
        running.wait_until_ready()
        until("the object is made", lambda: live(plane, ref))
        assert [line["mode"] for line in running.lines() if line["event"] == "started"] == ["remediate"]
        assert any("serviceAccountName" in str(line.get("field")) for line in running.lines())
        plane.request("DELETE", f"/api/v1/namespaces/{namespace}/configmaps/settings")
        until("the object is made again", lambda: live(plane, ref))
    assert running.exit_code == 0


def test_a_cluster_guard_minds_chosen_namespaces_only_and_mode_may_be_lowered(
    plane: ControlPlane, namespace: str, tmp_path: Path
) -> None:
    file = tmp_path / "guard.json"
    body = cluster_guard(mode="remediate", namespaceSelector={"matchLabels": {"guarded": namespace}})
    file.write_text(json.dumps(body))
    with Guard(plane.admin_kubeconfig, "--guard", str(file), "--mode", "observe") as running:
        running.wait_until_ready()  # no namespace is chosen yet
        assert [line["mode"] for line in running.lines() if line["event"] == "started"] == ["observe"]
    assert running.exit_code in {0, -signal.SIGTERM}


def test_a_config_map_of_the_guard_s_namespace_is_followed(plane: ControlPlane, namespace: str, tmp_path: Path) -> None:
    ref = ObjectRef("", "ConfigMap", namespace, "settings")
    holder = {"metadata": {"name": "app"}, "data": {"app.yaml": json.dumps(SETTINGS)}}
    plane.request("POST", f"/api/v1/namespaces/{namespace}/configmaps", holder)
    file = tmp_path / "guard.json"
    source = {"manifests": {"configMapRef": {"name": "app"}}}
    file.write_text(json.dumps(guard("kept", namespace, mode="remediate", source=source)))
    with Guard(plane.admin_kubeconfig, "--guard", str(file)) as running:
        running.wait_until_ready()
        until("the object is made", lambda: live(plane, ref))
        changed = json.dumps({**SETTINGS, "data": {"mode": "slow"}})
        plane.request(
            "PATCH",
            f"/api/v1/namespaces/{namespace}/configmaps/app",
            {"data": {"app.yaml": changed}},
            content_type="application/merge-patch+json",
        )
        until("the change is carried out", lambda: live(plane, ref)["data"] == {"mode": "slow"})
