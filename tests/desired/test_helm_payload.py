"""The payload of a release: decoded in part, within bounds, never quoted."""

import base64
import gzip
import zlib

import pytest

from desired import helm_payload
from desired.helm_payload import decode_release
from drift.core.errors import DecodeError
from tests.desired.fakes import payload


def test_a_release_is_decoded_from_either_storage() -> None:
    chart = {
        "metadata": {"name": "app", "version": "1.2.3"},
        "files": [
            {"name": "crds/x.yaml", "data": base64.b64encode(b"kind: X\n").decode()},
            {"name": "README.md", "data": "aGk="},
        ],
        "templates": [{"name": "t", "data": "e30="}],
    }
    once = payload("web", 3, "deployed", chart=chart, apply_method="ssa")
    for data in (once, base64.b64encode(once), base64.b64encode(once).decode()):
        release = decode_release(data)
        assert (release.name, release.namespace, release.version, release.status) == ("web", "shop", 3, "deployed")
        assert (release.chart_name, release.chart_version, release.apply_method) == ("app", "1.2.3", "ssa")
        assert release.first_deployed == 1704067200.0
        assert release.last_deployed == 0.0
        assert [(file.name, file.data) for file in release.crds] == [("crds/x.yaml", b"kind: X\n")]


def test_times_of_helm_have_nanoseconds_and_zones() -> None:
    info = {"status": "deployed", "last_deployed": "2024-01-01T01:00:00.123456789+01:00"}
    assert decode_release(payload("web", 1, "", info=info)).last_deployed == pytest.approx(1704067200.123456)


GOOD = payload("web", 1, "deployed")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hunter2",
        b"aHVudGVyMg==",
        GOOD[:-40],
        base64.b64encode(gzip.compress(b"hunter2")),
        base64.b64encode(gzip.compress(b'{"name": 3}')),
        base64.b64encode(gzip.compress(b'{"name": "", "version": 1}')),
        base64.b64encode(gzip.compress(b"[" * 100_000)),
        base64.b64encode(gzip.compress(b'{"name": "hunter2\xff\xfe"}')),
        base64.b64encode(base64.b64decode(GOOD)[:-20]),
        payload("web", 1, "deployed", chart={"files": [{"name": "crds/x", "data": "*"}]}),
    ],
)
def test_damage_is_one_line_without_content(data: bytes) -> None:
    with pytest.raises(DecodeError) as caught:
        decode_release(data)
    assert "hunter2" not in str(caught.value)
    assert str(caught.value).startswith("the payload ")
    assert caught.value.__cause__ is None


def test_decompression_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helm_payload, "_MOST_BYTES", 1000)
    bomb = zlib.compress(b" " * 10_000_000, wbits=31)
    with pytest.raises(DecodeError, match="larger than 1000 bytes"):
        decode_release(base64.b64encode(bomb))
