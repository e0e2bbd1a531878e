"""Asks endpoints on behalf of strategies, so that a slow one delays only the object it is asked about.

A question is a task of its own: a worker waits for it for a moment and then takes other objects; the object is looked
at again and finds the answer. Answers and failures are remembered for a short while, by the whole question.
"""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from drift.core.errors import PluginError
from drift.core.plan import HoldVerdict
from drift.core.reasons import Reason
from drift.strategy import Question

Asker = Callable[[Question], Awaitable[Mapping[str, Any]]]
Answer = Mapping[str, Any] | HoldVerdict
_AT_ONCE = 8
_ANSWER_AGE, _FAILURE_AGE = 30.0, 15.0
_LOOK_AGAIN = 0.5
_IN_LINE = 1.0
_MOST = 1024
_ENCODER = msgspec.json.Encoder(order="sorted")


class Questions:
    """What is being asked now, and what was answered lately."""

    def __init__(self, asker: Asker, *, patience: float = 0.25, at_once: int = _AT_ONCE) -> None:
        """`patience`: seconds that a worker waits; `at_once`: questions under way at the same time."""
        self._asker = asker
        self._patience = patience
        self._at_once = at_once
        self._running: dict[str, asyncio.Task[Answer]] = {}
        self._answers: OrderedDict[str, tuple[float, Answer]] = OrderedDict()

    async def answer(self, question: Question) -> Answer:
        """Return the answer, or the hold of an object that has none (yet). Raises nothing but cancellation."""
        key = hashlib.sha256(_ENCODER.encode(question)).hexdigest()
        known = self._answers.get(key)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        task = self._running.get(key)
        if task is None:
            if len(self._running) >= self._at_once:
                message = f"{len(self._running)} questions are being asked already: {host_of(question)} is in line"
                return HoldVerdict(Reason.BLOCKED, message, _IN_LINE)
            task = self._running[key] = asyncio.create_task(self._ask(key, question))
        done, _ = await asyncio.wait({task}, timeout=self._patience)
        if done:
            return task.result()
        return HoldVerdict(Reason.BLOCKED, f"waits for the answer of {host_of(question)}", _LOOK_AGAIN)

    async def _ask(self, key: str, question: Question) -> Answer:
        try:
            answer = await self._asked(question)
        finally:
            self._running.pop(key, None)
        age = _FAILURE_AGE if isinstance(answer, HoldVerdict) else _ANSWER_AGE
        self._answers[key] = time.monotonic() + age, answer
        self._answers.move_to_end(key)
        while len(self._answers) > _MOST:
            self._answers.popitem(last=False)
        return answer

    async def _asked(self, question: Question) -> Answer:
        try:
            return await asyncio.wait_for(self._asker(question), question.timeout + 1.0)
        except PluginError as error:
            message = str(error)
        except TimeoutError:
            message = f"{host_of(question)} did not answer in {question.timeout:g} s"
        except Exception as error:  # noqa: BLE001 - asking must harm nothing but the object it was for
            message = f"{host_of(question)} cannot be asked: {type(error).__name__}"
        return HoldVerdict(Reason.PLUGIN_FAILED, message, _FAILURE_AGE)


def host_of(question: Question) -> str:
    """Return scheme and host: paths, queries and user parts may hold tokens."""
    try:
        parts = urlsplit(question.url)
        return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
    except ValueError:
        return "the hook"
