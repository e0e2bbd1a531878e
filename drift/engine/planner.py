"""Gets a plan out of a strategy: hands it what it needs, asks what it wants asked, and survives whatever it does.

Built-in strategies are called directly. Anybody else's runs in a thread with a time limit, on copies, and what it
returns is checked. Whatever goes wrong holds that one object, with a reason in one line.
"""

import copy
from collections.abc import Callable, Container
from typing import Any, ClassVar, TypeVar

import msgspec

from drift.core.contract import plan_fault
from drift.core.errors import ClusterError
from drift.core.objects import ObjectRef
from drift.core.plan import Context, HoldVerdict, Plan
from drift.core.reasons import Reason
from drift.core.redact import printable
from drift.engine.needs import Needs, unreadable
from drift.engine.questions import Questions, host_of
from drift.strategy import PROTOCOL_VERSION, Question, Strategy
from drift.timebox import FailedError, OvertimeError, Run, awaited_within

_T = TypeVar("_T")
_AGAIN = 60.0
_MOST_STUCK = 4


class _AnySettings(msgspec.Struct, frozen=True):
    """Accepts whatever a rule says."""


class Broken:
    """Stands for a strategy that could not be loaded: its objects are held, and say why."""

    name: ClassVar[str] = ""
    protocol: ClassVar[int] = PROTOCOL_VERSION
    Settings: ClassVar[type[msgspec.Struct]] = _AnySettings

    def __init__(self, error: str) -> None:
        """`error` is the line that the objects are held with."""
        self._error = error

    def plan(self, context: Context, settings: msgspec.Struct) -> Plan:  # noqa: ARG002 - part of the protocol
        """Hold."""
        return _held(self._error)


class _Stop(Exception):  # noqa: N818 - no error: how a step ends the planning
    def __init__(self, plan: Plan) -> None:
        super().__init__(plan.reason)
        self.plan = plan


class Planner:
    """Calls strategies."""

    def __init__(
        self,
        *,
        trusted: Container[str] | None = None,
        needs: Needs | None = None,
        questions: Questions | None = None,
        limit: float = 5.0,
    ) -> None:
        """`trusted`: names of strategies that are called directly (None: all). `limit`: seconds for all others."""
        self._trusted = trusted
        self._needs = needs
        self._questions = questions
        self._limit = limit
        self._stuck: dict[str, list[tuple[ObjectRef, Run[Any]]]] = {}

    async def plan(self, name: str, strategy: Strategy, settings: msgspec.Struct, context: Context) -> Plan:
        """Return the strategy's plan, or one that only holds. Raises nothing but cancellation."""
        try:
            context = await self._with_needs(strategy, context)
            context = await self._with_answer(name, strategy, settings, context)
            plan = await self._call(name, context, lambda given: strategy.plan(given, settings))
        except _Stop as stop:
            return stop.plan
        fault = plan_fault(plan, context)
        return _held(f"strategy {name} {fault}") if fault else plan

    async def _with_needs(self, strategy: Strategy, context: Context) -> Context:
        needs = getattr(strategy, "needs", ())
        if not needs or self._needs is None:
            return context
        try:
            return msgspec.structs.replace(context, related=await self._needs.load(needs, context))
        except ClusterError as error:
            raise _Stop(_held(unreadable(error), error.reason)) from error

    async def _with_answer(self, name: str, strategy: Strategy, settings: msgspec.Struct, context: Context) -> Context:
        ask = getattr(strategy, "question", None)
        if ask is None:
            return context
        question = await self._call(name, context, lambda given: ask(given, settings))
        if question is None:
            return context
        if not isinstance(question, Question):
            raise _Stop(_held(f"strategy {name} asked {type(question).__name__}, not a Question"))
        if self._questions is None:
            raise _Stop(_held(f"strategy {name} wants to ask {host_of(question)}, and nothing here may"))
        answer = await self._questions.answer(question)
        if isinstance(answer, HoldVerdict):
            raise _Stop(Plan(answer.message, hold=answer))
        return msgspec.structs.replace(context, answer=answer)

    async def _call(self, name: str, context: Context, call: Callable[[Context], _T]) -> _T:
        if self._trusted is None or name in self._trusted:
            try:
                return call(context)
            except Exception as error:
                raise _Stop(_held(_failure(name, error))) from error
        return await self._guarded(name, context, call)

    async def _guarded(self, name: str, context: Context, call: Callable[[Context], _T]) -> _T:
        stuck = self._still_stuck(name)
        if len(stuck) >= _MOST_STUCK or any(ref == context.ref for ref, _ in stuck):
            raise _Stop(_held(f"strategy {name} has not come back from an earlier call"))
        try:
            return await awaited_within(self._limit, lambda: call(_copied(context)))
        except OvertimeError as error:
            stuck.append((context.ref, error.run))
            raise _Stop(_held(f"strategy {name} took longer than {self._limit:g} s")) from error
        except FailedError as error:
            raise _Stop(_held(_failure(name, error.__cause__ or error))) from error

    def _still_stuck(self, name: str) -> list[tuple[ObjectRef, Run[Any]]]:
        self._stuck[name] = [(ref, run) for ref, run in self._stuck.get(name, ()) if run.busy]
        return self._stuck[name]


def _copied(context: Context) -> Context:
    """What a plugin changes by mistake is its own."""
    return msgspec.structs.replace(
        context,
        desired=copy.deepcopy(context.desired),
        live=copy.deepcopy(context.live),
        last_seen=copy.deepcopy(context.last_seen),
        related=copy.deepcopy(context.related),
    )


def _failure(name: str, error: BaseException) -> str:
    """Name the error's kind only: its text may quote what is secret."""
    return printable(f"strategy {name} failed: {type(error).__name__}")


def _held(message: str, reason: Reason = Reason.PLUGIN_FAILED) -> Plan:
    return Plan(message, hold=HoldVerdict(reason, message, _AGAIN))
