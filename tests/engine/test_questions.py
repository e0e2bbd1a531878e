"""Asking endpoints: a slow one delays only the object it is asked about, and nobody is asked twice for nothing."""

import asyncio
import time
from typing import Any

import pytest

from drift.core.errors import PluginError
from drift.core.plan import HoldVerdict
from drift.core.reasons import Reason
from drift.engine.questions import Questions, host_of
from drift.strategy import Question


class Endpoint:
    """Answers when told to, and counts."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.asked: list[str] = []
        self.error: Exception | None = None

    async def __call__(self, question: Question) -> dict[str, Any]:
        self.asked.append(question.url)
        await self.open.wait()
        if self.error is not None:
            raise self.error
        return {"action": "nothing"}


def question(number: int = 0, **body: Any) -> Question:
    return Question(f"https://user:pass@hook-{number}:8443/secret/path?token=hunter2", body, timeout=5.0)


def hold_of(answer: Any) -> HoldVerdict:
    assert isinstance(answer, HoldVerdict)
    return answer


async def test_a_worker_waits_only_a_moment_and_finds_the_answer_later() -> None:
    endpoint = Endpoint()
    questions = Questions(endpoint, patience=0.02)
    begun = time.monotonic()
    hold = hold_of(await questions.answer(question()))
    assert time.monotonic() - begun < 1.0
    assert (hold.reason, hold.message) == (Reason.BLOCKED, "waits for the answer of https://hook-0:8443")
    assert 0 < hold.retry_after <= 1.0
    endpoint.open.set()
    assert await questions.answer(question()) == {"action": "nothing"}
    assert len(endpoint.asked) == 1


async def test_the_same_question_is_asked_once_and_another_one_anew() -> None:
    endpoint = Endpoint()
    endpoint.open.set()
    questions = Questions(endpoint, patience=1.0)
    for _ in range(5):
        await questions.answer(question(body="same"))
    await questions.answer(question(body="other"))
    assert len(endpoint.asked) == 2


async def test_only_so_many_questions_are_under_way() -> None:
    endpoint = Endpoint()
    questions = Questions(endpoint, patience=0.0, at_once=2)
    holds = [hold_of(await questions.answer(question(number))) for number in range(5)]
    assert [hold.message.partition(":")[0] for hold in holds[2:]] == ["2 questions are being asked already"] * 3
    assert all(hold.retry_after > 0 for hold in holds)
    endpoint.open.set()
    await asyncio.gather(*questions._running.values())
    await questions.answer(question(4))
    await asyncio.gather(*questions._running.values())
    assert await questions.answer(question(4)) == {"action": "nothing"}
    assert len(endpoint.asked) == 3


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (PluginError("https://hook-0:8443 answered 500, not 200"), "https://hook-0:8443 answered 500, not 200"),
        (ValueError("hunter2"), "https://hook-0:8443 cannot be asked: ValueError"),
        (TimeoutError(), "https://hook-0:8443 did not answer in 5 s"),
    ],
)
async def test_a_failure_holds_and_is_not_repeated_at_once(error: Exception, message: str) -> None:
    endpoint = Endpoint()
    endpoint.open.set()
    endpoint.error = error
    questions = Questions(endpoint, patience=1.0)
    for _ in range(3):
        hold = hold_of(await questions.answer(question()))
        assert hold == HoldVerdict(Reason.PLUGIN_FAILED, message, 15.0)
    assert len(endpoint.asked) == 1


async def test_an_endpoint_that_ignores_its_time_limit_is_cut_off() -> None:
    endpoint = Endpoint()
    questions = Questions(endpoint, patience=5.0)
    hold = hold_of(await questions.answer(Question("https://h", {}, timeout=-0.95)))
    assert hold.reason is Reason.PLUGIN_FAILED


def test_what_is_shown_of_an_address_holds_no_token() -> None:
    assert host_of(question()) == "https://hook-0:8443"
    assert host_of(Question("https://h:port/", {})) == "the hook"
