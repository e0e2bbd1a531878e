"""A user's folder: manifests, a dump of what lives, and the program."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from drift.cli.main import main

DESIRED = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "nginx:1"}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80}]}
"""

Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    def invoke(*arguments: str, **options: str) -> Result:
        return CliRunner().invoke(main, list(arguments), **options)  # type: ignore[arg-type]

    return invoke


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with app.yaml (desired), live.yaml (in sync) and drifted.yaml."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "app.yaml").write_text(DESIRED)
    (tmp_path / "live.yaml").write_text(DESIRED)
    (tmp_path / "drifted.yaml").write_text(DESIRED.replace("replicas: 2", "replicas: 5"))
    return tmp_path
