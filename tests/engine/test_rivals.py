"""A writer that never gives up: bounded, named, harmless to everything else, and outlived."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drift.core.objects import ObjectRef
from drift.core.reasons import Reason
from drift.engine.records import Held, Repaired
from tests.controlplane import ControlPlane, Helm
from tests.engine.conftest import GuardMaker
from tests.engine.harness import edit
from tests.engine.test_hard_cases import Release, config_map, ref
from tests.waiting import until


@pytest.fixture
def release(helm4: Helm, namespace: str, folder: Path) -> Release:
    release = Release(helm4, namespace, folder)
    release.install(config_map(), config_map("sibling"))
    return release


@contextmanager
def rival(plane: ControlPlane, found: ObjectRef) -> Iterator[list[int]]:
    """Write five times a second; yields the growing list of what was written."""
    stop, written = threading.Event(), list[int]()

    def fight() -> None:
        while not stop.wait(0.2):
            written.append(len(written))
            edit(plane, found, {"data": {"a": f"evil-{len(written)}"}}, manager="rival-operator")

    thread = threading.Thread(target=fight)
    thread.start()
    try:
        yield written
    finally:
        stop.set()
        thread.join()


def test_rival_is_named_and_costs_few_writes_and_nobody_else_any(guard: GuardMaker, release: Release) -> None:
    running, found = guard(), ref(release.namespace, "ConfigMap")
    sibling = ref(release.namespace, "ConfigMap", name="sibling")
    mark = running.mark()
    with rival(running.plane, found) as written:
        until("twenty writes of the rival", lambda: len(written) >= 20)
        edit(running.plane, sibling, {"data": {"a": "evil"}})
        assert mark.first(Repaired, sibling).seconds < 1.0
    held = mark.first(Held, found)
    assert held.hold.reason is Reason.FIGHT
    assert "rival-operator" in held.hold.message
    assert held.hold.retry_after <= 70
    assert 2 <= len(mark.writes(found)) <= 5
    assert len(mark.of(Held, found)) == 1, "told once, not twenty times"

    # It has stopped: what it wrote last is repaired as soon as the score allows it, without another event.
    running.mark()  # as if the time had passed
    running.ask(lambda: running.engine.service._queue.add(found))
    until("the last word is ours", lambda: running.live(found)["data"]["a"] == "b")
