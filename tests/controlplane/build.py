"""Builds, once, the real programs that tests run against, and says where they are.

`python3 tests/controlplane/build.py controlplane` gives etcd, kube-apiserver, kube-controller-manager and
kubectl from the Go module beside this file; `... tools` gives helm3, helm4 and kustomize. The last and only
line on stdout is the folder; progress goes to stderr. Runs before any virtual environment exists: standard
library only, and it must never leave a half-built folder behind.
"""
# ruff: noqa: T201 - it speaks to a terminal

import argparse
import collections
import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
KUBERNETES = "1.36.3"
NAMES = ("etcd", "kube-apiserver", "kube-controller-manager", "kubectl")
REQUIRED = ("etcd", "kube-apiserver", "kubectl")  # what KUBEBUILDER_ASSETS holds wherever others made it
PROGRESS_EVERY = 10.0  # seconds
MINIMUM_GO = (1, 26)
INSTALL_GO = "sudo snap install go --classic   (macOS: brew install go)"


class BuildError(Exception):
    """The programs cannot be had; the text is one line that says what to do next."""


@dataclass(frozen=True, slots=True)
class Go:
    """The Go toolchain that answers in this module, after it chose its own version."""

    version: str
    platform: str


@dataclass(frozen=True, slots=True)
class Tool:
    """A command published as a Go module, at one version."""

    name: str
    package: str
    version: str
    linked: Mapping[str, str]

    @property
    def flags(self) -> str:
        return _ldflags(self.linked)


def _ldflags(linked: Mapping[str, str]) -> str:
    return " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in linked.items())])


def _versions(package: str) -> dict[str, str]:
    major, minor, _ = KUBERNETES.split(".")
    return {
        f"{package}.gitVersion": f"v{KUBERNETES}",
        f"{package}.gitMajor": major,
        f"{package}.gitMinor": minor,
    }


CONTROL_PLANE_FLAGS = _ldflags(_versions("k8s.io/component-base/version") | _versions("k8s.io/client-go/pkg/version"))

# Without the two numbers, here those of the release, Helm 3 renders offline for Kubernetes 1.20.
TOOLS = (
    Tool(
        "helm3",
        "helm.sh/helm/v3/cmd/helm",
        "v3.22.0",
        {
            "helm.sh/helm/v3/internal/version.version": "v3.22.0",
            **{f"helm.sh/helm/v3/pkg/{part}.k8sVersionMajor": "1" for part in ("chartutil", "lint/rules")},
            **{f"helm.sh/helm/v3/pkg/{part}.k8sVersionMinor": "37" for part in ("chartutil", "lint/rules")},
        },
    ),
    Tool("helm4", "helm.sh/helm/v4/cmd/helm", "v4.3.1", {"helm.sh/helm/v4/internal/version.version": "v4.3.1"}),
    Tool("kustomize", "sigs.k8s.io/kustomize/kustomize/v5", "v5.8.2", {}),
)


def controlplane_folder() -> Path:
    """Where the control plane is, or will be once built."""
    if given := os.environ.get("KUBEBUILDER_ASSETS"):
        folder = Path(given).absolute()
        if missing := [name for name in REQUIRED if not os.access(folder / name, os.X_OK)]:
            raise BuildError(
                f"KUBEBUILDER_ASSETS={given} lacks {', '.join(missing)}: fix it, or unset it to build them"
            )
        return folder
    sources = [(HERE / name).read_bytes() for name in ("go.mod", "go.sum", "main.go")]
    return _cached("controlplane", *sources, CONTROL_PLANE_FLAGS.encode())


def tools_folder() -> Path:
    """Where helm3, helm4 and kustomize are, or will be once built."""
    return _cached("tools", repr(TOOLS).encode())


def _cached(kind: str, *inputs: bytes) -> Path:
    go = find_go()
    digest = hashlib.sha256()
    for part in (*inputs, go.version.encode(), go.platform.encode()):
        digest.update(len(part).to_bytes(8, "big") + part)
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "daytwo"
    root = Path(os.environ.get("DAYTWO_CACHE") or home).absolute()
    return root / kind / digest.hexdigest()[:16]


def find_go() -> Go:
    """Ask the toolchain itself: it may have switched to the version that go.mod wants."""
    needed = ".".join(map(str, MINIMUM_GO))
    if shutil.which("go") is None:
        raise BuildError(f"Go {needed} or newer is not installed; install it with: {INSTALL_GO}")
    command = ["go", "env", "GOVERSION", "GOOS", "GOARCH"]
    answer = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)
    version, *platform = answer.stdout.split() or ["unknown"]
    numbers = re.match(r"go(\d+)\.(\d+)", version)
    if answer.returncode or numbers is None or tuple(map(int, numbers.groups())) < MINIMUM_GO:
        found = " ".join(answer.stderr.split()) or version
        raise BuildError(f"Go {needed} or newer is needed ({found}); install it with: {INSTALL_GO}")
    return Go(version, "/".join(platform))


def build_controlplane(folder: Path) -> None:
    """Build the one binary into an empty folder and give it its four names."""
    program = folder / "controlplane"
    command = ["go", "build", "-v", "-trimpath", f"-ldflags={CONTROL_PLANE_FLAGS}", "-o", str(program), "."]
    _run_go("control plane", command, {})
    for name in NAMES:
        (folder / name).symlink_to(program.name)


def build_tools(folder: Path) -> None:
    """Install every published command, under our own names since two of them are called helm."""
    for tool in TOOLS:
        with tempfile.TemporaryDirectory(dir=folder) as bin_folder:
            package = f"{tool.package}@{tool.version}"
            command = ["go", "install", "-v", "-trimpath", f"-ldflags={tool.flags}", package]
            _run_go(f"{tool.name} {tool.version}", command, {"GOBIN": bin_folder})
            (program,) = Path(bin_folder).iterdir()
            program.rename(folder / tool.name)


def _run_go(what: str, command: list[str], environment: Mapping[str, str]) -> None:
    started = time.monotonic()
    _say(f"building {what} with Go (minutes when nothing is cached)")
    process = subprocess.Popen(
        command,
        cwd=HERE,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        last = _follow(what, process, started)
    except BaseException:
        process.kill()
        raise
    if process.returncode:
        raise BuildError(f"building {what} failed:\n{last}")
    _say(f"{what} built in {time.monotonic() - started:.0f} s")


def _follow(what: str, process: subprocess.Popen[str], started: float) -> str:
    """Say every few seconds what Go is at; give back the end of what it wrote."""
    lines: collections.deque[str] = collections.deque(maxlen=40)
    compiled = 0

    def read() -> None:
        nonlocal compiled
        for line in process.stderr or ():
            lines.append(line.rstrip())
            compiled += " " not in line  # `go build -v` writes a bare import path per package

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    while reader.is_alive():
        reader.join(PROGRESS_EVERY)
        if reader.is_alive():
            _say(f"{what}: {time.monotonic() - started:.0f} s, {compiled} packages compiled, {_doing(lines)}")
    process.wait()
    return "\n".join(lines)


def _doing(lines: collections.deque[str]) -> str:
    latest = lines[-1] if lines else "go: reading the cache or linking"
    return latest.removeprefix("go: ") if " " in latest else f"at {latest}"


def _say(text: str) -> None:
    print(f"[{Path(__file__).stem}] {text}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("another build is running; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def ensure(folder: Path, build: Callable[[Path], None]) -> Path:
    """Give back the folder, built once however many ask at the same time, and never seen half-built."""
    if folder.is_dir():
        return folder
    with _locked(folder.parent / ".lock"):
        if not folder.is_dir():
            with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".building-") as scratch:
                fresh = Path(scratch) / folder.name
                fresh.mkdir()
                build(fresh)
                fresh.rename(folder)
    return folder


def main() -> int:
    parser = argparse.ArgumentParser(description="Build the programs that tests run against; print their folder.")
    parser.add_argument("what", choices=("controlplane", "tools"))
    wants_tools = parser.parse_args().what == "tools"
    try:
        folder = (
            ensure(tools_folder(), build_tools) if wants_tools else ensure(controlplane_folder(), build_controlplane)
        )
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
