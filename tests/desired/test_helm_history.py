"""Which revision of a release is desired, and when it is held."""

import pytest

from desired.helm_history import OnFailed, Policy, RevisionInfo, Verdict, desired_of, judge
from desired.helm_payload import Release, decode_release
from drift.core.reasons import Reason
from drift.source import DesiredState, Removed
from tests.desired.fakes import config_map, payload

NOW = 10_000.0


def history(*statuses: str, since: float = NOW - 60, on_failed: OnFailed = "hold") -> Verdict:
    infos = [RevisionInfo(number, status, since) for number, status in enumerate(statuses, 1) if status]
    return judge(infos, name="web -n shop", now=NOW, policy=Policy(on_failed=on_failed))


@pytest.mark.parametrize(
    ("statuses", "deployed", "former"),
    [
        (("deployed",), 1, 0),
        (("superseded", "superseded", "deployed"), 3, 2),
        (("superseded", "failed", "deployed"), 3, 1),
        (("", "failed", "deployed"), 3, 2),
        (("deployed", "deployed"), 2, 1),
    ],
)
def test_the_newest_deployed_revision_is_desired(statuses: tuple[str, ...], deployed: int, former: int) -> None:
    verdict = history(*statuses)
    assert (verdict.deployed, verdict.former, verdict.hold) == (deployed, former, None)


@pytest.mark.parametrize("status", ["pending-install", "pending-upgrade", "pending-rollback", "uninstalling"])
def test_an_operation_in_flight_holds_and_then_is_stuck(status: str) -> None:
    verdict = history("deployed", status)
    assert verdict.hold is not None
    assert verdict.hold.reason is Reason.HELM_IN_FLIGHT
    assert f"release web -n shop: revision 2 is {status} since 1970-01-01T02:45:40Z" in verdict.hold.message
    assert verdict.deployed == 1
    assert verdict.changes_at == NOW - 60 + 900
    stuck = history("deployed", status, since=NOW - 1000)
    assert stuck.hold is not None
    assert stuck.hold.reason is Reason.HELM_STUCK
    command = "helm uninstall web -n shop" if status == "uninstalling" else "helm rollback web 1 -n shop"
    assert stuck.hold.message.endswith(command)
    assert stuck.changes_at is None


def test_a_failed_upgrade_holds_unless_told_otherwise() -> None:
    verdict = history("deployed", "failed")
    assert verdict.hold is not None
    assert verdict.hold.reason is Reason.HELM_FAILED
    assert "helm rollback web 1 -n shop" in verdict.hold.message
    assert history("deployed", "failed", on_failed="deployed").hold is None
    assert history("deployed", "failed", "pending-upgrade", on_failed="deployed").hold is not None
    first = history("failed", on_failed="deployed")
    assert first.hold is not None
    assert first.hold.reason is Reason.HELM_FAILED


def test_uninstalled_and_unknown() -> None:
    assert history("superseded", "uninstalled").removed
    assert judge([], name="web", now=NOW, policy=Policy()).removed
    verdict = history("superseded")
    assert verdict.hold is not None
    assert verdict.hold.reason is Reason.STATE_UNKNOWN


def release(version: int, status: str, **fields: object) -> Release:
    return decode_release(payload("web", version, status, **fields))


def test_desired_is_the_manifest_with_what_helm_adds() -> None:
    extra = "  labels: {app.kubernetes.io/managed-by: me, a: null}\n"
    manifest = config_map("web", extra=extra) + (
        "---\n# Source: app/templates/test.yaml\napiVersion: v1\nkind: Pod\nmetadata:\n  name: t\n"
        "  annotations: {helm.sh/hook: test}\n"
    )
    state = desired_of([release(1, "superseded"), release(2, "deployed", manifest=manifest)], now=NOW)
    assert isinstance(state, DesiredState)
    assert (state.source, state.sequence, state.manager) == ("helm:shop/web", 2, "daytwo")
    assert state.revision.startswith("v2-")
    (found,) = state.manifests
    assert found.body["metadata"] == {
        "name": "web",
        "namespace": "shop",
        "labels": {"app.kubernetes.io/managed-by": "Helm", "a": ""},
        "annotations": {"meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": "shop"},
    }
    assert found.ref.namespace == "shop"
    assert (found.provenance.file, found.provenance.line) == ("app/templates/web.yaml", 3)
    assert [former.body["data"] for former in state.former] == [{"k": "1"}]


def test_helm_4_objects_are_repaired_as_helm() -> None:
    state = desired_of([release(1, "deployed", apply_method="ssa")], now=NOW)
    assert isinstance(state, DesiredState)
    assert state.manager == "helm"


def test_nothing_deployed_means_nothing_desired_and_held() -> None:
    state = desired_of([release(1, "pending-install")], now=NOW)
    assert isinstance(state, DesiredState)
    assert state.manifests == ()
    assert state.hold is not None
    assert isinstance(desired_of([release(1, "uninstalled")], now=NOW), Removed)


def test_a_document_that_cannot_be_read_hides_no_other_and_equal_keys_are_what_helm_applied() -> None:
    manifest = config_map("web") + "---\na: [\n" + config_map("two").replace("  k: '1'", "  k: '1'\n  k: '2'")
    state = desired_of([release(1, "deployed", manifest=manifest)], now=NOW)
    assert isinstance(state, DesiredState)
    assert [one.ref.name for one in state.manifests] == ["web", "two"]
    assert state.manifests[1].body["data"] == {"k": "2"}
    assert len(state.problems) == 1
    assert state.problems[0].message.startswith("release shop/web v1: document 2")
    assert state.hold is None
