"""Wait for a condition with a deadline; never for a length of time."""

import time
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")


def until(what: str, found: Callable[[], _T], *, seconds: float = 10.0) -> _T:
    """Return the first answer that is true; fail with `what` when none came in time."""
    deadline = time.monotonic() + seconds
    while not (answer := found()):
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s in vain: {what}"
        time.sleep(0.01)
    return answer
