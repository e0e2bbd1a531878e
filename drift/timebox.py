"""Runs what nobody vouches for in a thread of its own, for so long and no longer.

Python cannot end a thread. What overruns is abandoned and asked to stop by an exception, which ends a loop in Python
code but not one in C; `busy` tells whether it still runs, so that callers do not pile up more of it.
"""

import asyncio
import ctypes
import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast

_T = TypeVar("_T")


class OvertimeError(Exception):
    """The call did not return in time; `run` is what may still be running."""

    def __init__(self, run: "Run[Any]") -> None:
        super().__init__("did not return in time")
        self.run = run


class FailedError(Exception):
    """The call raised; the cause is its exception, which may be a SystemExit."""


class _Interrupted(SystemExit):
    """What is raised inside an abandoned call: threads end by it silently."""


class Run(Generic[_T]):
    """One call in one daemon thread, which never keeps the process from ending."""

    def __init__(self, call: Callable[[], _T], done: Callable[[], None] = lambda: None) -> None:
        """Start at once; `done` is called in the thread when the call has ended, however it ended."""
        self._call = call
        self._done = done
        self._value: _T | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="plugin", daemon=True)
        self._thread.start()

    def _work(self) -> None:
        try:
            self._value = self._call()
        except BaseException as error:  # noqa: BLE001 - a plugin may raise anything
            self._error = error
        self._done()

    @property
    def busy(self) -> bool:
        """Whether the call still runs."""
        return self._thread.is_alive()

    def wait(self, seconds: float) -> None:
        """Block until it has ended, at most so long."""
        self._thread.join(seconds)

    def result(self) -> _T:
        """Return what the call returned. Raises FailedError."""
        if self._error is not None:
            raise FailedError(type(self._error).__name__) from self._error
        return cast("_T", self._value)

    def abandon(self) -> OvertimeError:
        """Ask the call to stop, and return the error to raise."""
        if self._thread.ident is not None:
            target = ctypes.c_ulong(self._thread.ident)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(target, ctypes.py_object(_Interrupted))
        return OvertimeError(self)


def within(seconds: float, call: Callable[[], _T]) -> _T:
    """Call, and block for it. Raises OvertimeError or FailedError."""
    run = Run(call)
    run.wait(seconds)
    if run.busy:
        raise run.abandon()
    return run.result()


async def awaited_within(seconds: float, call: Callable[[], _T]) -> _T:
    """Call without blocking the loop. Raises OvertimeError or FailedError."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()

    def done() -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(ended.set)

    run = Run(call, done)
    try:
        await asyncio.wait_for(ended.wait(), seconds)
    except TimeoutError:
        raise run.abandon() from None
    return run.result()
