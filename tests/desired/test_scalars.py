"""Every row of the measured table: what sigs.k8s.io/yaml yields, and what kubectl then reads back."""

from typing import Any

import pytest

from desired.decode import decode_documents
from drift.core.errors import DecodeError

SCALARS: list[tuple[str, Any]] = [
    ("y", True),
    ("Y", True),
    ("n", False),
    ("N", False),
    ("yes", True),
    ("No", False),
    ("on", True),
    ("OFF", False),
    ("0o777", 511),
    ("0O17", 15),
    ("017", 15),
    ("08", 8),
    ("09", 9),
    ("0X1f", 31),
    ("0B11", 3),
    ("012345678", 12345678),
    ("22:22", "22:22"),
    ("1:30", "1:30"),
    ("190:20:30", "190:20:30"),
    ("1:30.5", "1:30.5"),
    ("12:30:45", "12:30:45"),
    ("1e3", 1000),
    ("1E3", 1000),
    ("1e+3", 1000),
    ("1.e3", 1000),
    ("1.5e3", 1500),
    ("12e03", 12000),
    ("-.5", -0.5),
    ("+.5", 0.5),
    ("1.0", 1),
    ("-0", 0),
    ("-0.0", 0),
    ("1_000", 1000),
    (".5_0", 0.5),
    ("9223372036854775807", 9223372036854775807),
    ("9223372036854775808", 9223372036854775808.0),
    ("18446744073709551615", 18446744073709551615.0),
    ("18446744073709551616", 18446744073709552000.0),
    ("-9223372036854775809", -9223372036854776000.0),
    ("123456789012345678901234567890", 1.2345678901234568e29),
    ("1.7976931348623157e308", 1.7976931348623157e308),
    ("1e400", "1e400"),
    ("1.2345678901234568e18", 1234567890123456800),
    ("6.02e23", 6.02e23),
    ("1e21", 1e21),
    ("1e20", 1e20),
    ("2024-01-01", "2024-01-01"),
    ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"),
    ("2001-12-14t21:59:43.10-05:00", "2001-12-14t21:59:43.10-05:00"),
    ("=", "="),
    ("<<", "<<"),
    ("~", None),
    ("null", None),
    ("", None),
    ("nULL", "nULL"),
    ("!!binary aGk=", "hi"),
    ("!!str 1", "1"),
    ("!!float 3", 3),
    ("!!int 3", 3),
    ("!custom x", "x"),
    ("!!timestamp 2024-01-01", "2024-01-01"),
    ("'y'", "y"),
    ('"1e3"', "1e3"),
    ("!!null ~", None),
    ("!!bool yes", True),
]


def value_of(text: str) -> Any:
    (document,) = decode_documents(text, file="t.yaml")
    return document.value


@pytest.mark.parametrize(("text", "expected"), SCALARS)
def test_a_scalar_is_what_kubectl_would_send(text: str, expected: object) -> None:
    value = value_of(f"v: {text}\n")["v"]
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize("text", [".inf", "-.inf", ".Inf", ".nan", ".NaN", "!!int x", "!!int 1.5", "!!bool 3",
                                  "!!null x", "!!float 9223372036854775808", "!!binary '*'"])  # fmt: skip
def test_what_go_refuses_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(DecodeError, match=r"^t\.yaml: document 1, line 2: "):
        value_of(f"a: 1\nv: {text}\n")


KEYS = [
    ("1", "1"), ("1e3", "1000"), ("0x10", "16"), ("y", "true"), ("off", "false"), ("2024-01-01", "2024-01-01"),
    ("'y'", "y"), ("1.5", "1.5"), ("1e6", "1e+06"), ("1234567.5", "1.2345675e+06"), ("0.00001", "1e-05"),
    ("1e300", ".inf"), ("-.inf", "-.inf"), (".nan", ".nan"), ("-0.0", "-0"), ("!!str 1", "1"), ("!!int 0x10", "16"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "expected"), KEYS)
def test_a_key_is_the_json_key_that_go_makes(key: str, expected: str) -> None:
    assert value_of(f"{key}: a\n") == {expected: "a"}


@pytest.mark.parametrize("key", ["null", "~", "", "9223372036854775808", "{a: 1}", "[1]"])
def test_a_key_that_json_cannot_have_is_refused(key: str) -> None:
    with pytest.raises(DecodeError, match=r"document 1, line 1: .*key"):
        value_of(f"? {key}\n: a\n")


STRUCTURES: list[tuple[str, Any]] = [
    ("x: &x {a: 1, b: 2}\nz:\n  <<: *x\n  b: 3\n", {"x": {"a": 1, "b": 2}, "z": {"a": 1, "b": 3}}),
    ("x: &x {a: 1}\nw: &w {a: 2, c: 3}\nz:\n  <<: [*x, *w]\n", {"a": 1, "c": 3}),
    ("z:\n  b: 3\n  <<: {a: 1, b: 9}\n", {"a": 1, "b": 9}),
    ("z: {'<<': {a: 1}}\n", {"<<": {"a": 1}}),
    ("z: !!set {x, w}\n", {"x": None, "w": None}),
    ("z: [on, 0o10, 1e3]\n", [True, 8, 1000]),
    ("k: &k 1e3\nz: {*k : x}\n", {"1000": "x"}),
    ("z: |\n  1e3\n", "1e3\n"),
]


@pytest.mark.parametrize(("text", "expected"), STRUCTURES)
def test_a_structure_is_what_kubectl_would_send(text: str, expected: object) -> None:
    value = value_of(text)
    assert (value if expected == value else value["z"]) == expected
