"""The rows about repairs: latency with many objects guarded, everything deleted at once, memory."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec

from tests.bench import latency, load, mass, processes
from tests.bench.figures import Row, absolute, compared, median, percentile, told
from tests.bench.latency import Sample
from tests.bench.observer import Observer
from tests.bench.wire import Wire
from tests.controlplane import ControlPlane, Helm

BARE, FILES, HELM = "bare", "files", "helm"
_MEMORY_BASE, _MEMORY_EACH = 120.0, 0.003


class Scale(msgspec.Struct, frozen=True):
    """How much of it. `releases` 0 leaves out the helm target."""

    objects: int = 1000
    releases: int = 10
    samples: int = 200
    rounds: int = 1


class Stage(msgspec.Struct, frozen=True, eq=False):
    """A control plane with the same objects in one namespace per target."""

    plane: ControlPlane
    wire: Wire
    manifests: Path
    scale: Scale


async def furnish(plane: ControlPlane, wire: Wire, helm: Helm, folder: Path, scale: Scale) -> Stage:
    """Create everything that is to be guarded."""
    await load.create(wire, BARE, load.objects(scale.objects, BARE))
    await load.create(wire, FILES, load.objects(scale.objects, FILES))
    manifests = load.write_manifests(folder / "manifests", load.objects(scale.objects, FILES))
    if scale.releases:
        await wire.send("POST", "/api/v1/namespaces", {"metadata": {"name": HELM}})
        chart = load.write_chart(folder / "chart", scale.objects // scale.releases)
        await load.install(helm, chart, HELM, scale.releases)
    return Stage(plane, wire, manifests, scale)


class Target(msgspec.Struct, frozen=True, eq=False):
    """A guarded namespace: the process that guards it, and its independent watcher."""

    pid: int
    observer: Observer

    @property
    def name(self) -> str:
        return self.observer.namespace


@contextlib.asynccontextmanager
async def guarded(stage: Stage) -> AsyncIterator[list[Target]]:
    """All targets guarded, and watched: the bare loop first."""
    kubeconfig, count = stage.plane.admin_kubeconfig, stage.scale.objects
    async with contextlib.AsyncExitStack() as stack:
        pids = [await stack.enter_async_context(processes.bare(stage.plane, BARE, 16))]
        arguments = {FILES: ("-f", str(stage.manifests), "-n", FILES), HELM: ("--helm", "-n", HELM)}
        names = [FILES, HELM] if stage.scale.releases else [FILES]
        for name in names:
            guard = await stack.enter_async_context(processes.drift(kubeconfig, count, *arguments[name]))
            pids.append(guard.pid)
        observers = [await stack.enter_async_context(Observer(stage.wire, name)) for name in (BARE, *names)]
        yield [Target(*pair) for pair in zip(pids, observers, strict=True)]


async def latencies(stage: Stage, targets: Sequence[Target]) -> list[Row]:
    """Single changes, one after the other."""
    before = [processes.cpu_seconds(target.pid) for target in targets]
    found = await latency.measure(stage.wire, [target.observer for target in targets], stage.scale.samples)
    spent = [
        (processes.cpu_seconds(target.pid) - was) / stage.scale.samples * 1000
        for target, was in zip(targets, before, strict=True)
    ]
    rows: list[Row] = []
    for target, samples, cpu in zip(targets[1:], found[1:], spent[1:], strict=True):
        name = f"{stage.scale.objects:,} objects, {target.name}"
        rows += _rows(name, found[0], samples)
        rows.append(told(f"{name}: CPU per repair", f"{cpu:.1f} ms", f"{spent[0]:.1f} ms"))
    return rows


def _rows(name: str, bare: Sequence[Sample], samples: Sequence[Sample]) -> list[Row]:
    rows = []
    for label, of in (("acknowledged", _acknowledged), ("seen", _seen)):
        ours, theirs = [of(sample) for sample in samples], [of(sample) for sample in bare]
        for share, most in ((0.5, 3.0), (0.99, 10.0)):
            what = f"{name}: change {label} -> repaired, p{share * 100:.0f} of {len(ours)}"
            rows.append(compared(what, percentile(theirs, share), percentile(ours, share), "ms", most))
    return rows


def _acknowledged(sample: Sample) -> float:
    return sample.from_acknowledged


def _seen(sample: Sample) -> float:
    return sample.from_seen


def memory(stage: Stage, targets: Sequence[Target]) -> list[Row]:
    """Resident memory of each process."""
    most = _MEMORY_BASE + _MEMORY_EACH * stage.scale.objects
    what = f"{stage.scale.objects:,} objects"
    return [
        absolute(f"{what}, {target.name}: memory", processes.resident(target.pid), "MB", most) for target in targets[1:]
    ]


async def wipes(stage: Stage, targets: Sequence[Target]) -> list[Row]:
    """Everything deleted at once, in turn against each target."""
    seconds: dict[str, list[float]] = {target.name: [] for target in targets}
    for _ in range(stage.scale.rounds):
        for target in targets:
            seconds[target.name].append(await mass.wipe(stage.wire, target.observer))
    bare = median(seconds.pop(BARE))
    what = f"{stage.scale.objects:,} objects deleted at once"
    return [
        compared(f"{what}, {name}: all back (bare: 16 at a time)", bare, median(took), "s", 1.2)
        for name, took in seconds.items()
    ]


async def wipe_slowly(stage: Stage) -> Row:
    """Time the bare loop that writes one object at a time, alone."""
    async with processes.bare(stage.plane, BARE, 1), Observer(stage.wire, BARE) as observer:
        took = [await mass.wipe(stage.wire, observer) for _ in range(stage.scale.rounds)]
    return told(f"{stage.scale.objects:,} objects deleted at once: bare, 1 at a time", "", f"{median(took):.2f} s")
