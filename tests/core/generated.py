"""Hypothesis strategies: JSON values under a schema of every list and map type, and edits of them."""

import random
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from tests.core.examples import custom

_ITEM = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "zone": {"type": "string", "default": "a"},
        "size": {"x-kubernetes-int-or-string": True, "pattern": "[KMGTPE]i"},
        "flag": {"type": "boolean"},
        "words": {"type": "array", "items": {"type": "string"}},
    },
}
_KEYS = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name", "zone"]}
_KEEP = {"x-kubernetes-preserve-unknown-fields": True}

SCHEMA = custom(
    {
        "text": {"type": "string"},
        "count": {"type": "integer"},
        "flag": {"type": "boolean"},
        "keyed": {"type": "array", "items": _ITEM, **_KEYS},
        "ordered": {"type": "array", "items": _ITEM},
        "set": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
        "map": {"type": "object", "additionalProperties": {"type": "string"}},
        "atomic": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "x-kubernetes-map-type": "atomic",
        },
        "any": {"type": "object", **_KEEP},
    }
)

texts = st.text(max_size=6)
scalars = st.one_of(texts, st.integers(-(2**53), 2**53), st.booleans())
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
quantities = st.one_of(st.integers(0, 5000), st.sampled_from(["1", "1000m", "1Gi", "1024Mi", "0.5", "500m", "2"]))


def _item(name: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"name": st.just(name)},
        optional={"size": quantities, "flag": st.booleans(), "words": st.lists(texts, max_size=3)},
    )


def _items(names: list[str]) -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.tuples(*(_item(name) for name in names)).map(list)


specs = st.fixed_dictionaries(
    {},
    optional={
        "text": texts,
        "count": st.integers(-5, 5),
        "flag": st.booleans(),
        "keyed": st.lists(texts, max_size=4, unique=True).flatmap(_items),
        "ordered": st.lists(texts, max_size=4).flatmap(_items),
        "set": st.lists(texts, max_size=4, unique=True),
        "map": st.dictionaries(texts, texts, max_size=4),
        "atomic": st.dictionaries(texts, texts, max_size=4),
        "any": st.dictionaries(texts, anything, max_size=4),
    },
)


def leaves(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Paths of all scalars."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from leaves(member, (*at, key))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from leaves(member, (*at, index))
    else:
        yield at


def another(value: Any) -> Any:
    """A different scalar of the same type."""
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int) else f"{value}x"


def shuffled(value: Any, seed: int) -> Any:
    """The same object with other key orders, and other orders of the keyed list and the set."""
    order = random.Random(seed)  # noqa: S311 - no secret
    if not isinstance(value, dict):
        return value
    keys = list(value)
    order.shuffle(keys)
    result = {key: shuffled(value[key], seed) for key in keys}
    for key in ("keyed", "set"):
        if isinstance(result.get(key), list):
            result[key] = order.sample(result[key], len(result[key]))
    return result
