"""Renders a chart in a child process: with the helm program, or with the shared library of `daytwo[helm]`.

Both give the text that `helm template` would print. No cluster is asked: `lookup` finds nothing.
"""

import importlib.util
import re
import shutil
import sys
from pathlib import Path
from typing import Protocol

import msgspec

from desired.child import Bounds, Outcome, run_child
from drift.core.errors import SourceError

__all__ = ["HelmBinaryRenderer", "RenderRequest", "Renderer", "SdkRenderer", "find_renderer"]

_PROGRAMS = ("helm", "helm4", "helm3")
_INSTALL = "install helm (https://helm.sh/docs/intro/install) or pip install 'daytwo[helm]'"
_LONGEST_ERROR = 500
# The child starts in an empty folder, so it is told where this package is.
_ROOT = str(Path(__file__).resolve().parents[1])
_CHILD = f"import sys; sys.path.insert(0, {_ROOT!r}); from desired.helm_sdk_child import main; main()"


class RenderRequest(msgspec.Struct, frozen=True):
    """A chart and how to render it; paths are absolute."""

    chart: str
    name: str
    namespace: str
    values: tuple[str, ...] = ()
    set_values: tuple[str, ...] = ()
    kube_version: str = ""
    api_versions: tuple[str, ...] = ()
    timeout: float = 60.0


class Renderer(Protocol):
    """What turns a chart into a manifest."""

    async def render(self, request: RenderRequest) -> str:
        """Rendered documents, CRDs included. Raises SourceError with the renderer's own reason in one line."""
        ...


class HelmBinaryRenderer:
    """The helm program: `helm`, `helm4` or `helm3` in PATH, or the one given."""

    def __init__(self, program: str | Path | None = None) -> None:
        self._program = program

    async def render(self, request: RenderRequest) -> str:
        """Run `helm template`."""
        what = f"helm template {request.name}"
        outcome = await run_child(self._command(request), what=what, bounds=Bounds(seconds=request.timeout))
        if outcome.code:
            raise SourceError(f"chart {request.chart}: {_reason(outcome)}")
        return outcome.output.decode(errors="replace")

    def _command(self, request: RenderRequest) -> list[str]:
        """Build the command line; every value stands behind `=`, so that none can be read as an option."""
        options = [f"--namespace={request.namespace or 'default'}", "--include-crds"]
        options += [f"--values={path}" for path in request.values]
        options += [f"--set={text}" for text in request.set_values]
        options += [f"--api-versions={version}" for version in request.api_versions]
        if request.kube_version:
            options.append(f"--kube-version={request.kube_version}")
        return [self._find(), "template", request.name, request.chart, *options]

    def _find(self) -> str:
        """Path of the program. Raises SourceError that says what to install."""
        if self._program is not None:
            found = shutil.which(str(self._program))
            if found is None:
                raise SourceError(f"helm: {self._program} is no program; {_INSTALL}")
            return str(Path(found).absolute())
        for name in _PROGRAMS:
            if path := shutil.which(name):
                return str(Path(path).absolute())
        raise SourceError(f"rendering a chart needs helm, and none of {', '.join(_PROGRAMS)} is in PATH: {_INSTALL}")


class SdkRenderer:
    """Helm as a shared library (helm-python-sdk), in a child process: a crash of it ends the child alone."""

    async def render(self, request: RenderRequest) -> str:
        """Run `desired.helm_sdk_child`."""
        if not self.available():
            raise SourceError("rendering without the helm program needs: pip install 'daytwo[helm]'")
        outcome = await run_child(
            [sys.executable, "-c", _CHILD],
            what=f"rendering {request.name}",
            bounds=Bounds(seconds=request.timeout),
            stdin=msgspec.json.encode(request),
        )
        if outcome.code:
            raise SourceError(f"chart {request.chart}: {_reason(outcome)}")
        return outcome.output.decode(errors="replace")

    @staticmethod
    def available() -> bool:
        """Whether the library is installed."""
        return importlib.util.find_spec("helm_python") is not None


def find_renderer(program: str | Path | None = None) -> Renderer:
    """Pick the helm program where there is one, else the library where it is installed."""
    if program is None and not any(map(shutil.which, _PROGRAMS)) and SdkRenderer.available():
        return SdkRenderer()
    return HelmBinaryRenderer(program)


def _reason(outcome: Outcome) -> str:
    """Find the one useful line of what helm said."""
    lines = [line.strip() for line in outcome.errors.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("Error:")]
    line = (errors or lines or [f"ended with {outcome.code} and said nothing"])[-1]
    clean = re.sub(r"[\x00-\x1f\x7f]+", " ", line.removeprefix("Error:").strip())
    return clean if len(clean) <= _LONGEST_ERROR else clean[:_LONGEST_ERROR] + "..."
