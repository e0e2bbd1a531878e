"""The ways in which an object comes to be, and by whom the server then believes it is owned."""

import contextlib
import json
from collections.abc import Awaitable, Callable, Sequence

from drift.core.errors import ClusterError
from tests.controlplane import ControlPlane
from tests.controlplane.programs import ControlPlaneError
from tests.fidelity.server import Json, Server, at_once

# As Helm 4 does, as Helm 3 does, and as people do.
MODES = ("ssa", "post", "create", "apply")


async def make(mode: str, plane: ControlPlane, server: Server, objects: Sequence[Json]) -> None:
    """Create the objects; those that the server refuses are not there afterwards."""
    if mode == "ssa":
        await _each(server.apply, objects)
    elif mode == "post":
        await _each(server.create, objects)
    else:
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
        with contextlib.suppress(ControlPlaneError):  # it goes on behind what was refused
            plane.kubectl(mode, "--validate=false", "-f", "-", input=text)


async def _each(write: Callable[[Json, str], Awaitable[Json]], objects: Sequence[Json]) -> None:
    async def one(body: Json) -> None:
        with contextlib.suppress(ClusterError):
            await write(body, "helm")

    await at_once(one(body) for body in objects)
