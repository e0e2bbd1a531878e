"""The test that the author of the strategy ships: without a cluster, in a few lines."""

from drift.strategy import Plan
from drift.testing import context_of
from small_drifts import Small, SmallSettings  # type: ignore[import-not-found, unused-ignore]

HEAD = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "b"}}


def planned(data: dict[str, str], settings: SmallSettings) -> Plan:
    desired, live = {**HEAD, "data": {"x": "1", "y": "2"}}, {**HEAD, "data": data}
    return Small().plan(context_of(desired, live), settings)  # type: ignore[no-any-return, unused-ignore]


def test_a_small_drift_is_reverted_and_a_large_one_held() -> None:
    assert planned({"x": "1", "y": "3"}, SmallSettings()).actions
    assert planned({"x": "2", "y": "3"}, SmallSettings()).hold is not None
    assert planned({"x": "2", "y": "3"}, SmallSettings(fields=2)).actions
