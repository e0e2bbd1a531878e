"""`python -m tests.demo [--keep]`: exit code 0 when every change was repaired in time."""

import argparse
import contextlib
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING

from tests.demo.screen import Screen

if TYPE_CHECKING:  # imported late: the first line is to be there at once
    from tests.controlplane import ControlPlane
    from tests.demo.guard import Guard, Line


def main() -> int:
    parser = argparse.ArgumentParser(prog="make demo", description="Breaks a Helm release and watches it heal.")
    parser.add_argument("--keep", action="store_true", help="leave everything running until Ctrl-C")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts background jobs with it ignored
    screen = Screen()
    screen.title("A Helm release, an operator at 3 a.m., and drift")
    screen.step("starting etcd and kube-apiserver ...")
    try:
        return _perform(screen, keep=options.keep)
    except KeyboardInterrupt:
        screen.line("\ninterrupted; everything is cleaned up")
        return 130


def _perform(screen: Screen, *, keep: bool) -> int:
    from tests.controlplane import ControlPlane, ControlPlaneError
    from tests.controlplane.helm import HelmError
    from tests.demo.guard import GuardError

    try:
        with ControlPlane() as plane:
            failures = _play(plane, screen, keep=keep)
    except (ControlPlaneError, HelmError, GuardError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return _end(screen, failures)


def _play(plane: "ControlPlane", screen: Screen, *, keep: bool) -> list[str]:
    from tests.demo.play import Play

    version = plane.request("GET", "/version")["gitVersion"]
    screen.step(f"kube-apiserver {version} at {plane.url}")
    play = Play(plane, screen)
    play.install()
    with play.guarded() as (witness, drift):
        play.break_everything(witness, drift)
        play.upgrade(witness)
        play.report()
        if keep:
            _keep(plane, screen, drift)
    return play.failures


def _keep(plane: "ControlPlane", screen: Screen, drift: "Guard") -> None:
    """Leave it to the audience."""
    screen.line("\nStill running; what drift sees and does is shown here. Ctrl-C ends it.")
    screen.title(f"export KUBECONFIG={plane.admin_kubeconfig}")
    drift.listener = lambda line: screen.quote(_news(line))
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()
    screen.line("")


def _news(line: "Line") -> str:
    told = line.get("differences") or line.get("message") or line.get("revision") or ""
    took = f"in {line['milliseconds']} ms" if "milliseconds" in line else ""
    subject = line.get("object") or line.get("source") or line.get("text") or ""
    return " ".join(str(part) for part in (time.strftime("%X"), line["event"], subject, told, took) if part)


def _end(screen: Screen, failures: list[str]) -> int:
    for failure in failures:
        screen.line(screen.paint(f"FAILED: {failure}", "red"))
    verdict = screen.paint("failed", "red") if failures else screen.paint("done", "green")
    screen.line(f"\n{verdict} in {screen.seconds:.0f} s; everything is cleaned up")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
