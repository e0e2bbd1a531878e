"""Sets the switches that people use: pause, resume, approve. All are annotations, written with a precondition."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from drift.cli.connect import namespace_of, open_cluster
from drift.cli.options import Target
from drift.cli.references import find_desired, find_live
from drift.cli.sources import build_sources
from drift.cli.terminal import emit
from drift.cluster import Cluster
from drift.core.annotating import annotating
from drift.core.approval import APPROVE, approval_id, missing_key
from drift.core.assess import Assessment, State
from drift.core.errors import ForbiddenError, NotFoundError, UsageError
from drift.core.gates import PAUSE
from drift.core.objects import ObjectRef
from drift.core.redact import printable
from drift.engine.assessor import Options
from drift.engine.auditor import Auditor
from drift.engine.executor import Executor
from drift.engine.switches import RESUME
from drift.strategy import Plan


async def pause(target: Target, what: str | None, *, control: str | None, seconds: float, why: str) -> int:
    """Pause one object, the namespace, or (with `control`) everything; seconds 0 means until resumed."""
    until = "forever" if seconds == 0 else _time(seconds)
    async with open_cluster(target) as cluster:
        ref = await _switch_of(cluster, target, what, control)
        await annotate(cluster, ref, {PAUSE: f"{until} {why}".strip()}, create=control is not None)
    emit(f"paused: {ref} until {until}\n")
    return 0


async def resume(target: Target, what: str | None, *, control: str | None, seconds: float) -> int:
    """End a pause; with `control` also let the circuit breaker go on for a while."""
    changes: dict[str, str | None] = {PAUSE: None}
    if control is not None:
        changes[RESUME] = _time(seconds)
    async with open_cluster(target) as cluster:
        ref = await _switch_of(cluster, target, what, control)
        await annotate(cluster, ref, changes, create=control is not None)
    emit(f"resumed: {ref}\n")
    return 0


async def approve(target: Target, what: str, *, control: str) -> int:
    """Approve the drift of one object as it is now."""
    async with open_cluster(target) as cluster:
        namespace = namespace_of(cluster, target)
        auditor = Auditor(cluster, Options(), default_namespace=namespace)
        survey = await auditor.survey(build_sources(target, cluster, namespace))
        found = _drift_of(survey.report.assessments, what, namespace)
        if found.uid:
            await annotate(cluster, found.ref, {APPROVE: approval_id(found)})
        else:
            place = ObjectRef("", "Namespace", "", found.ref.namespace or control)
            await annotate(cluster, place, {missing_key(found.ref): approval_id(found)}, create=not found.ref.namespace)
    emit(f"approved: {found.ref}: {_what(found)}\n")
    return 0


def _drift_of(assessments: tuple[Assessment, ...], what: str, namespace: str) -> Assessment:
    ref = find_desired((item.ref for item in assessments), what, namespace)
    found = next(item for item in assessments if item.ref == ref)
    if found.state not in {State.DRIFTED, State.MISSING, State.HELD}:
        raise UsageError(f"{ref} is {found.state}: there is nothing to approve")
    return found


def _what(found: Assessment) -> str:
    return printable(", ".join(item.display for item in found.differences)) or "its recreation"


async def annotate(
    cluster: Cluster, ref: ObjectRef, changes: Mapping[str, str | None], *, create: bool = False
) -> None:
    """Change annotations of one object; `create` makes a missing namespace first. Raises ClusterError."""
    try:
        live = msgspec.json.decode(await cluster.get(ref))
    except (NotFoundError, ForbiddenError):
        if not create:
            raise
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": ref.name}}
        written = await cluster.apply(body, ref, manager="daytwo-cli", force=False)
        live = msgspec.json.decode(written.object)
    plan: Plan = annotating(ref, live, changes, "a person asked for it")
    if plan.actions:
        await Executor(cluster).execute(plan)


async def _switch_of(cluster: Cluster, target: Target, what: str | None, control: str | None) -> ObjectRef:
    """The object that carries a switch: the one named, else the control namespace, else the namespace of -n."""
    namespace = namespace_of(cluster, target)
    if what is not None:
        return (await find_live(cluster, what, namespace))[0]
    return ObjectRef("", "Namespace", "", control or namespace)


def _time(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
