"""The budget of a policy counts what is under way, not only what is done."""

from pathlib import Path

from drift.core.objects import ObjectRef
from drift.core.reasons import Reason
from drift.engine.records import Held, Repaired
from tests.controlplane import ControlPlane
from tests.engine.conftest import GuardMaker
from tests.waiting import until


def test_many_deletions_at_once_do_not_outrun_the_budget(
    guard: GuardMaker, plane: ControlPlane, namespace: str, tmp_path: Path
) -> None:
    refs = [ObjectRef("", "ConfigMap", namespace, f"c{number}") for number in range(8)]
    manifests = [
        f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {ref.name}, labels: {{set: a}}}}\ndata: {{a: b}}\n"
        for ref in refs
    ]
    (tmp_path / "all.yaml").write_text("---\n".join(manifests))
    (tmp_path / "policy.yaml").write_text("limits: {per_minute: 3}\n")
    plane.kubectl("apply", "--server-side", "-n", namespace, "-f", str(tmp_path / "all.yaml"))
    policy = str(tmp_path / "policy.yaml")
    running = guard(helm=False, filename=(str(tmp_path / "all.yaml"),), policy=policy)
    mark = running.mark()
    plane.request("DELETE", f"/api/v1/namespaces/{namespace}/configmaps?labelSelector=set%3Da")
    until("all were looked at", lambda: len(mark.of(Held)) + len(mark.of(Repaired)) >= len(refs))
    assert len(mark.of(Repaired)) == 3
    assert {held.hold.reason for held in mark.of(Held)} == {Reason.BUDGET_EXHAUSTED}
