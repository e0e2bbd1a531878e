"""The strategies on a real API server: what is written, what is not, and what people are told."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from drift.cli.options import Target
from drift.core.assess import State
from drift.core.marks import DRIFT_MARK
from drift.core.objects import ObjectRef
from drift.core.rules import DEFAULT_RULES, Rule
from drift.engine.records import Acted, Failed, Held, Proposed, Repaired, Resolved
from tests.cli.conftest import Run
from tests.cli.conftest import run as run  # noqa: PLC0414 - a fixture
from tests.controlplane import ControlPlane
from tests.engine.harness import Guard, delete, edit, path_of
from tests.ledger import Ledger
from tests.waiting import until

MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}, "data": {"colour": "blue"}}
Start = Callable[..., Guard]


@pytest.fixture
def start(plane: ControlPlane, ledger: Ledger, namespace: str, tmp_path: Path) -> Iterator[Start]:
    """Guard these bodies; those that do not exist are made first."""
    with ExitStack() as guards:

        def begin(*bodies: Any, rules: tuple[Rule, ...], made: bool = True, **target: Any) -> Guard:
            path = tmp_path / "desired.yaml"
            path.write_text(yaml.safe_dump_all(bodies))
            if made:
                plane.kubectl("-n", namespace, "apply", "--server-side", "--field-manager=daytwo", "-f", str(path))
            wanted = Target(namespace=namespace, filename=(str(path),), **target)
            return guards.enter_context(Guard(plane, ledger, wanted, rules=rules))

        yield begin


def ref(namespace: str, kind: str = "ConfigMap", group: str = "", name: str = "web") -> ObjectRef:
    return ObjectRef(group, kind, namespace, name)


def deployment(**spec: Any) -> Any:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "nginx:1"}]}}
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}, "template": template, **spec}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


def binding(role: str) -> Any:
    group = "rbac.authorization.k8s.io"
    subject = {"kind": "ServiceAccount", "name": "web", "namespace": "default"}
    return {
        "apiVersion": f"{group}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "web"},
        "roleRef": {"apiGroup": group, "kind": "Role", "name": role},
        "subjects": [subject],
    }


IMMUTABLE = {
    "config map": ({**MAP, "immutable": True}, {**MAP, "immutable": True, "data": {"colour": "red"}}),
    "role of a binding": (binding("reader"), binding("admin")),
}


@pytest.mark.parametrize("case", IMMUTABLE)
def test_replace_by_name_deletes_what_cannot_be_changed_and_makes_it_again(
    plane: ControlPlane, namespace: str, start: Start, case: str
) -> None:
    wanted, other = IMMUTABLE[case]
    this = ref(namespace, wanted["kind"], wanted["apiVersion"].rpartition("/")[0])
    before = plane.request("POST", path_of(this).rpartition("/")[0], other)
    guard = start(wanted, rules=(Rule(strategy="replace", kinds=(this.kind,), names=("web",)),), made=False)
    until("it was made again", lambda: (guard.live(this) or before)["metadata"]["uid"] != before["metadata"]["uid"])
    guard.caught_up(this)
    acted = [record for record in guard.records if isinstance(record, Acted)]
    assert [(record.strategy, record.deleted) for record in acted] == [("replace", True)]
    live = guard.live(this)
    assert {key: live.get(key) for key in ("data", "roleRef")} == {key: wanted.get(key) for key in ("data", "roleRef")}
    writes = [one for one in guard.writes() if one.name == "web"]
    assert [one.verb for one in writes][-2:] == ["delete", "patch"]
    assert len(writes) <= 4  # apply, its fallback, and the replacement
    assert len([record for record in guard.records if isinstance(record, Repaired)]) == 1


def test_replace_without_a_name_deletes_nothing_and_says_why(plane: ControlPlane, namespace: str, start: Start) -> None:
    wanted, other = IMMUTABLE["config map"]
    before = plane.request("POST", path_of(ref(namespace)).rpartition("/")[0], other)
    guard = start(wanted, rules=(Rule(strategy="replace", kinds=("ConfigMap",), names=("*",)),), made=False)
    (held,) = [record for record in guard.records if isinstance(record, Held)]
    assert held.hold.reason == "NotPermittedByRule"
    assert "names this object by kind and name" in held.hold.message
    assert not guard.writes()
    assert guard.live(ref(namespace))["metadata"]["uid"] == before["metadata"]["uid"]


def test_annotate_marks_once_and_the_mark_goes_with_the_drift(namespace: str, start: Start) -> None:
    guard = start(deployment(), rules=(Rule(strategy="annotate"),))
    this, mark = ref(namespace, "Deployment", "apps"), guard.mark()
    edit(guard.plane, this, {"spec": {"replicas": 5}})
    assert mark.first(Acted, this).what == f"mark the object by the annotation {DRIFT_MARK}"
    guard.caught_up(this)
    live = guard.live(this)
    assert live["metadata"]["annotations"][DRIFT_MARK] == "spec.replicas 1 -> 5"
    assert live["spec"]["replicas"] == 5
    assert len(mark.writes()) == 1
    assert not mark.of(Repaired)
    assert guard.engine.reconciler.memory(this).state is State.DRIFTED
    mark = guard.mark()
    edit(guard.plane, this, {"spec": {"replicas": 1}})
    until("the mark is gone", lambda: DRIFT_MARK not in guard.live(this)["metadata"].get("annotations", {}))
    guard.caught_up(this)
    assert mark.first(Resolved, this)
    assert len(mark.writes()) == 1
    assert guard.report().clean
    managers = {entry["manager"] for entry in guard.live(this)["metadata"]["managedFields"]}
    assert "daytwo-mark" not in managers


def test_a_mark_goes_after_a_repair_by_another_rule(plane: ControlPlane, namespace: str, start: Start) -> None:
    guard = start(MAP, rules=(Rule(strategy="annotate"),))
    this, mark = ref(namespace), guard.mark()
    edit(plane, this, {"data": {"colour": "red"}})
    mark.first(Acted, this)
    with Guard(plane, guard._ledger, guard.target, user="reverter") as other:
        until("it is blue", lambda: other.live(this)["data"] == {"colour": "blue"})
        until("the mark is gone", lambda: DRIFT_MARK not in other.live(this)["metadata"].get("annotations", {}))


def test_approve_waits_for_a_person(namespace: str, start: Start, run: Run) -> None:
    guard = start(MAP, rules=(Rule(strategy="approve"),))
    this, mark = ref(namespace), guard.mark()
    edit(guard.plane, this, {"data": {"colour": "red"}})
    assert mark.first(Held, this).hold.reason == "WaitingForApproval"
    assert not mark.writes()
    result = run(
        "approve", "configmap/web", "-n", namespace, "-f", guard.target.filename[0],
        "--kubeconfig", str(guard.plane.admin_kubeconfig),
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    mark.repaired(this)
    assert guard.live(this)["data"] == {"colour": "blue"}


def test_adopt_tells_a_patch_once_and_writes_nothing(namespace: str, start: Start) -> None:
    guard = start(MAP, rules=(Rule(strategy="adopt"),))
    this, mark = ref(namespace), guard.mark()
    edit(guard.plane, this, {"data": {"colour": "red"}})
    (artifact,) = mark.first(Proposed, this).artifacts
    assert yaml.safe_load(artifact)["data"] == {"colour": "red"}
    edit(guard.plane, this, {"metadata": {"annotations": {"x": "y"}}})
    guard.caught_up(this)
    assert len(mark.of(Proposed, this)) == 1
    assert not mark.writes()


def test_rollout_waits_for_the_budget(plane: ControlPlane, namespace: str, start: Start) -> None:
    budgets = f"/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets"
    selector = {"matchLabels": {"app": "web"}}
    plane.request("POST", budgets, {"metadata": {"name": "strict"}, "spec": {"minAvailable": 1, "selector": selector}})
    guard = start(deployment(), rules=(Rule(strategy="rollout"),))
    this, mark = ref(namespace, "Deployment", "apps"), guard.mark()
    edit(plane, this, {"spec": {"replicas": 3}})
    hold = mark.first(Held, this).hold
    assert (hold.reason, hold.message) == ("Blocked", "PodDisruptionBudget strict has not been counted yet")
    status = {
        "disruptionsAllowed": 1,
        "currentHealthy": 2,
        "desiredHealthy": 1,
        "expectedPods": 2,
        "observedGeneration": 1,
    }
    patch = {"status": status}
    plane.request("PATCH", f"{budgets}/strict/status", patch, content_type="application/merge-patch+json")
    mark.first(Repaired, this, seconds=30.0)
    assert guard.live(this)["spec"]["replicas"] == 1


def test_what_one_rule_leaves_alone_stays_drifted_after_the_other_repaired(namespace: str, start: Start) -> None:
    rules = (Rule(strategy="observe", paths=("/spec/replicas",)), *DEFAULT_RULES)
    guard = start(deployment(), rules=rules)
    this, mark = ref(namespace, "Deployment", "apps"), guard.mark()
    change = {"spec": {"replicas": 5, "template": {"metadata": {"labels": {"app": "web", "x": "y"}}}}}
    edit(guard.plane, this, change)
    mark.repaired(this)
    live = guard.live(this)
    assert live["spec"]["replicas"] == 5
    assert live["spec"]["template"]["metadata"]["labels"] == {"app": "web"}
    assert guard.engine.reconciler.memory(this).state is State.DRIFTED
    assert [item.path for one in guard.report().assessments for item in one.differences] == ["/spec/replicas"]
    assert len(mark.writes()) <= 2


@contextmanager
def hook(answer: Callable[[Any], Any]) -> Iterator[tuple[str, list[Any]]]:
    """An endpoint in a thread; yields its address and the questions it got."""
    asked: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append(question)
            body = json.dumps(answer(question)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


def named(number: int) -> Any:
    return {**MAP, "metadata": {"name": f"web-{number}"}}


def test_a_slow_hook_delays_only_its_own_objects(namespace: str, start: Start) -> None:
    release = threading.Event()

    def answer(question: Any) -> Any:
        release.wait(20)
        return {"action": "revert", "reason": f"{question['ref']['name']} must be blue"}

    with hook(answer) as (url, asked):
        slow = Rule(strategy="hook", names=("web-*",), settings={"url": url, "timeout": 30.0})
        guard = start(MAP, *(named(number) for number in range(20)), rules=(slow, *DEFAULT_RULES))
        mark = guard.mark()
        for number in range(20):
            edit(guard.plane, ref(namespace, name=f"web-{number}"), {"data": {"colour": "red"}})
        until("questions are under way", lambda: len(asked) >= 8)
        edit(guard.plane, ref(namespace), {"data": {"colour": "red"}})
        assert mark.first(Repaired, ref(namespace), seconds=5.0).seconds < 2.0
        assert len(asked) == 8
        release.set()
        for number in range(20):
            mark.first(Repaired, ref(namespace, name=f"web-{number}"), seconds=30.0)
    assert sorted({question["ref"]["name"] for question in asked}) == sorted(f"web-{n}" for n in range(20))


@pytest.mark.parametrize("answer", [{"action": "delete", "reason": "x"}, [], {"action": "patch", "reason": "x"}])
def test_a_hook_that_answers_nonsense_writes_nothing(namespace: str, start: Start, answer: Any) -> None:
    with hook(lambda _: answer) as (url, _):
        guard = start(MAP, rules=(Rule(strategy="hook", settings={"url": url}),))
        mark = guard.mark()
        edit(guard.plane, ref(namespace), {"data": {"colour": "red"}})
        assert mark.first(Held, ref(namespace)).hold.reason in {"PluginFailed", "Blocked"}
        until("the failure is told", lambda: "PluginFailed" in [one.hold.reason for one in mark.of(Held)])
        assert not mark.writes()


def test_a_hook_may_patch_what_it_was_shown(namespace: str, start: Start) -> None:
    operations = [{"op": "replace", "path": "/data/colour", "value": "blue"}]
    with hook(lambda _: {"action": "patch", "reason": "blue it is", "operations": operations}) as (url, asked):
        guard = start(MAP, rules=(Rule(strategy="hook", settings={"url": url}),))
        mark = guard.mark()
        edit(guard.plane, ref(namespace), {"data": {"colour": "red"}})
        assert mark.first(Acted, ref(namespace)).what == "patch (hook: blue it is)"
        mark.first(Resolved, ref(namespace))
        assert guard.live(ref(namespace))["data"] == {"colour": "blue"}
        assert [one["path"] for one in asked[0]["differences"]] == ["/data/colour"]


PLUGINS = {
    "raises": "raise ValueError('hunter2')",
    "loops": "while True: pass",
    "fits": "from drift.strategy import revert\n        return revert(context)",
}


def write_plugins(folder: Path) -> str:
    for name, act in PLUGINS.items():
        (folder / f"{name}.py").write_text(
            "from drift.strategy import PROTOCOL_VERSION, NoSettings\n\n\n"
            f"class It:\n    name = {name!r}\n    protocol = PROTOCOL_VERSION\n    Settings = NoSettings\n\n"
            f"    def plan(self, context, settings):\n        {act}\n"
        )
    (folder / "broken.py").write_text("import no_such_module\n")
    return str(folder)


def test_bad_plugins_harm_only_their_objects(namespace: str, start: Start, tmp_path: Path) -> None:
    names = ["broken", "raises", "loops", "fits"]
    rules = tuple(Rule(strategy=name, names=(name,)) for name in names)
    bodies = [{**MAP, "metadata": {"name": name}} for name in [*names, "web"]]
    guard = start(*bodies, rules=(*rules, *DEFAULT_RULES), plugins=write_plugins(tmp_path))
    mark = guard.mark()
    for name in [*names, "web"]:
        edit(guard.plane, ref(namespace, name=name), {"data": {"colour": "red"}})
    assert mark.first(Repaired, ref(namespace)).seconds < 2.0
    mark.first(Repaired, ref(namespace, name="fits"))
    messages = {name: mark.first(Held, ref(namespace, name=name)).hold.message for name in names[:3]}
    assert f"strategy broken ({tmp_path}/broken.py): cannot be imported: ModuleNotFoundError" in messages["broken"]
    assert messages["raises"] == "strategy raises failed: ValueError"
    assert messages["loops"] == "strategy loops took longer than 5 s"
    assert not mark.of(Failed)


def remediate(run: Run, plane: ControlPlane, namespace: str, folder: Path, rules: Any, *more: str) -> Any:
    (folder / "rules.yaml").write_text(yaml.safe_dump(rules))
    (folder / "app.yaml").write_text(yaml.safe_dump(MAP))
    given = ("-f", str(folder / "app.yaml"), "-n", namespace, "--kubeconfig", str(plane.admin_kubeconfig))
    return run("remediate", *given, "--rules", str(folder / "rules.yaml"), *more)


def test_remediate_uses_a_file_of_a_folder(plane: ControlPlane, namespace: str, run: Run, tmp_path: Path) -> None:
    plane.kubectl("-n", namespace, "create", "configmap", "web", "--from-literal=colour=red")
    folder = write_plugins(tmp_path)
    result = remediate(run, plane, namespace, tmp_path, [{"strategy": "fits"}], "--plugins", folder, "--yes")
    assert result.exit_code == 0, result.output
    assert f"ConfigMap {namespace}/web: restored in " in result.stdout
    result = remediate(run, plane, namespace, tmp_path, [{"strategy": "raises"}], "--plugins", folder, "--yes")
    assert result.exit_code == 0
    plane.kubectl("-n", namespace, "patch", "configmap", "web", "-p", '{"data": {"colour": "red"}}')
    result = remediate(run, plane, namespace, tmp_path, [{"strategy": "raises"}], "--plugins", folder, "--yes")
    assert result.exit_code == 1
    assert "held (PluginFailed): strategy raises failed: ValueError" in result.stdout
    assert "hunter2" not in result.output


def test_remediate_plan_prints_the_patch_to_adopt(
    plane: ControlPlane, namespace: str, run: Run, tmp_path: Path
) -> None:
    plane.kubectl("-n", namespace, "create", "configmap", "web", "--from-literal=colour=red")
    result = remediate(run, plane, namespace, tmp_path, [{"strategy": "adopt"}], "--plan")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("    # ConfigMap"))
    patch = yaml.safe_load("\n".join(line for line in lines[start:] if line.startswith("    ")))
    assert patch["data"] == {"colour": "red"}


def test_remediate_replaces_by_name_in_one_go(plane: ControlPlane, namespace: str, run: Run, tmp_path: Path) -> None:
    other = {**MAP, "immutable": True, "data": {"colour": "red"}}
    plane.request("POST", f"/api/v1/namespaces/{namespace}/configmaps", other)
    rules = [{"strategy": "replace", "kinds": ["ConfigMap"], "names": ["web"]}]
    shown = remediate(run, plane, namespace, tmp_path, rules, "--plan")
    assert f"plan: if a field cannot be changed: delete ConfigMap {namespace}/web" in shown.stdout
    result = remediate(run, plane, namespace, tmp_path, rules, "--yes")
    assert result.exit_code == 0, result.output
    assert f"ConfigMap {namespace}/web: deleted by replace: " in result.stdout
    assert plane.request("GET", path_of(ref(namespace)))["data"] == {"colour": "blue"}
    delete(plane, ref(namespace))
