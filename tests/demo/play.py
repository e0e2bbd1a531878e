"""The plot: install, guard, break, watch it heal, upgrade, report."""

import contextlib
import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from tests.controlplane import ControlPlane, Helm, find_tools
from tests.demo import guard
from tests.demo.acts import ACTS, COLLECTIONS, KINDS, NAMESPACE, RELEASE, Act
from tests.demo.guard import Guard, Line
from tests.demo.screen import Screen
from tests.demo.witness import Body, Key, Seen, Witness

CHART = Path(__file__).with_name("chart")
DEADLINE = 10.0  # seconds for one repair
_UNTOUCHED = 1.0  # seconds in which nobody may undo a change that drift must leave alone
_SCOPE = ("--helm", "-n", NAMESPACE)
_NOBODY = "is missing (Kubernetes does not record who deletes)"


class Play:
    """One performance on a running control plane."""

    def __init__(self, plane: ControlPlane, screen: Screen) -> None:
        self._plane = plane
        self._screen = screen
        self._helm = Helm(find_tools() / "helm4", plane.admin_kubeconfig)
        self._repairs: list[float] = []
        self.failures: list[str] = []

    def install(self) -> None:
        """Day 1."""
        self._helm.install(RELEASE, CHART, "--create-namespace", namespace=NAMESPACE)
        version = self._helm.run("version", "--template", "{{.Version}}")
        self._screen.step(f"Helm {version} installed release {RELEASE} in namespace {NAMESPACE}")

    @contextlib.contextmanager
    def guarded(self) -> Iterator[tuple[Witness, Guard]]:
        """Day 2: drift guards, and a witness looks on."""
        arguments = ("--mode", "remediate", *_SCOPE)
        with Witness(self._plane, COLLECTIONS) as witness, Guard(self._plane.admin_kubeconfig, *arguments) as drift:
            drift.wait_until_ready()
            self._screen.step(f"drift run {shlex.join(arguments)}: ready")
            yield witness, drift
            drift.stop()
            self._check(drift.exit_code == 0, f"drift run ended with exit code {drift.exit_code}")

    def break_everything(self, witness: Witness, drift: Guard) -> None:
        """3 a.m."""
        self._screen.line("\nmilliseconds: from the change to the repair, both as an independent watch saw them")
        for number, act in enumerate(ACTS, 1):
            before = self._baseline(witness, act.key)
            mark, told = witness.mark(), drift.mark()
            self._screen.command(number, "operator", act.shown)
            self._run(act)
            if act.drifts:
                self._told(act, drift, told)
                self._repaired(act, witness, mark, before)
            else:
                self._left_alone(act, witness, mark)
        if self._repairs:
            text = f"{len(self._repairs)} changes, {len(self._repairs)} repairs, median {median(self._repairs):.0f} ms"
            self._screen.line("\n" + text)

    def _baseline(self, witness: Witness, key: Key) -> Body | None:
        witness.wait(0, key, lambda _: True, DEADLINE)
        newest = witness.newest(key)
        return newest.content if newest else None

    def _run(self, act: Act) -> None:
        if act.editor:
            os.environ["KUBE_EDITOR"] = act.editor
        self._plane.kubectl(*act.arguments)

    def _told(self, act: Act, drift: Guard, mark: int) -> None:
        """Print what drift saw, by its own log."""
        name = f"{KINDS[act.plural]} {NAMESPACE}/{RELEASE}"
        line = drift.wait(mark, lambda line: (line["event"], line.get("object")) == ("detected", name), DEADLINE)
        self._check(line is not None, f"drift did not notice: {act.shown}")
        for text in _words(line or {}):
            self._screen.fact("drift saw", text, "yellow")

    def _repaired(self, act: Act, witness: Witness, mark: int, before: Body | None) -> None:
        change = witness.wait(mark, act.key, lambda seen: seen.content != before, DEADLINE)
        repair = self._after(change, witness, mark, act.key, before)
        if change is None or repair is None:
            self._screen.fact("NOT", f"repaired within {DEADLINE:.0f} s", "red")
            self.failures.append(f"not repaired: {act.shown}")
            return
        milliseconds = (repair.at - change.at) * 1000
        self._repairs.append(milliseconds)
        how = "created again, with what it had" if change.type == "DELETED" else "exactly as before"
        self._screen.fact("repaired", f"in {milliseconds:.0f} ms, {how}", "green")

    def _after(self, change: Seen | None, witness: Witness, mark: int, key: Key, before: Body | None) -> Seen | None:
        if change is None:
            return None
        return witness.wait(mark, key, lambda seen: seen.at > change.at and seen.content == before, DEADLINE)

    def _left_alone(self, act: Act, witness: Witness, mark: int) -> None:
        change = witness.wait(mark, act.key, lambda _: True, DEADLINE)
        undone = witness.wait(mark, act.key, lambda seen: change is not None and seen.at > change.at, _UNTOUCHED)
        alone = change is not None and undone is None
        self._check(alone, f"not left alone: {act.shown}")
        if alone:
            self._screen.fact("left alone", "a label that the chart does not declare is a note, not drift", "green")

    def upgrade(self, witness: Witness) -> None:
        """Helm must still be the owner: no conflict, no force."""
        mark = witness.mark()
        self._screen.line(self._screen.paint(f"\n$ helm upgrade {RELEASE} ./chart --set replicas=3", "bold"))
        self._helm.upgrade(RELEASE, CHART, "--set", "replicas=3", namespace=NAMESPACE)
        scaled = witness.wait(
            mark, ("deployments", RELEASE), lambda seen: seen.object["spec"]["replicas"] == 3, DEADLINE
        )
        self._check(scaled is not None, "helm upgrade did not scale the Deployment")
        self._screen.quote("upgraded to revision 2 without --force: helm still owns every field")

    def report(self) -> None:
        """Print the last word, which is the program's own."""
        self._screen.line(self._screen.paint(f"\n$ drift report {shlex.join(_SCOPE)}", "bold"))
        done = guard.report(self._plane.admin_kubeconfig, *_SCOPE)
        self._screen.quote(done.stdout + done.stderr)
        self._check(done.returncode == 0, f"drift report ended with exit code {done.returncode}")

    def _check(self, true: bool, failure: str) -> None:
        if not true:
            self.failures.append(failure)


def _words(line: Line) -> list[str]:
    """What one `detected` line says, a sentence per difference."""
    if line.get("state") == "Missing":
        return [f"{line['object']} {_NOBODY}"]
    differences: list[Any] = line.get("differences", [])
    return [str(difference) for difference in differences] or [str(line.get("message", "nothing"))]
