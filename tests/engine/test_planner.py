"""Whatever a strategy does, only its object is held: it raises, hangs, answers nonsense, or was never loaded."""

import asyncio
import time
from collections.abc import Callable
from typing import Any, ClassVar

import msgspec
import pytest

from drift.core.errors import ForbiddenError
from drift.core.plan import HoldVerdict
from drift.engine.needs import Needs
from drift.engine.planner import Broken, Planner
from drift.engine.questions import Questions
from drift.strategy import (
    Apply,
    Context,
    Delete,
    Need,
    NoSettings,
    ObjectRef,
    Patch,
    Plan,
    Question,
    Reason,
    deletion,
    guarded,
    recreate,
    revert,
)
from tests.plugins.examples import NONE, edited, missing

OTHER = ObjectRef("", "Secret", "kube-system", "token")


class Theirs:
    """A strategy of somebody else, which does what a test wants."""

    name: ClassVar[str] = "theirs"
    protocol: ClassVar[int] = 1
    Settings: ClassVar[type[msgspec.Struct]] = NoSettings

    def __init__(self, act: Callable[[Context], Any]) -> None:
        self._act = act

    def plan(self, context: Context, settings: msgspec.Struct) -> Plan:
        del settings
        return self._act(context)  # type: ignore[no-any-return]


def planner(**options: Any) -> Planner:
    settings: dict[str, Any] = {"trusted": frozenset(), "limit": 0.3, **options}
    return Planner(**settings)


async def planned(act: Callable[[Context], Any], given: Context | None = None, **options: Any) -> Plan:
    given = edited() if given is None else given
    return await planner(**options).plan("theirs", Theirs(act), NONE, given)


def held(plan: Plan) -> HoldVerdict:
    assert (plan.actions, plan.fallback, plan.last_resort) == ((), (), ())
    assert plan.hold is not None
    return plan.hold


async def test_a_good_plan_is_taken_from_anybody() -> None:
    assert (await planned(revert)).actions
    assert (await planned(recreate, missing())).actions


def raising(error: BaseException) -> Callable[[Context], Any]:
    def act(_: Context) -> Any:
        raise error

    return act


@pytest.mark.parametrize("error", [ValueError("hunter2"), SystemExit(3), KeyboardInterrupt(), MemoryError()])
async def test_what_raises_is_held_by_the_kind_of_its_error(error: BaseException) -> None:
    hold = held(await planned(raising(error)))
    assert hold == HoldVerdict(Reason.PLUGIN_FAILED, f"strategy theirs failed: {type(error).__name__}", 60.0)


async def test_a_built_in_that_raises_is_held_too() -> None:
    hold = held(await planned(raising(ValueError("hunter2")), trusted=None))
    assert hold.message == "strategy theirs failed: ValueError"


def foreign_apply(_: Context) -> Plan:
    return Plan("x", (Apply(OTHER, {"kind": "Secret"}, "daytwo"),))


def other_body(context: Context) -> Plan:
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "token", "namespace": "kube-system"}}
    return Plan("x", (Apply(context.ref, body, "daytwo"),))


def unbound_apply(context: Context) -> Plan:
    return Plan("x", (Apply(context.ref, context.desired, "daytwo"),))


def unbound_patch(context: Context) -> Plan:
    return Plan("x", (Patch(context.ref, ({"op": "remove", "path": "/spec"},)),))


def stale_delete(context: Context) -> Plan:
    return Plan("x", (), (), (Delete(context.ref, "another", "1"),))


def creating_again(context: Context) -> Plan:
    return Plan("x", (Apply(context.ref, context.desired, "daytwo", creates=True),))


NONSENSE: dict[str, tuple[Callable[[Context], Any], str]] = {
    "nothing": (lambda _: None, "strategy theirs answered NoneType, not a Plan"),
    "a list": (lambda _: Plan("x", [deletion(edited())]), "strategy theirs gave list as the actions of its plan"),  # type: ignore[arg-type]
    "no reason": (lambda _: Plan(None), "strategy theirs gave NoneType as the reason of its plan"),  # type: ignore[arg-type]
    "a hold in words": (lambda _: Plan("x", hold="later"), "strategy theirs gave str as the hold of its plan"),  # type: ignore[arg-type]
    "no action": (lambda _: Plan("x", ("rm -rf",)), "strategy theirs planned str, which is no action"),  # type: ignore[arg-type]
    "another object": (
        foreign_apply,
        "strategy theirs planned to write Secret kube-system/token, and was asked about Deployment.apps shop/web",
    ),
    "another body": (
        other_body,
        "strategy theirs planned to apply the body of Secret shop/token to Deployment.apps shop/web",
    ),
    "any state, apply": (unbound_apply, "strategy theirs planned without the uid and resourceVersion of what it saw"),
    "any state, patch": (unbound_patch, "strategy theirs planned without the uid and resourceVersion of what it saw"),
    "any state, delete": (stale_delete, "strategy theirs planned without the uid and resourceVersion of what it saw"),
    "what exists": (creating_again, "strategy theirs planned to create an object that exists"),
}


@pytest.mark.parametrize("case", NONSENSE)
async def test_nonsense_is_held_and_named(case: str) -> None:
    act, message = NONSENSE[case]
    assert held(await planned(act)).message == message


async def test_a_patch_bound_to_the_state_is_taken() -> None:
    assert (await planned(lambda c: Plan("x", (guarded(c, [{"op": "remove", "path": "/spec/paused"}]),)))).actions


async def test_what_a_plugin_changes_by_mistake_is_its_own() -> None:
    given = edited()

    def act(context: Context) -> Plan:
        context.desired["spec"]["replicas"] = 0
        assert context.live is not None
        context.live["metadata"]["uid"] = "x"
        return Plan("mischief")

    await planned(act, given)
    assert given.desired["spec"]["replicas"] == 2
    assert given.live is not None
    assert given.live["metadata"]["uid"] == "u-1"


def loop(_: Context) -> Plan:
    while True:
        pass


def test_a_plan_that_loops_for_ever_is_ended_and_others_go_on() -> None:
    async def main() -> tuple[HoldVerdict, float]:
        ours = planner()
        endless = asyncio.create_task(ours.plan("theirs", Theirs(loop), NONE, edited()))
        begun, longest = time.monotonic(), 0.0
        while not endless.done():
            at = time.monotonic()
            await asyncio.sleep(0.01)
            longest = max(longest, time.monotonic() - at)
            assert time.monotonic() - begun < 5.0
        assert (await ours.plan("theirs", Theirs(revert), NONE, missing(revision="4"))).hold is None
        return held(endless.result()), longest

    hold, longest = asyncio.run(main())
    assert hold.message == "strategy theirs took longer than 0.3 s"
    assert longest < 0.25


async def test_a_call_that_does_not_come_back_is_not_piled_up() -> None:
    ours, calls = planner(limit=0.05), []

    def sleeping(context: Context) -> Plan:
        calls.append(context.ref)
        time.sleep(1.0)
        return Plan("late")

    strategy = Theirs(sleeping)
    for _ in range(3):
        message = held(await ours.plan("theirs", strategy, NONE, edited())).message
    assert message == "strategy theirs has not come back from an earlier call"
    for number in range(8):
        ref = ObjectRef("apps", "Deployment", "shop", f"web-{number}")
        held(await ours.plan("theirs", strategy, NONE, edited(ref=ref)))
    assert len(calls) == 4


async def test_a_broken_strategy_holds_with_its_line() -> None:
    hold = held(await planner().plan("gone", Broken("strategy gone (acme 1.2): cannot be imported"), NONE, edited()))
    assert (hold.reason, hold.message) == (Reason.PLUGIN_FAILED, "strategy gone (acme 1.2): cannot be imported")


class Asking(Theirs):
    def __init__(self, question: Any) -> None:
        super().__init__(lambda context: Plan(f"answered {context.answer}"))
        self._question = question

    def question(self, context: Context, settings: msgspec.Struct) -> Any:
        del context, settings
        return self._question


async def answer(question: Question) -> dict[str, Any]:
    return {"to": question.url}


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        (Question("https://h", {}), "answered {'to': 'https://h'}"),
        (None, "answered None"),
        ("https://h", "strategy theirs asked str, not a Question"),
    ],
)
async def test_questions_are_asked_for_the_strategy(question: Any, reason: str) -> None:
    ours = planner(questions=Questions(answer))
    assert (await ours.plan("theirs", Asking(question), NONE, edited())).reason == reason


async def test_where_nobody_may_ask_the_object_is_held() -> None:
    plan = await planner().plan("theirs", Asking(Question("https://h/?token=x", {})), NONE, edited())
    assert held(plan).message == "strategy theirs wants to ask https://h, and nothing here may"


class Needing(Theirs):
    needs = (Need("budgets", "policy", "PodDisruptionBudget", "selects-my-pods"),)


class Forbidding:
    async def resource(self, *_: Any) -> Any:
        raise ForbiddenError("list poddisruptionbudgets in shop: forbidden")


async def test_what_may_not_be_seen_holds_and_is_not_taken_for_nothing() -> None:
    ours = planner(needs=Needs(Forbidding()))  # type: ignore[arg-type]
    hold = held(await ours.plan("theirs", Needing(revert), NONE, edited()))
    assert hold.reason is Reason.FORBIDDEN
    assert "list poddisruptionbudgets in shop" in hold.message
