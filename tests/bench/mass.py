"""Everything deleted at once: how long until all of it is back."""

import asyncio
import time

from tests.bench.latency import NotRepairedError
from tests.bench.observer import Observer
from tests.bench.wire import KINDS, Wire

_GIVE_UP = 180.0


async def wipe(wire: Wire, observer: Observer) -> float:
    """Delete all three collections at once; return the seconds from the request to the last object's return."""
    expected = [observer.expect(key) for key in observer.keys]
    began = time.monotonic()
    deletions = [wire.send("DELETE", kind.path(observer.namespace)) for kind in KINDS.values()]
    await asyncio.gather(*deletions)
    try:
        async with asyncio.timeout(_GIVE_UP):
            back = await asyncio.gather(*(change.repaired for change in expected))
    except TimeoutError:
        missing = sum(not change.repaired.done() for change in expected)
        raise NotRepairedError(f"{missing} of {len(expected)} objects are not back after {_GIVE_UP:.0f} s") from None
    return max(back) - began
