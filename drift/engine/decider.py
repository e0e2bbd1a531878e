"""Rules choose a strategy, the strategy plans; nothing is written here, and a strategy that fails harms one object."""

from collections.abc import Mapping

import msgspec

from drift.core.assess import Assessment, Difference, State, labels_of
from drift.core.consent import consents, lists_kind
from drift.core.errors import UsageError
from drift.core.objects import Role
from drift.core.plan import Context, HoldVerdict, Plan
from drift.core.reasons import Reason
from drift.core.rules import DEFAULT_RULES, Rule, matches_difference, matches_object
from drift.engine.assessor import Sight
from drift.engine.planner import Planner
from drift.strategy import Strategy

# What a rule without `changes` is about, unless its strategy says otherwise.
_EDITS = ("missing", "modified")


class Decision(msgspec.Struct, frozen=True, eq=False):
    """What is to be done about one object: write `plan`, unless `hold` says why not.

    `named`: the rule names this very object, which is the opt-in for what can do harm (see `core.consent`);
    `opted`: it names the kind.
    `differences` are those that the plan is about, `proposals` the artifacts of every strategy asked on the way.
    """

    sight: Sight
    strategy: str
    plan: Plan
    hold: HoldVerdict | None = None
    named: bool = False
    opted: bool = False
    differences: tuple[Difference, ...] = ()
    proposals: tuple[str, ...] = ()

    @property
    def writes(self) -> bool:
        """Whether something would be written if no gate held it."""
        return bool(self.plan.actions)


class Decider:
    """Chooses and plans."""

    def __init__(
        self,
        strategies: Mapping[str, Strategy],
        rules: tuple[Rule, ...] = DEFAULT_RULES,
        planner: Planner | None = None,
    ) -> None:
        """Raises UsageError for a rule that names an unknown strategy or wrong settings."""
        self._strategies = strategies
        self._rules = rules
        self._planner = planner or Planner()
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

    async def decide(self, sight: Sight, *, manager: str, last_seen: Mapping[str, object] | None = None) -> Decision:
        """Plan for a drifted, missing or dropped object: the first plan that writes, else the first that holds."""
        if sight.manifest.role is Role.DROPPED:
            return await self._whole(sight, manager, last_seen, "dropped")
        if sight.assessment.state is State.MISSING:
            return await self._whole(sight, manager, last_seen, "missing")
        decisions: list[Decision] = []
        for number, differences in self._groups(sight.assessment, sight).items():
            others = tuple(item for item in sight.assessment.differences if item not in differences)
            context = self._context(sight, manager, differences, others, None)
            decisions.append(await self._planned(number, context, sight))
            if decisions[-1].writes:
                break
        return _chosen(decisions) or _unruled(sight)

    async def _whole(self, sight: Sight, manager: str, last_seen: Mapping[str, object] | None, change: str) -> Decision:
        labels = labels_of(sight.manifest.body)
        for number, rule in enumerate(self._rules):
            if self._speaks_of(rule, change) and matches_object(rule, sight.manifest.ref, labels):
                return await self._planned(number, self._context(sight, manager, (), (), last_seen), sight)
        return Decision(sight, "", Plan("no rule prunes it")) if change == "dropped" else _unruled(sight)

    def _groups(self, assessment: Assessment, sight: Sight) -> dict[int, tuple[Difference, ...]]:
        """Differences by the number of the first rule that matches each, in rule order."""
        labels = labels_of(sight.manifest.body)
        found: dict[int, tuple[Difference, ...]] = {}
        for difference in assessment.differences:
            owner = difference.owner.manager if difference.owner else ""
            for number, rule in enumerate(self._rules):
                if (
                    self._speaks_of(rule, "modified")
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
        explained = tuple(note for note in assessment.notes if not note.surplus and note.fact not in sight.taught)
        return Context(
            ref=manifest.ref,
            source=manifest.provenance.source,
            revision=manifest.provenance.revision,
            desired=manifest.body,
            live=sight.live,
            schema=sight.schema,
            manager=manager,
            differences=differences,
            left_alone=(*assessment.ignored, *explained, *(item for item in others if not item.surplus)),
            last_seen=last_seen,
            dropped=manifest.role is Role.DROPPED,
        )

    async def _planned(self, number: int, context: Context, sight: Sight) -> Decision:
        rule = self._rules[number]
        strategy = self._strategies[rule.strategy]
        plan = await self._planner.plan(rule.strategy, strategy, self._settings[number], context)
        return Decision(
            sight,
            rule.strategy,
            plan,
            plan.hold,
            named=consents(rule, context.ref, dropped=context.dropped),
            opted=lists_kind(rule, context.ref),
            differences=context.differences,
            proposals=(plan.artifact,) if plan.artifact else (),
        )

    def _speaks_of(self, rule: Rule, change: str) -> bool:
        """Whether a rule is about a change; without `changes` it is what the strategy is for."""
        return change in (rule.changes or getattr(self._strategies[rule.strategy], "changes", _EDITS))


def _chosen(decisions: list[Decision]) -> Decision | None:
    if not decisions:
        return None
    held = next((one for one in decisions if one.hold is not None), decisions[-1])
    chosen = decisions[-1] if decisions[-1].writes else held
    proposals = tuple(text for one in decisions for text in one.proposals)
    return msgspec.structs.replace(chosen, proposals=proposals)


def _unruled(sight: Sight) -> Decision:
    return Decision(sight, "", Plan("no rule matches"), HoldVerdict(Reason.NO_STRATEGY, "no rule matches"))
