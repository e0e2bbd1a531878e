"""What an event costs that changes nothing: the informer's handling against the decoding it cannot avoid."""

import gc
import time
from collections.abc import Callable
from typing import Any, cast

import msgspec

from drift.cluster import Changed, Cluster
from drift.core.assess import State
from drift.core.live import fingerprint
from drift.core.objects import Manifest, ObjectRef, Provenance, Resource
from drift.engine.desired_index import DesiredIndex
from drift.engine.informer import Informer, Scope
from drift.engine.reconciler import Reconciler
from drift.engine.tracking import Observation, Tracked
from drift.source import DesiredState
from tests.bench.figures import median
from tests.bench.wire import KINDS, Body, Wire

_EVENTS, _ROUNDS = 2000, 7
_NAME, _NAMESPACE = "large", "noop"


class _Metadata(msgspec.Struct):
    name: str
    namespace: str
    resourceVersion: str  # noqa: N815 - as the server spells it
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None


class _Head(msgspec.Struct):
    metadata: _Metadata


class _Partial(msgspec.Struct):
    """What a comparison needs, decoded; `managedFields` and `status` are skipped."""

    metadata: _Metadata
    spec: Any


def large(name: str) -> Body:
    """Make a Deployment that is 15 KB on the wire, as a server with some history of it sends it."""
    env = [{"name": f"SETTING_{number:03}", "value": f"value of setting {number}"} for number in range(30)]
    containers = [
        {
            "name": f"container-{number}",
            "image": f"registry.example.com/team/image-{number}:1.2.3",
            "env": env,
            "ports": [{"name": f"http-{number}", "containerPort": 8080 + number}],
            "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        }
        for number in range(3)
    ]
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": containers}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels},
        "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": template},
    }


async def fetched(wire: Wire) -> bytes:
    """Return such a Deployment as the real server serves it, managedFields and status included."""
    await wire.send("POST", "/api/v1/namespaces", {"metadata": {"name": _NAMESPACE}})
    path = KINDS["Deployment"].path(_NAMESPACE)
    await wire.send("POST", f"{path}?fieldManager=helm", large(_NAME))
    conditions = [
        {"type": kind, "status": "True", "reason": "MinimumReplicasAvailable", "message": "has minimum availability"}
        for kind in ("Available", "Progressing")
    ]
    status = {"status": {"replicas": 2, "readyReplicas": 2, "observedGeneration": 1, "conditions": conditions}}
    return await wire.send("PATCH", f"{path}/{_NAME}/status", status)


def measure(raw: bytes) -> tuple[float, float, float, int]:
    """Return microseconds of the partial decode, the informer's `handle` and a metadata-only decode, and the bytes."""
    partial = msgspec.json.Decoder(_Partial)
    head = msgspec.json.Decoder(_Head)
    decode, skim = _timed(partial.decode, [raw] * _EVENTS), _timed(head.decode, [raw] * _EVENTS)
    handle = [_handled(raw) for _ in range(_ROUNDS)]
    return decode, median(handle), skim, len(raw)


def _timed(decode: Callable[[bytes], Any], lines: list[bytes]) -> float:
    found = []
    for _ in range(_ROUNDS):
        gc.collect()
        began = time.process_time()
        for line in lines:
            decode(line)
        found.append((time.process_time() - began) / len(lines) * 1e6)
    return median(found)


def _handled(raw: bytes) -> float:
    """Handle events that differ in status and resourceVersion only, as a rolling Deployment sends them."""
    ref = ObjectRef("apps", "Deployment", _NAMESPACE, _NAME)
    informer, memory, index_stamp = _informer(ref)
    base = msgspec.json.decode(raw)
    number = int(base["metadata"]["resourceVersion"])
    events = []
    for step in range(1, _EVENTS + 1):
        base["metadata"]["resourceVersion"] = str(number + step)
        base["status"]["readyReplicas"] = step % 3
        events.append(Changed("MODIFIED", msgspec.Raw(msgspec.json.encode(base))))
    memory.state = State.IN_SYNC
    memory.verified = (fingerprint(events[0].object), index_stamp)
    gc.collect()
    began = time.process_time()
    for event in events:
        informer.handle(event)
    return (time.process_time() - began) / len(events) * 1e6


def _informer(ref: ObjectRef) -> tuple[Informer, Tracked, int]:
    """An informer that knows one object, what it remembers of it, and the stamp of what is desired."""
    index = DesiredIndex()
    index.put(DesiredState("files:bench", "1", (Manifest(ref, "apps/v1", large(_NAME), Provenance("files:bench")),)))
    reconciler = Reconciler.__new__(Reconciler)  # without a cluster: nothing is to reach it
    reconciler.tracked, reconciler._index = {}, index
    scope = Scope(Resource("apps", "v1", "Deployment", "deployments", namespaced=True), _NAMESPACE)
    nobody = cast("Cluster", None)
    informer = Informer(nobody, scope, index, reconciler, _unexpected, lambda _: None)
    return informer, reconciler.memory(ref), index.stamp(ref)


def _unexpected(ref: ObjectRef, _: Observation) -> None:
    raise AssertionError(f"{ref}: an event that changes nothing went further than the informer")
