"""YAML documents built from libyaml's events by Go's rules.

PyYAML's own constructors follow YAML 1.1, ignore duplicate keys and expand aliases without a bound; its event
stream is fast and does none of that. Values built here are never mutated: an alias shares what it stands for.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from desired.limits import Budget
from desired.scalars import key_text, plain_value, tagged_value

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WORD = 40
_MERGE_TAG = "tag:yaml.org,2002:merge"
_SLASH_ESCAPE = re.compile(r"(?<!\\)(?:\\\\)*\\/")
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Unreadable(ValueError):  # noqa: N818 (an inner signal: callers add the file and raise DecodeError)
    """Something at a line (counted from 0) of a document (counted from 1) that cannot be read."""

    def __init__(self, message: str, *, document: int, line: int) -> None:
        super().__init__(message)
        self.document = document
        self.line = line


class _Anchor:
    """An anchored value: itself, and what each alias of it adds; `event` is kept for scalars used as keys."""

    __slots__ = ("event", "nodes", "text", "value")

    def __init__(self, event: Any, value: Any, nodes: int, text: int) -> None:
        self.event = event
        self.value = value
        self.nodes = nodes
        self.text = text


class DocumentReader:
    """Reads the documents of one text in order; `duplicates` lets the last of equal keys win, as kubectl does."""

    def __init__(self, text: str, budget: Budget, *, duplicates: bool = False) -> None:
        self._text = text
        self._budget = budget
        self._duplicates = duplicates
        self._slash_escapes = "\\/" in text
        self._document = 0
        self._line = 0
        self._anchors: dict[str, _Anchor | None] = {}
        self._keys: dict[str, str] = {}
        self._words: dict[str, Any] = {}
        self._most = budget.limits.nodes
        self._next: Callable[[], Any] = lambda: None

    def read(self) -> Iterator[tuple[int, int, Any]]:
        """Yield (document from 1, line from 0, value) for every document. Raises Unreadable."""
        loader: Any = None
        try:
            loader = _LOADER(self._text)
            self._next = loader.get_event
            yield from self._documents()
        except yaml.YAMLError as error:
            raise self._syntax_error(error) from None
        except Unreadable:
            raise
        except ValueError as error:
            raise self._unreadable(str(error)) from error
        finally:
            if loader is not None:
                loader.dispose()

    def _documents(self) -> Iterator[tuple[int, int, Any]]:
        """Walk the stream."""
        while not isinstance(event := self._next(), StreamEndEvent):
            if isinstance(event, DocumentStartEvent):
                yield self._one_document(event)

    def _one_document(self, start: Any) -> tuple[int, int, Any]:
        """Read up to the document's end."""
        self._document += 1
        self._line = start.start_mark.line
        self._anchors = {}
        if start.version not in (None, (1, 1)):
            raise self._unreadable("%YAML 1.1 is the only version that Kubernetes reads; delete the directive")
        event = self._next()
        line = event.start_mark.line
        value = self._value(event, 1)
        end = self._next()
        if not isinstance(end, DocumentEndEvent):  # pragma: no cover (the parser guarantees it)
            raise self._unreadable("the document does not end")
        return self._document, line, value

    def _value(self, event: Any, depth: int) -> Any:
        """Value that begins with this event."""
        kind = type(event)
        if kind is ScalarEvent:
            return self._scalar(event)
        if kind is AliasEvent:
            return self._alias(event).value
        self._line = event.start_mark.line
        budget = self._budget
        if depth > budget.limits.depth:
            raise self._unreadable(f"nested deeper than {budget.limits.depth} levels")
        nodes, text = budget.nodes, budget.text
        budget.spend(1, 0)
        if event.anchor:
            self._anchors[event.anchor] = None
        value = self._mapping(depth) if kind is MappingStartEvent else self._sequence(depth)
        if event.anchor:
            self._anchors[event.anchor] = _Anchor(None, value, budget.nodes - nodes, budget.text - text)
        return value

    def _scalar(self, event: Any) -> Any:
        """Resolve a scalar in the place of a value."""
        text: str = event.value
        self._line = event.start_mark.line
        budget = self._budget
        budget.nodes += 1
        budget.text += len(text)
        if budget.nodes > self._most:
            budget.spend(0, 0)
        if event.implicit[0]:
            value = self._plain(text)
        else:
            self._check_escapes(event)
            value = tagged_value(text, event.tag) if event.tag else text
        if event.anchor:
            self._anchors[event.anchor] = _Anchor(event, value, 1, len(text))
        return value

    def _plain(self, text: str) -> Any:
        """Resolve an unquoted scalar; the same few words make up most of a manifest."""
        value = self._words.get(text, self)
        if value is self:
            value = plain_value(text)
            if len(text) < _WORD:
                self._words[text] = value
        return value

    def _sequence(self, depth: int) -> list[Any]:
        """Items up to the end of the sequence."""
        items: list[Any] = []
        event: Any
        while type(event := self._next()) is not SequenceEndEvent:
            items.append(self._value(event, depth + 1))
        return items

    def _mapping(self, depth: int) -> dict[str, Any]:
        """Pairs up to the end of the mapping; merge keys apply in document order, as in go-yaml."""
        result: dict[str, Any] = {}
        merged: set[str] = set()
        event: Any
        while type(event := self._next()) is not MappingEndEvent:
            if _is_merge(event):
                self._merge(result, merged, self._merge_sources(depth))
                continue
            key = self._key(event)
            if key in result and not self._duplicates:
                if key not in merged:
                    raise self._unreadable(f"the key {key!r} stands twice in one mapping; delete one")
                merged.discard(key)
            result[key] = self._value(self._next(), depth + 1)
        return result

    def _key(self, event: Any) -> str:
        """JSON object key of a mapping key."""
        kind: Any = type(event)
        if kind is AliasEvent:
            event = self._alias(event).event
        elif kind is ScalarEvent:
            self._line = event.start_mark.line
            self._budget.spend(1, len(event.value))
            if event.anchor:
                self._anchors[event.anchor] = _Anchor(event, _scalar_value(event), 1, len(event.value))
        if type(event) is not ScalarEvent:
            raise self._unreadable("a mapping or list is not possible as a key")
        if not event.implicit[0]:
            return self._explicit_key(event)
        text: str = event.value
        known = self._keys.get(text)
        if known is None:
            known = self._keys[text] = key_text(text)
        return known

    def _explicit_key(self, event: Any) -> str:
        """Key that is quoted or tagged."""
        self._check_escapes(event)
        if not event.tag:
            return str(event.value)
        value = tagged_value(event.value, event.tag)
        return value if isinstance(value, str) else key_text(event.value)

    def _alias(self, event: Any) -> _Anchor:
        """Find the value that an alias stands for."""
        self._line = event.start_mark.line
        if event.anchor not in self._anchors:
            raise self._unreadable(f"unknown anchor {event.anchor!r}")
        anchor = self._anchors[event.anchor]
        if anchor is None:
            raise self._unreadable(f"the value of anchor {event.anchor!r} contains itself")
        self._budget.spend_alias(anchor.nodes, anchor.text)
        return anchor

    def _merge_sources(self, depth: int) -> list[dict[str, Any]]:
        """Mappings that a merge key brings in, in the order in which they are laid over each other."""
        value = self._value(self._next(), depth + 1)
        sources = value[::-1] if isinstance(value, list) else [value]
        if not all(isinstance(source, dict) for source in sources):
            raise self._unreadable("a merge key (<<) needs a mapping or a list of mappings")
        return sources

    @staticmethod
    def _merge(result: dict[str, Any], merged: set[str], sources: list[dict[str, Any]]) -> None:
        """Lay the sources over the pairs read so far."""
        for source in sources:
            merged.update(key for key in source if key not in result)
            result.update(source)

    def _check_escapes(self, event: Any) -> None:
        r"""Refuse `\/` in a double-quoted scalar: libyaml reads it, Go's parser does not."""
        if not self._slash_escapes or event.style != '"':
            return
        if _SLASH_ESCAPE.search(self._text, event.start_mark.index, event.end_mark.index):
            raise self._unreadable("found unknown escape character \\/; write / without the backslash")

    def _unreadable(self, message: str) -> Unreadable:
        """Name the place that is being read."""
        return Unreadable(message, document=self._document, line=self._line)

    def _syntax_error(self, error: yaml.YAMLError) -> Unreadable:
        """Take problem and place from libyaml; its context lines may quote values and are left out."""
        mark = getattr(error, "problem_mark", None)
        if mark is not None:
            self._line = min(mark.line, self._text.count("\n"))
            return self._unreadable(str(getattr(error, "problem", "") or "cannot be parsed"))
        bad = _UNPRINTABLE.search(self._text)
        if bad is None:
            return self._unreadable("cannot be parsed")
        self._line = self._text.count("\n", 0, bad.start())
        return self._unreadable(f"the control character U+{ord(bad[0]):04X} is not possible in YAML")


def _is_merge(event: Any) -> bool:
    """Whether a key is the merge key: an unquoted `<<`."""
    return type(event) is ScalarEvent and event.value == "<<" and (event.implicit[0] or event.tag == _MERGE_TAG)


def _scalar_value(event: Any) -> Any:
    """Resolve a key as the value that an alias of it stands for."""
    if event.implicit[0]:
        return plain_value(event.value)
    return tagged_value(event.value, event.tag) if event.tag else event.value
