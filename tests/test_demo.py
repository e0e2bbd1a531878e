"""`make demo` does what it says, and says what it does."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.cluster

ROOT = Path(__file__).parent.parent
COMMAND = [sys.executable, "-m", "tests.demo"]
TOLD = """\
kubectl -n demo delete service web
drift saw Service demo/web is missing
spec.replicas 2 -> 5 by kubectl (scale)
nginx:1.29 -> nginx:latest by kubectl-set
env[name=DEBUG] added
Welcome to the shop -> Goodbye to the shop by kubectl-edit
drift saw ConfigMap demo/web is missing
left alone
6 changes, 6 repairs
without --force
In sync: 5 objects
done in
"""


def test_every_change_is_told_and_repaired_and_helm_can_still_upgrade() -> None:
    done = subprocess.run(COMMAND, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for words in TOLD.splitlines():
        assert words in done.stdout
    assert len(re.findall(r"repaired  in \d+ ms", done.stdout)) == 6
    assert "\033" not in done.stdout  # no colours where nobody looks
    assert done.stderr == ""


def test_keep_leaves_it_running_until_it_is_interrupted() -> None:
    with subprocess.Popen([*COMMAND, "--keep"], cwd=ROOT, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        kubeconfig = next(Path(line.split("=", 1)[1].strip()) for line in demo.stdout if "KUBECONFIG=" in line)
        try:
            assert kubeconfig.is_file()
        finally:
            demo.send_signal(signal.SIGINT)
        rest = demo.stdout.read()
    assert demo.returncode == 0
    assert "done in" in rest
    assert not kubeconfig.exists()


def test_ended_by_a_signal_it_cleans_up(tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(COMMAND, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        next(line for line in demo.stdout if "ready" in line)
        demo.terminate()
        demo.stdout.read()
    deadline = time.monotonic() + 10
    while (left := list(tmp_path.glob("daytwo-controlplane-*"))) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert demo.returncode == 143
    assert not left
