"""Runs a control plane until SIGTERM or Ctrl-C: `python -m tests.controlplane.serve --kubeconfig PATH`.

The kubeconfig appears when the server is ready and is gone when the server is.
"""
# ruff: noqa: T201 - it speaks to a terminal

import argparse
import shutil
import signal
import sys
import threading
from pathlib import Path

from tests.controlplane.plane import ControlPlane
from tests.controlplane.programs import ControlPlaneError


def main() -> int:
    parser = argparse.ArgumentParser(description="Run a private control plane in the foreground.")
    parser.add_argument("--kubeconfig", type=Path, required=True, help="where to write the admin kubeconfig")
    parser.add_argument("--controllers", action="store_true", help="run kube-controller-manager too")
    options = parser.parse_args()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    try:
        with ControlPlane(with_controllers=options.controllers) as plane:
            _serve(plane, options.kubeconfig, ended)
    except ControlPlaneError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _serve(plane: ControlPlane, kubeconfig: Path, ended: threading.Event) -> None:
    kubeconfig.parent.mkdir(parents=True, exist_ok=True)
    unfinished = kubeconfig.with_name(f".{kubeconfig.name}.new")
    shutil.copy(plane.admin_kubeconfig, unfinished)
    unfinished.rename(kubeconfig)
    try:
        print(
            f"ready: export KUBECONFIG={kubeconfig.absolute()}   ({plane.url}, logs in {plane.folder})",
            flush=True,
        )
        ended.wait()
    finally:
        kubeconfig.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
