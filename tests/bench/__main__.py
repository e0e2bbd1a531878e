"""`python -m tests.bench [--quick] [--write] [--objects N]`: prints the numbers to hold and their bars.

Exit code 0 whether or not a bar is met (the table says it), 1 when something could not be measured.
"""

import argparse
import asyncio
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import msgspec

from tests.bench import asked, document, figures, noop, repairs, startup
from tests.bench.figures import Row, absolute, compared, told
from tests.bench.latency import NotRepairedError
from tests.bench.repairs import Scale
from tests.bench.wire import RefusedError, Wire
from tests.controlplane import ControlPlane, ControlPlaneError, Helm, find_tools
from tests.controlplane.helm import HelmError
from tests.demo.guard import GuardError, report


class Plan(msgspec.Struct, frozen=True):
    """What one run measures. `large`: a second control plane with so many objects, from manifests."""

    scale: Scale
    large: Scale | None = None
    idle: float = 60.0
    help_rounds: int = 15
    report_rounds: int = 3


QUICK = Plan(Scale(objects=1000, releases=20, samples=200, rounds=2), None, help_rounds=7, report_rounds=1)
FULL = Plan(Scale(objects=1000, releases=100, samples=600, rounds=3), Scale(objects=10_000, releases=100, samples=400))


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description="Measures side by side with a bare loop.")
    parser.add_argument("--quick", action="store_true", help="1,000 objects only, about a minute and a half")
    parser.add_argument("--objects", type=int, default=0, help="guard so many objects instead")
    parser.add_argument("--write", action="store_true", help="update docs/benchmarks.md")
    options = parser.parse_args()
    plan = QUICK if options.quick else FULL
    if options.objects:
        scale = msgspec.structs.replace(plan.scale, objects=options.objects)
        plan = msgspec.structs.replace(plan, scale=scale, large=None)
    began = time.monotonic()
    try:
        rows = asyncio.run(_measure(plan))
    except (ControlPlaneError, HelmError, GuardError, NotRepairedError, RefusedError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    text = _page(rows, time.monotonic() - began, quick=options.quick)
    sys.stdout.write(text + "\n")
    if options.write:
        document.write(text)
    return 0


def _page(rows: list[Row], seconds: float, *, quick: bool) -> str:
    command = "make bench" + (" ARGS=--quick" if quick else "")
    how = (
        f"Obtained with `{command}` on {document.today()} at {document.commit()}, in {seconds:.0f} s, "
        f"on {document.machine()}. Everything shares these cores: etcd, kube-apiserver, the bare loop, drift and the "
        "watcher that measures; a load above 3 means that others had a part of them too. The bare loop "
        "(tests/bench/bare.py) compares nothing: it answers DELETED with POST and any other writer's event with PUT. "
        "Targets take turns, change by change. Half of the changes delete, half edit: ConfigMaps, Services, "
        "Deployments. `files` is `drift run -f`, `helm` is `drift run --helm` on releases that Helm 4 installed."
    )
    return f"{textwrap.fill(how, 116)}\n\n{figures.markdown(rows)}"


def _say(what: str) -> None:
    sys.stderr.write(f"bench: {what} ...\n")
    sys.stderr.flush()


async def _measure(plan: Plan) -> list[Row]:
    rows = [*_startup(plan)]
    with tempfile.TemporaryDirectory(prefix="daytwo-bench-") as folder:
        rows = await _first(plan, Path(folder)) + rows
        if plan.large is not None:
            rows += await _large(plan.large, Path(folder, "large"))
    return rows


def _startup(plan: Plan) -> list[Row]:
    _say("drift --help against import click")
    importing, helping = startup.measure(plan.help_rounds)
    return [compared("`drift --help` (against: `python -c 'import click'`)", importing, helping, "ms", 2.0)]


async def _first(plan: Plan, folder: Path) -> list[Row]:
    _say("starting the control plane")
    with ControlPlane() as plane:
        async with Wire(plane.url, plane.folder / "ca.crt", plane.folder / "admin.pem") as wire:
            helm = Helm(find_tools() / "helm4", plane.admin_kubeconfig)
            counted = asyncio.create_task(asked.measure(plane, wire, helm, folder, seconds=plan.idle))
            try:
                rows = await _repairs(plan, plane, wire, helm, folder)
                rows += _noop(await noop.fetched(wire))
                _say("requests of an idle minute, of the start and per repair")
                return rows + _asked(await counted)
            finally:
                counted.cancel()
                await asyncio.gather(counted, return_exceptions=True)


async def _repairs(plan: Plan, plane: ControlPlane, wire: Wire, helm: Helm, folder: Path) -> list[Row]:
    scale = plan.scale
    _say(f"creating {scale.objects:,} objects for each target, {scale.releases} of them releases")
    stage = await repairs.furnish(plane, wire, helm, folder, scale)
    rows = await _report(plan, plane) if scale.releases else []
    async with repairs.guarded(stage) as targets:
        rows += repairs.memory(stage, targets)
        _say(f"{scale.samples} changes against each of {len(targets)} targets in turn")
        rows = await repairs.latencies(stage, targets) + rows
        _say("everything deleted at once")
        rows += await repairs.wipes(stage, targets)
    return [*rows, await repairs.wipe_slowly(stage)]


async def _report(plan: Plan, plane: ControlPlane) -> list[Row]:
    scale = plan.scale
    _say("drift report over all releases")
    seconds = [await asyncio.to_thread(_report_once, plane) for _ in range(plan.report_rounds)]
    counts = await asked.report_requests(plane, repairs.HELM)
    lists = sum(number for (verb, _), number in counts.items() if verb == "list")
    others = counts.total() - lists
    what = f"`drift report` over {scale.releases} releases, {scale.objects:,} objects"
    return [
        told(what, f"{figures.median(seconds):.2f} s"),
        absolute(f"{what}: lists", lists, "", 4, "one per kind, and the releases"),
        told(f"{what}: other requests", f"{others} (discovery, schema)"),
    ]


def _report_once(plane: ControlPlane) -> float:
    began = time.monotonic()
    done = report(plane.admin_kubeconfig, "--helm", "-n", repairs.HELM)
    if done.returncode:
        raise GuardError(f"drift report ended with {done.returncode}: {done.stdout[:500]}{done.stderr[:500]}")
    return time.monotonic() - began


def _noop(raw: bytes) -> list[Row]:
    decode, handle, skim, size = noop.measure(raw)
    what = f"no-op event of a {size / 1000:.0f} KB Deployment"
    return [
        compared(f"{what} (against: its partial decode)", decode, handle, "us", 2.0),
        told(f"{what}: decode of its metadata alone", f"{skim:.1f} us"),
    ]


def _asked(found: asked.Figures) -> list[Row]:
    per_watch = found.idle / found.seconds * 60 / found.watches
    start = f"{found.start_lists} lists, {found.watches} watches, {found.start_gets} gets of objects"
    return [
        absolute("requests per watch in an idle minute", per_watch, "", 1, f"{found.watches} watches"),
        told(f"requests of a start with {found.objects} objects", start),
        absolute("writes per repair", found.writes, "", 1),
        absolute("writes per repair with additions removed too", found.writes_added, "", 2),
        told("reads per repair of a helm release", f"{found.reads:.1f} (by metadata: is the revision still current)"),
    ]


async def _large(scale: Scale, folder: Path) -> list[Row]:
    _say(f"a new control plane for {scale.objects:,} objects")
    with ControlPlane() as plane:
        async with Wire(plane.url, plane.folder / "ca.crt", plane.folder / "admin.pem") as wire:
            helm = Helm(find_tools() / "helm4", plane.admin_kubeconfig)
            stage = await repairs.furnish(plane, wire, helm, folder, scale)
            async with repairs.guarded(stage) as targets:
                rows = repairs.memory(stage, targets)
                _say(f"{scale.samples} changes against each target")
                return await repairs.latencies(stage, targets) + rows


if __name__ == "__main__":
    sys.exit(main())
