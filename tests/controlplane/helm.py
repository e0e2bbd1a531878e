"""The real helm (3 or 4) against one cluster, with caches of its own so that runs do not see each other."""

import os
import subprocess
import tempfile
from pathlib import Path


class HelmError(Exception):
    """helm ended with an error; the text carries its stderr."""


class Helm:
    """One helm binary and one kubeconfig."""

    def __init__(self, binary: Path, kubeconfig: Path) -> None:
        self._binary = binary
        self._home = tempfile.TemporaryDirectory(prefix="daytwo-helm-")
        home = Path(self._home.name)
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("HELM_")},
            "HELM_CACHE_HOME": str(home / "cache"),
            "HELM_CONFIG_HOME": str(home / "config"),
            "HELM_DATA_HOME": str(home / "data"),
            "KUBECACHEDIR": str(home / "kubecache"),
            "KUBECONFIG": str(kubeconfig),
        }

    def install(self, name: str, chart: Path | str, *args: str, namespace: str = "default") -> str:
        return self.run("install", name, str(chart), *args, namespace=namespace)

    def upgrade(self, name: str, chart: Path | str, *args: str, namespace: str = "default") -> str:
        return self.run("upgrade", name, str(chart), *args, namespace=namespace)

    def rollback(self, name: str, revision: int, *args: str, namespace: str = "default") -> str:
        return self.run("rollback", name, str(revision), *args, namespace=namespace)

    def uninstall(self, name: str, *args: str, namespace: str = "default") -> str:
        return self.run("uninstall", name, *args, namespace=namespace)

    def run(self, *args: str, namespace: str = "default", input: str | None = None) -> str:  # noqa: A002
        """Run any helm command and give back its stdout."""
        done = subprocess.run(
            self.command(*args, namespace=namespace),
            input=input,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise HelmError(f"helm {' '.join(args)} ended with {done.returncode}: {done.stderr}")
        return done.stdout

    def start(self, *args: str, namespace: str = "default") -> subprocess.Popen[str]:
        """Start helm and come back at once, for tests that look while it waits or kill it."""
        return subprocess.Popen(
            self.command(*args, namespace=namespace),
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def command(self, *args: str, namespace: str = "default") -> list[str]:
        return [str(self._binary), *args, "--namespace", namespace]
