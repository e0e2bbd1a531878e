"""How long a change lives: one change after the other, in turn against each target, seen by an independent watcher."""

import asyncio
import random
import time
from collections.abc import Sequence
from typing import Any

import msgspec

from tests.bench.observer import Key, Observer
from tests.bench.wire import KINDS, Wire

_GIVE_UP = 20.0
_MANAGER = "?fieldManager=kubectl-edit"
_STRATEGIC = "application/strategic-merge-patch+json"
_EDITS: dict[str, tuple[Any, ...]] = {
    "ConfigMap": ({"data": {"key-0": "edited"}}, {"data": {"key-1": None}}),
    "Service": ({"spec": {"selector": {"app.kubernetes.io/name": "nobody"}}},),
    "Deployment": (
        {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "nginx:latest"}]}}}},
        {"spec": {"replicas": 7}},
    ),
}
_DEBUG = [{"name": "web", "image": "nginx:latest", "env": [{"name": "DEBUG", "value": "1"}]}]
_ADDITION = {"spec": {"template": {"spec": {"containers": _DEBUG}}}}


class Sample(msgspec.Struct, frozen=True):
    """One change and its repair, in monotonic seconds. `write`: DELETE or PATCH."""

    write: str
    kind: str
    sent: float
    acknowledged: float
    seen: float
    repaired: float

    @property
    def from_acknowledged(self) -> float:
        """Milliseconds; below 0 where the repair was visible before the server had answered the change."""
        return (self.repaired - self.acknowledged) * 1000

    @property
    def from_seen(self) -> float:
        """Milliseconds between two events of the same watch."""
        return (self.repaired - self.seen) * 1000


class NotRepairedError(Exception):
    """A change was not repaired; the text says which."""


def choose(keys: Sequence[Key], count: int, seed: int) -> list[Key]:
    """Different objects of all kinds, in an order that is the same in every run."""
    chosen = list(keys)
    random.Random(seed).shuffle(chosen)  # noqa: S311 - for spread, not for secrets
    return chosen[:count]


async def change(wire: Wire, observer: Observer, key: Key, number: int) -> Sample:
    """Delete (even numbers) or edit (odd ones) one object, and wait for its repair."""
    kind, name = KINDS[key[0]], key[1]
    path = kind.path(observer.namespace, name)
    edits = _EDITS[kind.kind]
    expected, sent = observer.expect(key), time.monotonic()
    if number % 2:
        content = _STRATEGIC if kind.kind == "Deployment" else "application/merge-patch+json"
        await wire.send("PATCH", path + _MANAGER, edits[number // 2 % len(edits)], content_type=content)
    else:
        await wire.send("DELETE", path)
    acknowledged = time.monotonic()
    repaired = await _within(expected.repaired, f"{kind.kind} {observer.namespace}/{name}")
    assert expected.seen is not None
    return Sample("PATCH" if number % 2 else "DELETE", kind.kind, sent, acknowledged, expected.seen, repaired)


async def add(wire: Wire, observer: Observer, name: str) -> None:
    """Edit the image of a Deployment and add a variable by hand, and wait until both are undone."""
    expected = observer.expect(("Deployment", name))
    path = KINDS["Deployment"].path(observer.namespace, name) + _MANAGER
    await wire.send("PATCH", path, _ADDITION, content_type=_STRATEGIC)
    await _within(expected.repaired, f"Deployment {observer.namespace}/{name}")


async def _within(repaired: "asyncio.Future[float]", what: str) -> float:
    try:
        return await asyncio.wait_for(repaired, _GIVE_UP)
    except TimeoutError:
        raise NotRepairedError(f"{what} was not repaired within {_GIVE_UP:.0f} s") from None


async def measure(wire: Wire, observers: Sequence[Observer], count: int, *, seed: int = 1) -> list[list[Sample]]:
    """Return `count` samples for each target; the targets take turns, so that noise hits them alike."""
    samples: list[list[Sample]] = [[] for _ in observers]
    chosen = [choose(observer.keys, count, seed) for observer in observers]
    for number in range(count):
        for observer, keys, mine in zip(observers, chosen, samples, strict=True):
            mine.append(await change(wire, observer, keys[number], number))
    return samples
