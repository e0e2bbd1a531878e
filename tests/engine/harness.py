"""The wired engine in a thread of its own, so that a test reads as what a person does, one line after the other."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec

from drift.cli.audit import audit
from drift.cli.connect import open_cluster
from drift.cli.options import Target
from drift.cli.wiring import Engine, build_engine
from drift.core.assess import Assessment
from drift.core.fight import Score
from drift.core.objects import ObjectRef
from drift.core.report import Report
from drift.core.rules import DEFAULT_RULES, Rule
from drift.engine.records import Detected, Failed, Held, Record, Repaired
from drift.engine.service import ServiceOptions
from tests.controlplane import ControlPlane, RequestError
from tests.ledger import Ledger, Request
from tests.waiting import until

_T = TypeVar("_T")
_R = TypeVar("_R", bound=Record)


class Guard:
    """`drift run` on one target, as a user of the API server whom the ledger can tell from everybody else."""

    def __init__(
        self,
        plane: ControlPlane,
        ledger: Ledger,
        target: Target,
        *,
        user: str = "",
        remediate: bool = True,
        rules: tuple[Rule, ...] = DEFAULT_RULES,
    ) -> None:
        self.plane = plane
        self.user = user or f"drift-{target.namespace or 'all'}"
        kubeconfig = target.kubeconfig or str(plane.kubeconfig_for(self.user, ["system:masters"]))
        self.target = msgspec.structs.replace(target, kubeconfig=kubeconfig)
        self.records: list[Record] = []
        self._ledger = ledger
        self._remediate = remediate
        self._rules = rules
        self._begun = ledger.now()
        self._parts: tuple[asyncio.AbstractEventLoop, Engine, asyncio.Task[None]] | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="guard", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        until("the engine runs", lambda: self._parts or self._error)
        until("every source is read and every watch fresh", lambda: self._error or self.engine.service.ready)
        self.quiet()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        loop, _, task = self._wired
        loop.call_soon_threadsafe(task.cancel)
        self._thread.join(10.0)
        assert not self._thread.is_alive(), "the engine does not end"

    @property
    def engine(self) -> Engine:
        return self._wired[1]

    @property
    def _wired(self) -> tuple[asyncio.AbstractEventLoop, Engine, asyncio.Task[None]]:
        assert self._parts is not None, f"the engine did not start: {self._error}"
        return self._parts

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:  # noqa: BLE001 - told by whoever waits
            self._error = error

    async def _main(self) -> None:
        async with open_cluster(self.target) as cluster:
            options = ServiceOptions(workers=8)
            engine = build_engine(
                self.target, cluster, self._rules, self.records.append, remediate=self._remediate, options=options
            )
            task = asyncio.create_task(engine.service.run())
            self._parts = asyncio.get_running_loop(), engine, task
            await asyncio.gather(task, return_exceptions=True)

    def ask(self, question: Callable[[], _T]) -> _T:
        """Answer a question about the engine between two of its steps."""
        loop = self._wired[0]

        async def answer() -> _T:
            return question()

        return asyncio.run_coroutine_threadsafe(answer(), loop).result(10.0)

    def _forgive(self) -> None:
        for memory in self.engine.reconciler.tracked.values():
            memory.score = Score()

    def quiet(self) -> None:
        """Wait until nothing is being looked at or waits to be, and the echo of every write has come."""
        queue, memories = self.engine.service._queue, self.engine.reconciler.tracked
        until(
            "the engine is quiet",
            lambda: self.ask(lambda: queue.idle and all(one.seen >= one.written for one in memories.values())),
        )

    def caught_up(self, *refs: ObjectRef) -> None:
        """Wait until the engine has looked at these objects as they are now."""
        for ref in refs:
            live = self.live(ref)
            version = int(live["metadata"]["resourceVersion"]) if live else 0
            memory = self.engine.reconciler.memory(ref)
            until(f"the engine has seen {ref}", lambda: memory.seen >= version)  # noqa: B023 - asked at once
        self.quiet()

    def mark(self) -> "Mark":
        """Begin a count, of records and of requests, with no fight remembered."""
        self.ask(self._forgive)
        return Mark(self, len(self.records), self._ledger.now())

    @property
    def ever(self) -> "Mark":
        """All that happened since the start: a hold is told once, while it lasts."""
        return Mark(self, 0, self._begun)

    def writes(self, since: int | None = None) -> list[Request]:
        """Every write that the engine tried, by the API server's audit log."""
        return self._ledger.writes(self.user, self._begun if since is None else since)

    def requests(self, since: int) -> list[Request]:
        return self._ledger.requests(self.user, since)

    def report(self, **changes: Any) -> Report:
        """`drift report` of the same target."""
        return asyncio.run(audit(msgspec.structs.replace(self.target, **changes)))

    def live(self, ref: ObjectRef) -> Any:
        """The object as an administrator sees it; None when it is gone."""
        return live(self.plane, ref)


class Mark:
    """What happened since."""

    def __init__(self, guard: Guard, records: int, requests: int) -> None:
        self._guard = guard
        self._records = records
        self.requests = requests

    def of(self, kind: type[_R], ref: ObjectRef | None = None) -> list[_R]:
        """Records of one kind, of all objects or one."""
        found = [record for record in self._guard.records[self._records :] if isinstance(record, kind)]
        return [record for record in found if ref is None or _ref(record) == ref]

    def first(self, kind: type[_R], ref: ObjectRef | None = None, *, seconds: float = 10.0) -> _R:
        """Wait for a record."""
        until(f"{kind.__name__} of {ref}: {self.told()}", lambda: self.of(kind, ref), seconds=seconds)
        return self.of(kind, ref)[0]

    def repaired(self, *refs: ObjectRef) -> None:
        """Wait until all of these were repaired and nothing is left to do."""
        for ref in refs:
            self.first(Repaired, ref)
        self._guard.quiet()

    def writes(self, ref: ObjectRef | None = None) -> list[Request]:
        """Writes since, to all objects or one."""
        found = self._guard.writes(self.requests)
        return [one for one in found if ref is None or (one.namespace, one.name) == (ref.namespace, ref.name)]

    def told(self) -> list[str]:
        """All records in words, for messages."""
        return [_words(record) for record in self._guard.records[self._records :]]


def _ref(record: Record) -> ObjectRef | None:
    found = getattr(record, "assessment", None)
    return found.ref if isinstance(found, Assessment) else getattr(record, "ref", None)


def _words(record: Record) -> str:
    match record:
        case Detected():
            paths = [f"{item.op} {item.display}" for item in record.assessment.differences]
            return f"Detected {record.assessment.ref} {record.assessment.state} {paths}"
        case Held():
            return f"Held {record.assessment.ref} {record.hold.reason}: {record.hold.message}"
        case Failed():
            return f"Failed {record.assessment.ref} {record.reason}: {record.message}"
        case _:
            return f"{type(record).__name__} {_ref(record) or record}"


_PLURALS = {
    "Ingress": "ingresses",
    "NetworkPolicy": "networkpolicies",
    "PersistentVolumeClaim": "persistentvolumeclaims",
    "Endpoints": "endpoints",
    "PriorityClass": "priorityclasses",
}
_VERSIONS = {"autoscaling": "v2"}


def path_of(ref: ObjectRef) -> str:
    """Path of an object in the API."""
    version = _VERSIONS.get(ref.group, "v1")
    root = f"/apis/{ref.group}/{version}" if ref.group else f"/api/{version}"
    plural = _PLURALS.get(ref.kind, f"{ref.kind.lower()}s")
    return f"{root}/namespaces/{ref.namespace}/{plural}/{ref.name}" if ref.namespace else f"{root}/{plural}/{ref.name}"


def report_of(namespace: str, kubeconfig: Path | str) -> Report:
    """`drift report --helm` of a namespace."""
    return asyncio.run(audit(Target(kubeconfig=str(kubeconfig), namespace=namespace, helm=True)))


def live(plane: ControlPlane, ref: ObjectRef) -> Any:
    try:
        return plane.request("GET", path_of(ref))
    except RequestError as error:
        if error.status != 404:
            raise
        return None


def delete(plane: ControlPlane, ref: ObjectRef) -> None:
    plane.request("DELETE", path_of(ref), {"propagationPolicy": "Background"})


def edit(plane: ControlPlane, ref: ObjectRef, change: Any, *, manager: str = "kubectl-edit") -> Any:
    """Change an object as a person with kubectl would: a merge patch, or a list of JSON patch operations."""
    kind = "json-patch" if isinstance(change, list) else "merge-patch"
    path = f"{path_of(ref)}?fieldManager={manager}"
    return plane.request("PATCH", path, change, content_type=f"application/{kind}+json")


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write a folder of files."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder
