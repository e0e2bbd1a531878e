"""The yardstick: a bare watch-and-write loop, as lean as Python can make it.

It compares nothing and asks nobody: a deleted object is created again by POST, an event of any other writer is
answered by PUT of the body it began with. Everything drift does on top of this has a price, and this shows it.
"""

import argparse
import asyncio
import sys
from pathlib import Path
from typing import Any

import msgspec

from tests.bench.wire import KINDS, Event, Kind, RefusedError, Wire

_SERVER_OWNED = ("uid", "resourceVersion", "creationTimestamp", "managedFields", "generation")
_ADDRESSES = ("clusterIP", "clusterIPs")  # a Service gets others: asking for the old ones may need a second try


class _Metadata(msgspec.Struct, rename="camel"):
    name: str
    resource_version: str


class _Head(msgspec.Struct):
    metadata: _Metadata


_HEAD = msgspec.json.Decoder(_Head)


class Loop:
    """Guards one namespace, with so many writes at a time."""

    def __init__(self, wire: Wire, namespace: str, concurrency: int) -> None:
        self._wire = wire
        self._namespace = namespace
        self._gate = asyncio.Semaphore(concurrency)
        self._bodies: dict[tuple[str, str], dict[str, Any]] = {}
        self._writing: set[tuple[str, str]] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Remember what is there, say so, and guard it until killed."""
        versions = [await self._remember(kind) for kind in KINDS.values()]
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        async with asyncio.TaskGroup() as group:
            for kind, version in zip(KINDS.values(), versions, strict=True):
                group.create_task(self._follow(kind, version))

    async def _remember(self, kind: Kind) -> str:
        listing = msgspec.json.decode(await self._wire.send("GET", kind.path(self._namespace)))
        group = kind.api.removeprefix("/apis/").removeprefix("/api/")
        for item in listing["items"]:
            body = {"apiVersion": group, "kind": kind.kind, **item}
            body.pop("status", None)
            for name in _SERVER_OWNED:
                body["metadata"].pop(name, None)
            for name in _ADDRESSES:
                body.get("spec", {}).pop(name, None)
            self._bodies[kind.kind, body["metadata"]["name"]] = body
        return str(listing["metadata"]["resourceVersion"])

    async def _follow(self, kind: Kind, version: str) -> None:
        path = kind.path(self._namespace)
        while True:
            async for _, event in self._wire.watch(path, version):
                metadata = _HEAD.decode(event.object).metadata
                version = metadata.resource_version
                key = (kind.kind, metadata.name)
                if event.type in {"MODIFIED", "DELETED"} and key not in self._writing and key in self._bodies:
                    self._answer(kind, event, metadata)

    def _answer(self, kind: Kind, event: Event, metadata: _Metadata) -> None:
        key = (kind.kind, metadata.name)
        self._writing.add(key)  # until the echo of our own write can be told from the next change
        task = asyncio.create_task(self._write(kind, event.type == "DELETED", metadata))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: self._writing.discard(key))

    async def _write(self, kind: Kind, gone: bool, metadata: _Metadata) -> None:
        body = self._bodies[kind.kind, metadata.name]
        try:
            async with self._gate:
                if gone:
                    await self._wire.send("POST", kind.path(self._namespace), body)
                    return
                own = {**body["metadata"], "resourceVersion": metadata.resource_version}
                path = kind.path(self._namespace, metadata.name)
                await self._wire.send("PUT", path, {**body, "metadata": own})
                await asyncio.sleep(0.005)  # the echo of a PUT may come after its answer
        except RefusedError as error:
            sys.stderr.write(f"{error}\n")


async def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--ca", type=Path, required=True)
    parser.add_argument("--pem", type=Path, required=True)
    parser.add_argument("--namespace", required=True)
    parser.add_argument("--concurrency", type=int, default=16)
    given = parser.parse_args()
    async with Wire(given.url, given.ca, given.pem) as wire:
        await Loop(wire, given.namespace, given.concurrency).run()


if __name__ == "__main__":
    asyncio.run(_main())
