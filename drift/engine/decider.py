"""Rules choose a strategy, the strategy plans, the gates allow or hold. Pure but for the strategies it was handed."""

from collections.abc import Mapping

import msgspec

from drift.core.assess import Assessment, Difference, State, labels_of
from drift.core.errors import PluginError, UsageError
from drift.core.objects import ObjectRef
from drift.core.plan import Context, HoldVerdict, Plan
from drift.core.reasons import Reason
from drift.core.rules import DEFAULT_RULES, Rule, matches_difference, matches_object
from drift.engine.assessor import Sight
from drift.strategy import Strategy


class Decision(msgspec.Struct, frozen=True, eq=False):
    """What is to be done about one object: write `plan`, unless `hold` says why not.

    `named`: the rule names this very object by kind and name, which is the opt-in for what can do harm.
    """

    sight: Sight
    strategy: str
    plan: Plan
    hold: HoldVerdict | None = None
    named: bool = False

    @property
    def writes(self) -> bool:
        """Whether something would be written if no gate held it."""
        return bool(self.plan.actions)


class Decider:
    """Chooses and plans."""

    def __init__(self, strategies: Mapping[str, Strategy], rules: tuple[Rule, ...] = DEFAULT_RULES) -> None:
        """Raises UsageError for a rule that names an unknown strategy or wrong settings."""
        self._strategies = strategies
        self._rules = rules
        self._settings = [self._checked(rule) for rule in rules]

    def _checked(self, rule: Rule) -> msgspec.Struct:
        strategy = self._strategies.get(rule.strategy)
        if strategy is None:
            known = ", ".join(sorted(self._strategies)) or "none"
            raise UsageError(f"rule: unknown strategy {rule.strategy!r}; known strategies: {known}")
        try:
            return msgspec.convert(dict(rule.settings), strategy.Settings)
        except msgspec.ValidationError as error:
            raise UsageError(f"rule: settings of strategy {rule.strategy!r}: {error}") from None

    def decide(self, sight: Sight, *, manager: str, last_seen: Mapping[str, object] | None = None) -> Decision:
        """Plan for a drifted or missing object; a strategy that fails harms only this object."""
        if sight.assessment.state is State.MISSING:
            return self._missing(sight, manager, last_seen)
        groups = self._groups(sight.assessment, sight)
        decision = Decision(sight, "", Plan("no rule matches"), HoldVerdict(Reason.NO_STRATEGY, "no rule matches"))
        for number, differences in groups.items():
            others = tuple(item for item in sight.assessment.differences if item not in differences)
            decision = self._planned(number, self._context(sight, manager, differences, others, None), sight)
            if decision.writes:
                return decision
        return decision

    def _missing(self, sight: Sight, manager: str, last_seen: Mapping[str, object] | None) -> Decision:
        labels = labels_of(sight.manifest.body)
        for number, rule in enumerate(self._rules):
            if _speaks_of(rule, "missing") and matches_object(rule, sight.manifest.ref, labels):
                return self._planned(number, self._context(sight, manager, (), (), last_seen), sight)
        return Decision(sight, "", Plan("no rule matches"), HoldVerdict(Reason.NO_STRATEGY, "no rule matches"))

    def _groups(self, assessment: Assessment, sight: Sight) -> dict[int, tuple[Difference, ...]]:
        """Differences by the number of the first rule that matches each, in rule order."""
        labels = labels_of(sight.manifest.body)
        found: dict[int, tuple[Difference, ...]] = {}
        for difference in assessment.differences:
            owner = difference.owner.manager if difference.owner else ""
            for number, rule in enumerate(self._rules):
                if (
                    _speaks_of(rule, "modified")
                    and matches_object(rule, assessment.ref, labels)
                    and matches_difference(rule, difference.path, owner)
                ):
                    found[number] = (*found.get(number, ()), difference)
                    break
        return dict(sorted(found.items()))

    def _context(
        self,
        sight: Sight,
        manager: str,
        differences: tuple[Difference, ...],
        others: tuple[Difference, ...],
        last_seen: Mapping[str, object] | None,
    ) -> Context:
        manifest, assessment = sight.manifest, sight.assessment
        explained = tuple(note for note in assessment.notes if note.op != "added" and note.fact not in sight.taught)
        return Context(
            ref=manifest.ref,
            source=manifest.provenance.source,
            revision=manifest.provenance.revision,
            desired=manifest.body,
            live=sight.live,
            schema=sight.schema,
            manager=manager,
            differences=differences,
            left_alone=(*assessment.ignored, *explained, *(item for item in others if item.op != "added")),
            last_seen=last_seen,
        )

    def _planned(self, number: int, context: Context, sight: Sight) -> Decision:
        rule = self._rules[number]
        strategy = self._strategies[rule.strategy]
        try:
            plan = strategy.plan(context, self._settings[number])
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything and harms only its object
            hold = HoldVerdict(Reason.PLUGIN_FAILED, f"strategy {rule.strategy} failed: {type(error).__name__}", 60.0)
            return Decision(sight, rule.strategy, Plan("the strategy failed"), hold)
        if not isinstance(plan, Plan):
            raise PluginError(f"strategy {rule.strategy} answered {type(plan).__name__}, not a Plan")
        return Decision(sight, rule.strategy, plan, named=_names(rule, context.ref))


def _speaks_of(rule: Rule, change: str) -> bool:
    return not rule.changes or change in rule.changes


def _names(rule: Rule, ref: ObjectRef) -> bool:
    """Whether a rule names an object without a pattern."""
    kinds = {ref.kind, f"{ref.kind}.{ref.group}"}
    return ref.name in rule.names and any(kind in kinds for kind in rule.kinds)
