"""Looks at a chart and its values before anything renders them: there, readable, and inside their folder."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from desired.decode import decode_documents
from desired.folders import fingerprint
from drift.core.errors import DecodeError, SourceError

__all__ = ["chart_mark", "check_chart", "check_values", "uses_time"]

_ARCHIVES = (".tgz", ".tar.gz")
_CLOCK = re.compile(rb"\bnow\b|\bunixEpoch\b|\bdateInZone\b|\bgenSigned|\bgenCA\b")
_MOST_FILES = 20_000
_MOST_TEMPLATE = 4 * 1024 * 1024


def check_chart(chart: Path) -> None:
    """Raise SourceError when this is no chart, or one that reaches out of its folder by a link."""
    if chart.is_file():
        if not chart.name.endswith(_ARCHIVES):
            raise SourceError(f"chart {chart}: is a file but no .tgz; name the chart's folder")
        return
    if not chart.is_dir():
        raise SourceError(f"chart {chart}: no such folder or .tgz; a chart is read from disk (helm pull --untar)")
    if not (chart / "Chart.yaml").is_file():
        raise SourceError(f"chart {chart}: has no Chart.yaml, so it is no chart")
    root = chart.resolve()
    for file in _files(chart):
        if file.is_symlink() and not file.resolve().is_relative_to(root):
            raise SourceError(f"chart {chart}: {file} is a link that leaves the chart; replace it by the file")


def check_values(values: Sequence[Path]) -> None:
    """Raise SourceError when a values file is missing, broken, or no mapping."""
    for path in values:
        try:
            documents = decode_documents(path.read_bytes(), file=f"values file {path}", duplicate_keys=True)
        except OSError as error:
            raise SourceError(f"values file {path}: cannot be read: {(error.strerror or '').lower()}") from error
        except DecodeError as error:
            raise SourceError(str(error)) from error
        if any(not isinstance(document.value, dict) for document in documents):
            raise SourceError(f"values file {path}: is no mapping of values")


def chart_mark(chart: Path, values: Sequence[Path]) -> object:
    """Fingerprint of every file that a render reads."""
    try:
        files = tuple(_files(chart)) if chart.is_dir() else (chart,)
    except (OSError, SourceError) as error:
        return str(error)
    return fingerprint((*files, *values), recursive=False)


def uses_time(chart: Path) -> bool:
    """Whether a template may print the time: an archive may, a folder is searched."""
    if not chart.is_dir():
        return True
    templates = (file for file in _files(chart) if "templates" in file.parts)
    return any(_CLOCK.search(_head(file)) for file in templates) or any(chart.glob("charts/*.tgz"))


def _head(file: Path) -> bytes:
    """First part of a template."""
    with file.open("rb") as stream:
        return stream.read(_MOST_TEMPLATE)


def _files(chart: Path) -> Iterator[Path]:
    """Every file and link of a chart's folder."""
    for number, file in enumerate(sorted(chart.rglob("*"))):
        if number >= _MOST_FILES:
            raise SourceError(f"chart {chart}: has more than {_MOST_FILES} files")
        if file.is_symlink() or file.is_file():
            yield file
