"""Desired objects: every base, with random optional fields that the server accepts, in a random spelling."""

import copy
from collections.abc import Sequence
from random import Random
from typing import Any

from drift.core.errors import ClusterError
from tests.fidelity.bases import bases, named
from tests.fidelity.changes import at
from tests.fidelity.grow import Grower, Step
from tests.fidelity.server import Json, Server, at_once
from tests.fidelity.spell import Speller

_GROWTH = 5


async def generated(server: Server, seed: int, tag: str) -> list[Json]:
    """All objects of a seed, named for a tag; the same seed gives the same objects."""
    made = await at_once(_object(server, body, Random(f"{seed}/{number}"), tag) for number, body in enumerate(bases()))  # noqa: S311
    return list(made)


async def _object(server: Server, base: Json, random: Random, tag: str) -> Json:
    resource = await server.resource(base)
    body = named(base, tag, namespaced=resource.namespaced)
    schema = await server.schema(body)
    accepted = await _accepted(server, body)
    for path, value in Grower(server, random).proposals(body, schema, _GROWTH):
        grown = with_value(body, path, value)
        answer = await _accepted(server, grown)
        if answer is not None and not lost(value, at(answer, path)):
            body, accepted = grown, answer
    if accepted is None or seedless(random):
        return body
    return Speller(server, random).respelled(body, schema, accepted)


def seedless(random: Random) -> bool:
    """One in ten stays as it was written."""
    return random.random() < 0.1


async def _accepted(server: Server, body: Json) -> Json | None:
    try:
        return await server.create(body, "fidelity", dry_run=True)
    except ClusterError:
        return None


def lost(value: Any, there: Any) -> bool:
    """Whether the server took a value without keeping it, as it silently does where a feature gate is off."""
    if isinstance(value, dict) and isinstance(there, dict):
        return any(lost(member, there.get(key)) for key, member in value.items())
    if isinstance(value, list) and isinstance(there, list) and len(value) == len(there):
        return any(lost(one, other) for one, other in zip(value, there, strict=True))
    return there is None and _says(value)


def _says(value: Any) -> bool:
    if isinstance(value, dict | list):
        return any(_says(member) for member in (value.values() if isinstance(value, dict) else value))
    return bool(value)


def with_value(body: Json, path: Sequence[Step], value: Any) -> Json:
    """A copy with one more field."""
    result = copy.deepcopy(body)
    place: Any = result
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return result
