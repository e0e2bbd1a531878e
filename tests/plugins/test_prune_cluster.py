"""Prune with a real Helm: what an upgrade dropped and somebody put back goes, and nothing else ever does."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from drift.core.objects import ObjectRef
from drift.core.rules import DEFAULT_RULES, Rule
from drift.engine.records import Acted, Held
from tests.cli.conftest import Run
from tests.cli.conftest import run as run  # noqa: PLC0414 - a fixture
from tests.controlplane import ControlPlane, Helm
from tests.engine.charts import chart_of
from tests.engine.conftest import guard as guard  # noqa: PLC0414 - a fixture
from tests.engine.conftest import helm as helm  # noqa: PLC0414 - a fixture
from tests.engine.harness import Guard, path_of
from tests.waiting import until

CONFIRMED = Rule(strategy="prune", kinds=("ConfigMap", "Secret"), settings={"confirm": True})
BY_NAME = Rule(strategy="prune", kinds=("Secret",), names=("old",))


def body(kind: str, name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, "data": {"colour": "Ymx1ZQ=="}}


@pytest.fixture
def put_back(plane: ControlPlane, namespace: str, helm: Helm, tmp_path: Path) -> Callable[[str], ObjectRef]:
    """A release whose upgrade dropped an object of this kind, which somebody made again from a backup."""

    def make(kind: str) -> ObjectRef:
        ref = ObjectRef("", kind, namespace, "old")
        both = chart_of(tmp_path / "one", body("ConfigMap", "web"), body(kind, "old"))
        helm.install("web", both, namespace=namespace)
        backup = plane.request("GET", path_of(ref))
        helm.upgrade("web", chart_of(tmp_path / "two", body("ConfigMap", "web")), namespace=namespace)
        kept = {key: backup["metadata"][key] for key in ("name", "labels", "annotations")}
        plane.request("POST", path_of(ref).rpartition("/")[0], {**backup, "metadata": kept})
        return ref

    return make


@pytest.mark.parametrize(("kind", "rule"), [("ConfigMap", CONFIRMED), ("Secret", BY_NAME)])
def test_what_was_dropped_goes_where_a_rule_consents(
    guard: Callable[..., Guard], put_back: Callable[[str], ObjectRef], kind: str, rule: Rule
) -> None:
    ref = put_back(kind)
    running = guard(rules=(rule, *DEFAULT_RULES))
    until("it is gone", lambda: running.live(ref) is None)
    running.quiet()
    acted = [record for record in running.records if isinstance(record, Acted)]
    assert [(record.strategy, record.deleted, record.assessment.ref) for record in acted] == [("prune", True, ref)]
    assert [(one.verb, one.name) for one in running.writes()] == [("delete", "old")]
    assert running.live(ObjectRef("", "ConfigMap", ref.namespace, "web"))


@pytest.mark.parametrize(
    ("kind", "rules"),
    [
        ("Secret", (CONFIRMED, *DEFAULT_RULES)),
        ("ConfigMap", (Rule(strategy="prune"), *DEFAULT_RULES)),
        ("ConfigMap", (Rule(strategy="prune", kinds=("*",), settings={"confirm": True}), *DEFAULT_RULES)),
    ],
)
def test_without_consent_it_is_held(
    guard: Callable[..., Guard], put_back: Callable[[str], ObjectRef], kind: str, rules: tuple[Rule, ...]
) -> None:
    ref = put_back(kind)
    running = guard(rules=rules)
    holds = [one.hold.reason for one in running.records if isinstance(one, Held) and one.assessment.ref == ref]
    assert holds == ["NotPermittedByRule"]
    assert running.live(ref)
    assert not running.writes()


def test_the_default_rules_leave_it_alone(guard: Callable[..., Guard], put_back: Callable[[str], ObjectRef]) -> None:
    ref = put_back("ConfigMap")
    running = guard()
    assert running.live(ref)
    assert not running.writes()


def test_remediate_prunes_and_says_so(
    plane: ControlPlane, put_back: Callable[[str], ObjectRef], run: Run, tmp_path: Path
) -> None:
    ref = put_back("ConfigMap")
    rules = tmp_path / "rules.yaml"
    rules.write_text("[{strategy: prune, kinds: [ConfigMap], names: [old]}]")
    given = ["--release", "web", "-n", ref.namespace, "--rules", str(rules)]
    where = ["--kubeconfig", str(plane.admin_kubeconfig)]
    shown = run("remediate", *given, *where, "--plan")
    assert f"plan: delete ConfigMap {ref.namespace}/old" in shown.stdout
    assert shown.exit_code == 1
    done = run("remediate", *given, *where, "--yes")
    assert (
        f"ConfigMap {ref.namespace}/old: deleted by prune: helm:{ref.namespace}/web declares it no more" in done.stdout
    )
    assert done.exit_code == 0
    assert run("remediate", *given, *where, "--yes").stdout.startswith("In sync: ")
