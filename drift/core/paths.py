"""Places in a body: JSON Pointer, display form, and the values found there on both sides.

A token is a member name, a list index, or the merge key of a keyed list's item (a tuple, see `normalize.Keyed`).
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from drift.core.nodes import ListType, Node
from drift.core.normalize import Keyed, keyed

Token = str | int | tuple[Any, ...]
_PLAIN = re.compile(r"[A-Za-z0-9_-]+")


class Place(msgspec.Struct, frozen=True, eq=False):
    """Where a difference is.

    `pointer` addresses it in desired, or in live where desired has nothing there; `live_pointer` always addresses
    live ("" when live has nothing there). `atomic_depth` is the number of tokens up to the outermost atomic
    list or map around it; `resized`: that list, or one inside it, has another length now.
    """

    tokens: tuple[Token, ...]
    pointer: str
    live_pointer: str
    display: str
    desired: Any = None
    live: Any = None
    atomic_depth: int | None = None
    resized: bool = False

    def __repr__(self) -> str:
        """Without values: they may be secret."""
        return f"Place({self.pointer})"


def pointer_of(tokens: Sequence[str | int]) -> str:
    """RFC 6901: `/metadata/annotations/a~1b`."""
    return "".join("/" + str(token).replace("~", "~0").replace("/", "~1") for token in tokens)


def tokens_of(pointer: str) -> tuple[str, ...]:
    """Parse an RFC 6901 pointer; "" is the whole document."""
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])


class _Walker:
    """Walks tokens down both bodies at once."""

    def __init__(self, root: Node, desired: Any, live: Any) -> None:
        self.node = root
        self.desired = desired
        self.live = live
        self.left: list[str | int] | None = []
        self.right: list[str | int] | None = []
        self.display: list[str] = []
        self.atomic_depth: int | None = None
        self.resized = False

    def step(self, token: Token, depth: int) -> None:
        if self.atomic_depth is None and (self.node.atomic or isinstance(token, int)):
            self.atomic_depth = depth
        self._note_size()
        self.display.append(_shown(token, self.node))
        self.desired, self.left = _descend(self.desired, self.left, token, self.node)
        self.live, self.right = _descend(self.live, self.right, token, self.node)
        self.node = self.node.field(token) if isinstance(token, str) else self.node.item()

    def _note_size(self) -> None:
        one, other = self.desired, self.live
        if self.atomic_depth is not None and isinstance(one, list) and isinstance(other, list):
            self.resized = self.resized or len(one) != len(other)


def locate(tokens: Sequence[Token], root: Node, *, desired: Any, live: Any) -> Place:
    """Translate tokens into a Place of these two (raw) bodies."""
    walker = _Walker(root, desired, live)
    for depth, token in enumerate(tokens):
        walker.step(token, depth)
    left, right = walker.left, walker.right
    return Place(
        tokens=tuple(tokens),
        pointer=pointer_of((left if left is not None else right) or ()),
        live_pointer=pointer_of(right) if right is not None else "",
        display="".join(walker.display).removeprefix("."),
        desired=walker.desired,
        live=walker.live,
        atomic_depth=walker.atomic_depth,
        resized=walker.resized,
    )


def _descend(value: Any, path: list[str | int] | None, token: Token, node: Node) -> tuple[Any, list[str | int] | None]:
    """One step down; (None, None) when there is nothing."""
    step = _resolve(value, token, node)
    if path is None or step is None:
        return None, None
    return value[step], [*path, step]


def _resolve(value: Any, token: Token, node: Node) -> str | int | None:
    if isinstance(token, str):
        return token if isinstance(value, Mapping) and token in value else None
    if not isinstance(value, list):
        return None
    if isinstance(token, int):
        return token if token < len(value) else None
    items = list(keyed(value, node) or ())
    return items.index(token) if token in items else None


def _shown(token: Token, node: Node) -> str:
    if isinstance(token, str):
        return f".{token}" if _PLAIN.fullmatch(token) else f"[{token}]"
    if isinstance(token, int):
        return f"[{token}]"
    length = 2 if node.list_type is ListType.SET else len(node.keys)
    nth = f",#{token[length]}" if len(token) > length else ""
    if node.list_type is ListType.SET:
        return f"[{token[1]}{nth}]"
    triples = [t for t in zip(node.keys, token[:length], node.key_defaults, strict=True) if t[1] is not None]
    # `ports[port=80]` reads better than with the default protocol behind it.
    telling = [t for t in triples if t[1] != t[2]] or triples
    return "[" + ",".join(f"{key}={value}" for key, value, _ in telling) + nth + "]"


def member(value: Any, token: Token, node: Node) -> Any:
    """Return what a token names in a raw value, or None; a list is only entered by merge key."""
    if isinstance(token, str):
        return value.get(token) if isinstance(value, Mapping) else None
    return (keyed(value, node) or Keyed()).get(token) if isinstance(value, list) else None
