"""Accepting the live values: a merge patch for the manifest that would make desired what is live now.

The patch is RFC 7386 as YAML: maps are merged, lists replaced whole, null removes. Values of a Secret never stand in
it: the change is named, the user takes it over by hand.
"""

import copy
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from drift.core.assess import Difference
from drift.core.nodes import Node
from drift.core.normalize import keyed
from drift.core.objects import Body
from drift.core.paths import Token
from drift.core.plan import Context
from drift.core.redact import is_secret, printable

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*")
# Not allowed in YAML, or not safe to show: such characters only stand in quotes, where JSON and YAML know \\uNNNN.
_UNSAFE = re.compile(r"[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})  # that some YAML reader misreads


def adoption(context: Context) -> str:
    """Return YAML with comments that say where it belongs."""
    lines = [f"# {line}" for line in _where(context)]
    if context.live is None:
        return "\n".join(lines)
    if is_secret(context.ref):
        lines += [f"# {item.display} was {item.op}" for item in context.differences]
        lines.append("# the values of a Secret are never shown: take them over by hand")
        return printable_lines(lines)
    patch = merge_patch(
        context.desired, adopted(context.desired, context.live, context.differences, context.schema.root)
    )
    head = {key: context.desired.get(key) for key in ("apiVersion", "kind")}
    metadata = {"name": context.ref.name, **({"namespace": context.ref.namespace} if context.ref.namespace else {})}
    metadata.update(patch.pop("metadata", {}))
    return printable_lines([*lines, *yaml_lines({**head, "metadata": metadata, **patch})])


def printable_lines(lines: Iterable[str]) -> str:
    """Join lines that may hold live strings."""
    return "\n".join(printable(line) for line in lines)


def _where(context: Context) -> Iterator[str]:
    kind, _, name = context.source.partition(":")
    what = f"{context.ref} of {context.source}"
    yield f"{what}: to accept what is live" + (", take it out" if context.live is None else "")
    if kind in {"helm", "chart"}:
        yield f"it goes to the values or templates of {name}: Helm would undo a change of the manifest alone"


def adopted(desired: Body, live: Body, differences: Iterable[Difference], root: Node) -> Body:
    """Return desired with the live value at each difference."""
    result: Any = dict(desired)
    for difference in differences:
        result = _take(result, live, difference.tokens, root)
    return result  # type: ignore[no-any-return]


def _take(desired: Any, live: Any, tokens: Sequence[Token], node: Node) -> Any:
    if not tokens:
        return copy.deepcopy(live)
    token, rest = tokens[0], tokens[1:]
    if not isinstance(token, str):
        return _take_item(desired, live, token, rest, node)
    mine = dict(desired) if isinstance(desired, Mapping) else {}
    there = live.get(token) if isinstance(live, Mapping) else None
    if there is None:
        mine.pop(token, None)
    else:
        mine[token] = _take(mine.get(token), there, rest, node.field(token))
    return mine


def _take_item(desired: Any, live: Any, token: Token, rest: Sequence[Token], node: Node) -> Any:
    """A keyed item comes or goes by itself; a list that is told apart by position is taken whole."""
    if not isinstance(desired, list) or not isinstance(live, list) or isinstance(token, int):
        return copy.deepcopy(live)
    mine, there = keyed(desired, node), keyed(live, node)
    if mine is None or there is None:
        return copy.deepcopy(live)
    items = dict(mine)
    if token not in there:
        items.pop(token, None)
    else:
        items[token] = _take(items.get(token), there[token], rest if token in items else (), node.item())
    return list(items.values())


def merge_patch(before: Body, after: Body) -> dict[str, Any]:
    """RFC 7386: what turns `before` into `after`."""
    patch: dict[str, Any] = {key: None for key in before if key not in after and before[key] is not None}
    for key, value in after.items():
        known = before.get(key)
        if isinstance(known, Mapping) and isinstance(value, Mapping):
            inner = merge_patch(known, value)
            patch.update({key: inner} if inner else {})
        elif key not in before or msgspec.json.encode(known) != msgspec.json.encode(value):
            patch[key] = value
    return patch


def yaml_lines(value: Any, indent: str = "") -> Iterator[str]:
    """Block YAML that every reader takes for the same JSON: whatever could be misread is quoted as in JSON."""
    members: Iterable[tuple[str, Any]]
    if isinstance(value, Mapping):
        members = ((f"{indent}{_scalar(key)}:", member) for key, member in value.items())
    else:
        members = ((f"{indent}-", member) for member in value)
    for start, member in members:
        if isinstance(member, Mapping | list) and member:
            yield start
            yield from yaml_lines(member, f"{indent}  ")
        else:
            yield f"{start} {_scalar(member)}"


def _scalar(value: Any) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    text = msgspec.json.encode(value).decode()
    return _UNSAFE.sub(lambda found: f"\\u{ord(found.group()):04x}", text)
