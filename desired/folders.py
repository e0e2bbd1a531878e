"""Reads files and folders of manifests: sorted, bounded, never outside the folder that was given."""

import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from drift.core.errors import SourceError

__all__ = ["Content", "fingerprint", "read_paths"]

STDIN = "-"
_SUFFIXES = frozenset({".yaml", ".yml", ".json"})
_MOST_FILES = 20_000
_MOST_BYTES = 256 * 1024 * 1024
_BELONGS_TO = {
    "Chart.yaml": "is a Helm chart: use --chart {folder}",
    "kustomization.yaml": "is a kustomization: use `kustomize build {folder}` and pipe it to -f -",
}
_BELONGS_TO |= dict.fromkeys(("kustomization.yml", "Kustomization"), _BELONGS_TO["kustomization.yaml"])


class Content(msgspec.Struct, frozen=True):
    """A file's name as the user would write it, and its bytes."""

    name: str
    data: bytes


def read_paths(paths: Sequence[Path], *, recursive: bool, most: int) -> tuple[tuple[Content, ...], tuple[str, ...]]:
    """Read every file once, in order; what cannot be read is a message. `most` bounds the bytes of one file."""
    contents: dict[Path, Content] = {}
    faults: list[str] = []
    total = 0
    for path in paths:
        try:
            empty = True
            for file in list_files(path, recursive=recursive):
                key, empty = file.absolute(), False
                if key in contents:
                    continue
                contents[key] = Content(str(file), _read(file, most))
                total += len(contents[key].data)
                _check_total(path, len(contents), total)
            if empty:
                faults.append(f"{path} holds no manifest (.yaml, .yml or .json)")
        except (OSError, SourceError) as error:
            faults.append(_message(path, error))
    return tuple(contents.values()), tuple(faults)


def list_files(path: Path, *, recursive: bool) -> Iterator[Path]:
    """Yield the file itself, or the manifests of a folder, sorted; hidden entries are skipped."""
    if not path.is_dir():
        yield path
        return
    yield from _walk(path, path.resolve(), recursive=recursive)


def fingerprint(paths: Sequence[Path], *, recursive: bool) -> tuple[tuple[str, ...], ...]:
    """Tell whether anything may have changed: name, inode, size and times of every file."""
    marks: list[tuple[str, ...]] = []
    for path in paths:
        try:
            marks.extend(_mark(file) for file in list_files(path, recursive=recursive))
        except (OSError, SourceError) as error:
            marks.append((str(path), _message(path, error)))
    return tuple(marks)


def _walk(folder: Path, root: Path, *, recursive: bool) -> Iterator[Path]:
    """Walk one folder."""
    names = sorted(entry.name for entry in folder.iterdir())
    _check_folder(folder, names)
    for name in names:
        entry = folder / name
        if name.startswith("."):
            continue
        if entry.is_symlink():
            _check_inside(entry, root)
        if entry.is_dir():
            # A link to a folder inside is skipped: the walk meets that folder itself, and loops end here.
            if recursive and not entry.is_symlink():
                yield from _walk(entry, root, recursive=recursive)
        elif entry.suffix in _SUFFIXES:
            yield entry


def _check_folder(folder: Path, names: Sequence[str]) -> None:
    """Refuse folders whose files mean something else to another tool."""
    for name in names:
        if name in _BELONGS_TO:
            raise SourceError(f"{folder} {_BELONGS_TO[name].format(folder=folder)}")


def _check_inside(link: Path, root: Path) -> None:
    """Refuse a link that leaves the folder."""
    if not link.resolve().is_relative_to(root):
        raise SourceError(f"{link} is a link that leaves {root}; copy the file or name it by itself")


def _read(file: Path, most: int) -> bytes:
    """Read a regular file; a pipe or device would block or never end."""
    status = file.stat()
    if not stat.S_ISREG(status.st_mode):
        raise SourceError(f"{file} is not a regular file")
    if status.st_size > most:
        raise SourceError(f"{file} is larger than {most} bytes; split it into several files")
    with file.open("rb") as stream:
        return stream.read(most + 1)


def _check_total(path: Path, files: int, total: int) -> None:
    """Bound a whole folder."""
    if files > _MOST_FILES or total > _MOST_BYTES:
        raise SourceError(f"{path} holds more than {_MOST_FILES} files or {_MOST_BYTES} bytes; name a smaller folder")


def _mark(file: Path) -> tuple[str, ...]:
    """Mark of one file; a ConfigMap volume swaps a link, so the target's inode counts."""
    status = file.stat()
    numbers = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return (str(file), *map(str, numbers))


def _message(path: Path, error: OSError | SourceError) -> str:
    """One line that names the file."""
    if isinstance(error, SourceError):
        return str(error)
    return f"{error.filename or path}: cannot be read: {(error.strerror or str(error)).lower()}"
