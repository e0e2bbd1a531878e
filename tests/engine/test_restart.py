"""Starting: what drifted while nobody looked is repaired, and nothing else is written or even asked one by one."""

from pathlib import Path
from typing import Any

import pytest

from drift.core.objects import ObjectRef
from drift.engine.records import Detected, Repaired
from tests.controlplane import Helm
from tests.engine.charts import full_chart, full_refs
from tests.engine.conftest import GuardMaker
from tests.engine.harness import Guard, delete, edit
from tests.waiting import until


@pytest.fixture
def refs(helm: Helm, namespace: str, folder: Path) -> dict[str, ObjectRef]:
    helm.install("web", full_chart(folder, namespace), namespace=namespace)
    return full_refs(namespace)


def everything(guard: Guard, refs: dict[str, ObjectRef]) -> dict[str, Any]:
    return {kind: guard.live(found) for kind, found in refs.items()}


def test_start_over_a_healthy_release_writes_nothing(guard: GuardMaker, refs: dict[str, ObjectRef]) -> None:
    observer = guard(remediate=False, user="observer")
    before = everything(observer, refs)
    first = guard(user="first")
    second = guard(user="second")
    assert everything(observer, refs) == before
    assert not first.writes()
    assert not second.writes()
    assert not [one for one in second.records if isinstance(one, Detected | Repaired)]
    gets = [one for one in second.requests(0) if one.verb == "get" and one.name]
    assert not [one for one in gets if one.name == "web"], "no request per object"


def test_drift_from_before_the_start_is_repaired_and_only_that(guard: GuardMaker, refs: dict[str, ObjectRef]) -> None:
    observer = guard(remediate=False, user="observer")
    before = everything(observer, refs)
    edit(observer.plane, refs["ConfigMap"], {"data": {"colour": "red"}})
    delete(observer.plane, refs["Service"])
    edit(observer.plane, refs["Widget"], {"spec": {"size": 9}})
    running = guard(user="late")
    until("all is repaired", lambda: len([one for one in running.records if isinstance(one, Repaired)]) == 3)
    running.quiet()
    assert len(running.writes()) == 3
    after = everything(observer, refs)
    touched = {kind for kind in refs if after[kind] != before[kind]}
    assert touched == {"ConfigMap", "Service", "Widget"}
    assert running.report().sentence == "In sync: 13 objects."


def test_restart_after_repairs_finds_nothing_to_do(guard: GuardMaker, refs: dict[str, ObjectRef]) -> None:
    running = guard(user="first")
    mark = running.mark()
    for kind in ("Deployment", "Secret", "Role"):
        delete(running.plane, refs[kind])
    mark.repaired(refs["Deployment"], refs["Secret"], refs["Role"])
    again = guard(user="second")
    assert not again.writes()
