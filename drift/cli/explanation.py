"""The text of `drift explain`."""

from collections.abc import Iterator

from drift.cli.connect import namespace_of, open_cluster
from drift.cli.logs import describe
from drift.cli.options import Target
from drift.cli.references import find_desired
from drift.cli.repair import PATIENCE, survey
from drift.cli.rules import read_rules
from drift.cli.terminal import emit
from drift.cli.wiring import Engine, build_engine
from drift.core.assess import Difference
from drift.core.gates import CHAIN
from drift.core.objects import ObjectRef
from drift.core.plan import HoldVerdict, summary_of
from drift.core.redact import printable
from drift.core.report import EXIT_DRIFT, EXIT_IN_SYNC
from drift.engine.decider import Decision
from drift.engine.records import silent
from drift.engine.service import ServiceOptions


async def explain(target: Target, what: str, rules: str | None) -> int:
    """Print everything about one object. Returns 0 in sync, 1 drift. Raises DriftError."""
    async with open_cluster(target) as cluster:
        options = ServiceOptions(patience=PATIENCE)
        engine = build_engine(target, cluster, read_rules(rules), silent, remediate=True, options=options)
        await survey(target, cluster, engine)
        ref = find_desired(engine.index.refs(), what, namespace_of(cluster, target))
        sight, decision = await engine.reconciler.explain(ref)
        lines = [f"{ref}: {sight.assessment.state}", *_origin(engine, ref)]
        found = sight.assessment
        lines += _differences("differs", found.differences)
        lines += _differences("no drift", (*found.notes, *found.ignored))
        if decision is not None:
            lines += await _decided(engine, decision)
    emit("".join(f"{printable(line)}\n" for line in lines))
    return EXIT_IN_SYNC if decision is None else EXIT_DRIFT


def _origin(engine: Engine, ref: ObjectRef) -> Iterator[str]:
    desired = engine.index.manifest(ref)
    if desired is not None:
        manifest, state = desired
        yield f"declared by: {state.source}, revision {state.revision}, {manifest.provenance}"
        yield f"restored as: {state.manager}"
        if state.hold is not None:
            yield f"source held: {state.hold.reason}: {state.hold.message}"


def _differences(title: str, differences: tuple[Difference, ...]) -> Iterator[str]:
    for item in differences:
        when = f" at {item.owner.time}" if item.owner and item.owner.time else ""
        why = f" ({item.explanation})" if item.explanation else ""
        yield f"{title}: {describe(item)}{when}{why}"


async def _decided(engine: Engine, decision: Decision) -> list[str]:
    lines = [f"strategy: {decision.strategy or 'none'}: {decision.plan.reason}"]
    lines += [f"plan: {line}" for line in summary_of(decision.plan)]
    if not decision.writes:
        return lines
    words = dict(await engine.reconciler.gate_words(decision))
    return [*lines, *(f"gate {name}: {_word(words.get(name))}" for name, _ in CHAIN)]


def _word(hold: HoldVerdict | None) -> str:
    return "allows" if hold is None else f"holds ({hold.reason}): {hold.message}"
