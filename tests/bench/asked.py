"""What drift asks of the API server, counted by a proxy: at the start, in an idle minute, per repair, per report."""

import asyncio
from collections import Counter
from pathlib import Path

import msgspec

from tests.bench import latency, load, processes
from tests.bench.counting import READS, WRITES, Proxy, counting, total
from tests.bench.observer import Observer
from tests.bench.wire import Wire
from tests.controlplane import ControlPlane, Helm
from tests.demo.guard import report

NAMESPACE = "counted"
_RELEASES, _EACH = 5, 20
_LISTS = ("list",)
_PLAIN, _ADDED = 40, 5


class Figures(msgspec.Struct, frozen=True):
    """Numbers of requests. `idle` is in `seconds`; `writes` and `reads` are per repair."""

    objects: int
    start_lists: int
    start_gets: int
    watches: int
    idle: int
    seconds: float
    writes: float
    reads: float
    writes_added: float


async def measure(plane: ControlPlane, wire: Wire, helm: Helm, folder: Path, *, seconds: float) -> Figures:
    """Guard some releases through the proxy; meant to run beside other measurements, as its load is tiny."""
    chart = load.write_chart(folder / "counted", _EACH)
    await wire.send("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
    for number in range(_RELEASES):
        await asyncio.to_thread(helm.install, f"c{number}", chart, namespace=NAMESPACE)
    objects = _RELEASES * _EACH
    async with counting(plane) as proxy:
        arguments = ("--helm", "-n", NAMESPACE)
        async with processes.drift(proxy.kubeconfig, objects, *arguments), Observer(wire, NAMESPACE) as observer:
            start = Counter(proxy.counts)
            await asyncio.sleep(seconds)
            idle = proxy.since(start)
            plain = await _repairs(wire, observer, proxy)
            added = await _additions(wire, observer, proxy)
    return Figures(
        objects=objects,
        start_lists=total(start, _LISTS),
        start_gets=_gets_of_objects(start),
        watches=total(start, ("watch",)),
        idle=idle.total(),
        seconds=seconds,
        writes=total(plain, WRITES) / _PLAIN,
        reads=total(plain, READS) / _PLAIN,
        writes_added=total(added, WRITES) / _ADDED,
    )


def _gets_of_objects(counts: "Counter[tuple[str, str]]") -> int:
    return total(counts, ("get",))


async def _repairs(wire: Wire, observer: Observer, proxy: Proxy) -> "Counter[tuple[str, str]]":
    before = Counter(proxy.counts)
    for number, key in enumerate(latency.choose(observer.keys, _PLAIN, 7)):
        await latency.change(wire, observer, key, number)
    await _quiet(proxy)
    return proxy.since(before)


async def _additions(wire: Wire, observer: Observer, proxy: Proxy) -> "Counter[tuple[str, str]]":
    """An edit and an addition in one object: two writes, one by the owner and one that removes."""
    before = Counter(proxy.counts)
    untouched = [key for key in observer.keys if key not in latency.choose(observer.keys, _PLAIN, 7)]
    names = [name for kind, name in untouched if kind == "Deployment"]
    for name in names[:_ADDED]:
        await latency.add(wire, observer, name)
    await _quiet(proxy)
    return proxy.since(before)


async def _quiet(proxy: Proxy) -> None:
    """Come back when nothing was asked for a moment: what follows a repair counts too."""
    before = -1
    while before != proxy.counts.total():
        before = proxy.counts.total()
        await asyncio.sleep(0.5)


async def report_requests(plane: ControlPlane, namespace: str) -> "Counter[tuple[str, str]]":
    """Return the requests of one `drift report` over a namespace."""
    async with counting(plane) as proxy:
        await asyncio.to_thread(report, proxy.kubeconfig, "--helm", "-n", namespace)
        return Counter(proxy.counts)
