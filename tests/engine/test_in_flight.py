"""While Helm has a release in its hands nothing of it is written; what it left behind is shown, not guessed at."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from drift.core.assess import State
from drift.core.objects import ObjectRef
from drift.core.reasons import Reason
from drift.engine.records import Detected, Held, SourceChanged
from tests.controlplane import ControlPlane, Helm
from tests.controlplane.helm import HelmError
from tests.engine.charts import chart_of
from tests.engine.conftest import GuardMaker
from tests.engine.harness import Guard, delete, edit
from tests.waiting import until

COLOURS = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "web"},
    "data": {"colour": "{{ .Values.colour }}"},
}
WEB: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "web", "image": "example.invalid/web"}]},
        },
    },
}


@pytest.fixture
def settings(namespace: str) -> ObjectRef:
    return ObjectRef("", "ConfigMap", namespace, "web")


@pytest.fixture
def chart(folder: Path, helm: Helm, namespace: str) -> Path:
    """An installed chart with a Deployment that never becomes ready: nobody makes its pods."""
    chart = chart_of(folder, COLOURS, WEB, values={"colour": "blue"})
    helm.install("web", chart, namespace=namespace)
    return chart


def status(plane: ControlPlane, namespace: str, revision: int) -> str:
    """Status of a stored revision, as Helm labels it."""
    secrets = plane.request("GET", f"/api/v1/namespaces/{namespace}/secrets?labelSelector=version={revision}")["items"]
    return str(secrets[0]["metadata"]["labels"]["status"]) if secrets else ""


@contextmanager
def waiting_upgrade(plane: ControlPlane, helm: Helm, chart: Path, settings: ObjectRef) -> Iterator[None]:
    """`helm upgrade --wait` that has applied revision 2 and waits; killed in the end."""
    namespace = settings.namespace
    command = ("upgrade", "web", str(chart), "--set", "colour=green", "--wait", "--timeout", "5m")
    with helm.start(*command, namespace=namespace) as process:
        try:
            until("Helm has begun", lambda: status(plane, namespace, 2) == "pending-upgrade", seconds=30)
            path = f"/api/v1/namespaces/{namespace}/configmaps/web"
            until("Helm has applied", lambda: plane.request("GET", path)["data"]["colour"] == "green", seconds=30)
            yield
        finally:
            process.kill()


def wrecked(guard: Guard, settings: ObjectRef) -> None:
    """Add to one object of the release and delete the other; a change would stop Helm 4 by a conflict."""
    edit(guard.plane, settings, {"data": {"extra": "x"}})
    delete(guard.plane, ObjectRef("apps", "Deployment", settings.namespace, "web"))


def test_nothing_is_written_while_helm_waits_and_the_hold_is_shown(
    guard: GuardMaker, plane: ControlPlane, helm: Helm, chart: Path, settings: ObjectRef
) -> None:
    running = guard()
    mark = running.mark()
    with waiting_upgrade(plane, helm, chart, settings):
        wrecked(running, settings)
        held = mark.first(Held, settings)
        running.caught_up(settings)
    assert held.hold.reason is Reason.HELM_IN_FLIGHT
    assert "revision 2 is pending-upgrade" in held.hold.message
    report = running.report()
    assert {item.state for item in report.assessments} == {State.HELD}
    assert report.exit_code() == 1
    assert not mark.writes()

    # Helm was killed: only a person may end this, and then everything goes on by itself.
    mark = running.mark()
    helm.rollback("web", 1, namespace=settings.namespace)
    until("revision 3", lambda: [one for one in mark.of(SourceChanged) if not one.hold])
    mark.repaired(settings)
    assert running.live(settings)["data"] == {"colour": "blue"}
    assert running.report().sentence == "In sync: 2 objects."


def test_release_that_is_stuck_is_reported_with_the_way_out(
    guard: GuardMaker, plane: ControlPlane, helm: Helm, chart: Path, settings: ObjectRef
) -> None:
    namespace = settings.namespace
    with waiting_upgrade(plane, helm, chart, settings):
        pass
    running = guard(stuck_after=0.001)
    edit(plane, settings, {"data": {"colour": "red"}})
    running.caught_up(settings)
    assert running.ever.first(Held, settings).hold.reason is Reason.HELM_STUCK
    (hold,) = running.report().holds
    assert "stuck" in hold.message
    assert f"helm rollback web 1 -n {namespace}" in hold.message
    assert not running.writes()


@pytest.fixture
def failed(helm: Helm, chart: Path, namespace: str) -> None:
    """Revision 2 of the release failed, and its objects are those of revision 2."""
    with pytest.raises(HelmError, match="ended with 1"):
        helm.upgrade("web", chart, "--set", "colour=green", "--wait", "--timeout", "2s", namespace=namespace)


@pytest.mark.usefixtures("failed")
def test_failed_upgrade_is_held(guard: GuardMaker, settings: ObjectRef) -> None:
    running = guard()
    assert running.live(settings)["data"] == {"colour": "green"}
    mark = running.mark()
    delete(running.plane, settings)
    mark.first(Detected, settings)
    assert running.ever.first(Held, settings).hold.reason is Reason.HELM_FAILED
    assert running.report().exit_code() == 1
    assert not running.writes()


@pytest.mark.usefixtures("failed")
def test_failed_upgrade_is_repaired_to_what_was_deployed_if_asked(
    guard: GuardMaker, helm: Helm, chart: Path, settings: ObjectRef
) -> None:
    running = guard(on_failed="deployed")
    until("revision 1 is back", lambda: running.live(settings)["data"] == {"colour": "blue"})
    running.quiet()
    assert [write.name for write in running.writes()] == ["web"]
    assert running.report().sentence == "In sync: 2 objects."
    helm.upgrade("web", chart, "--set", "colour=yellow", namespace=settings.namespace)
    assert running.live(settings)["data"] == {"colour": "yellow"}
