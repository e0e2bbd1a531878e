"""Bytes to documents, pure: YAML or JSON as kubectl would read it, bounded, with an error that names the place.

The strict form raises at the first thing that cannot be read; the tolerant form reads every other document and
returns what it could not read as problems. Messages never quote a value.
"""

import codecs
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from desired.json_documents import DuplicateKeyError, NotJsonError, read_json
from desired.limits import Budget, LimitError, Limits
from desired.yaml_events import DocumentReader, Unreadable
from drift.core.errors import DecodeError
from drift.core.reasons import Reason
from drift.source import Problem

__all__ = ["Document", "Limits", "decode_documents", "decode_tolerant"]

_DEFAULT = Limits()
_SEPARATOR = re.compile(r"^---(?=[ \t\r\n]|$)", re.MULTILINE)
_WIDE_MARKS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Document(msgspec.Struct, frozen=True, eq=False):
    """One document that is not empty: `index` counts the documents of the file from 1, `line` its lines from 1.

    `value` is plain decoded JSON; parts of it may be shared and must not be changed.
    """

    index: int
    line: int
    value: Any
    file: str = ""

    def __str__(self) -> str:
        """`app.yaml: document 2, line 14`."""
        return _place(self.file, self.index, self.line)


def decode_documents(
    text: bytes | str, *, file: str, limits: Limits = _DEFAULT, duplicate_keys: bool = False
) -> tuple[Document, ...]:
    """Decode every document; empty ones are skipped. Raises DecodeError.

    `duplicate_keys` lets the last of equal keys win: what Helm and kubectl do with what they are given.
    """
    decoded = _text(text, file, limits)
    return tuple(_documents(decoded, file, Budget(limits), duplicates=duplicate_keys))


def decode_tolerant(
    text: bytes | str, *, file: str, source: str = "", limits: Limits = _DEFAULT, duplicate_keys: bool = False
) -> tuple[tuple[Document, ...], tuple[Problem, ...]]:
    """Decode what can be read; each document that cannot be is a problem and hides no other."""
    try:
        decoded = _text(text, file, limits)
    except DecodeError as error:
        return (), (_problem(source, error),)
    try:
        return tuple(_documents(decoded, file, Budget(limits), duplicates=duplicate_keys)), ()
    except DecodeError as error:
        chunks = _chunks(decoded)
        if len(chunks) == 1:
            return (), (_problem(source, error),)
    return _piecewise(chunks, file, source, limits, duplicates=duplicate_keys)


def _piecewise(
    chunks: list[tuple[int, str]], file: str, source: str, limits: Limits, *, duplicates: bool
) -> tuple[tuple[Document, ...], tuple[Problem, ...]]:
    """Decode each piece between separator lines by itself; the limits hold for all together."""
    budget = Budget(limits)
    documents: list[Document] = []
    problems: list[Problem] = []
    for number, (line, chunk) in enumerate(chunks):
        try:
            found = _documents(chunk, file, budget, duplicates=duplicates, document=number, line=line)
            documents.extend(found)
        except DecodeError as error:
            problems.append(_problem(source, error))
    return tuple(documents), tuple(problems)


def _chunks(text: str) -> list[tuple[int, str]]:
    """Split before each separator line: (lines before, text); leading comments are no document of their own."""
    starts = [match.start() for match in _SEPARATOR.finditer(text)]
    if not starts or _has_content(text[: starts[0]]):
        starts.insert(0, 0)
    ends = [*starts[1:], len(text)]
    return [(text.count("\n", 0, start), text[start:end]) for start, end in zip(starts, ends, strict=True)]


def _has_content(text: str) -> bool:
    """Whether anything but comments and blank lines stands here."""
    return any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines())


def _documents(
    text: str, file: str, budget: Budget, *, duplicates: bool, document: int = 0, line: int = 0
) -> Iterator[Document]:
    """Decode text; `document` and `line` are what stood before it in the file."""
    try:
        for index, first, value in _read(text, budget, duplicates=duplicates):
            if value is not None:
                yield Document(document + index, line + first + 1, value, file)
    except Unreadable as error:
        place = _place(file, document + max(error.document, 1), line + error.line + 1)
        raise DecodeError(f"{place}: {error}") from None
    except (LimitError, DuplicateKeyError) as error:
        raise DecodeError(f"{file}: {error}") from None


def _read(text: str, budget: Budget, *, duplicates: bool) -> Iterator[tuple[int, int, Any]]:
    """Read JSON where it is JSON, else YAML; a duplicate key is looked for again as YAML, which knows its line."""
    if text.lstrip()[:1] in ("{", "["):
        try:
            yield from tuple(read_json(text, budget.limits, duplicates=duplicates))
        except NotJsonError:
            pass
        except DuplicateKeyError as error:
            raise _located(text, budget, error) from None
        else:
            return
    yield from DocumentReader(text, budget, duplicates=duplicates).read()


def _located(text: str, budget: Budget, error: DuplicateKeyError) -> ValueError:
    """Find the line of a duplicate key of JSON by reading it as YAML, where that is possible."""
    try:
        for _ in DocumentReader(text, budget).read():
            pass
    except Unreadable as found:
        if "stands twice" in str(found):
            return found
    return error


def _text(data: bytes | str, file: str, limits: Limits) -> str:
    """Check size and encoding; a UTF-8 byte order mark is dropped."""
    if len(data) > limits.bytes:
        raise DecodeError(f"{file}: larger than {limits.bytes} bytes; split it into several files")
    if isinstance(data, str):
        return data.removeprefix("\ufeff")
    if data.startswith(_WIDE_MARKS):
        raise DecodeError(f"{file}: is UTF-16 or UTF-32; save it as UTF-8")
    try:
        return data.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DecodeError(f"{file}: line {line}: is not UTF-8; save it as UTF-8") from None


def _place(file: str, document: int, line: int) -> str:
    """Name a document."""
    return f"{file}: document {document}, line {line}"


def _problem(source: str, error: DecodeError) -> Problem:
    """Turn an error into a problem."""
    return Problem(source or "input", str(error), Reason.DESIRED_INVALID)
