from decimal import Decimal
from typing import Any

import pytest

from drift.core.nodes import Form
from drift.core.scalars import canonical_scalar, parse_quantity, same_scalar

# What k8s.io/apimachinery's resource.ParseQuantity made of them (v0.36.3).
_GO: list[tuple[str, str | None]] = [
    ("0", "0"), ("-0", "0"), ("00", "0"), ("007", "7"), ("1", "1"), ("+1", "1"), ("-1", "-1"), ("1.", "1"),
    (".5", "0.5"), ("-.5", "-0.5"), ("+.5e2", "50"), (".", "0"), ("+", "0"), ("-", "0"), ("Ki", "0"), ("", None),
    ("1n", "1e-9"), ("1.1n", "2e-9"), ("-1.1n", "-2e-9"), ("0.0000000001", "1e-9"), ("-0.0000000001", "-1e-9"),
    ("1u", "1e-6"), ("0.1m", "1e-4"), ("100m", "0.1"), ("1k", "1e3"), ("1K", None), ("1M", "1e6"), ("1G", "1e9"),
    ("1T", "1e12"), ("1P", "1e15"), ("1E", "1e18"), ("1.5E", "1.5e18"), ("100E", "1e20"), ("1E3", "1000"),
    ("1e3", "1000"), ("1e+3", "1000"), ("1E-3", "0.001"), ("5e-1", "0.5"), ("1.e3", "1000"), ("1e05", "1e5"),
    ("1e-10", "1e-9"), ("1e-400", "1e-9"), ("0e500", "0"), ("1e30", "1e30"), ("1e400", "1e400"), ("1e", None),
    ("1Ee3", None), ("1e3m", None), ("1e3.5", None), ("100EE", None), ("1e1_0", None), ("1Ki", "1024"),
    ("0.5Ki", "512"), ("1.0001Ki", "1024.1024"), ("0.0000001Ki", "0.0001024"), ("1.5Gi", "1610612736"),
    ("1Mi", "1048576"), ("2Ei", "2305843009213693952"), ("7.9999Ei", "9223256744704315123.3024"),
    ("8Ei", "9223372036854775807"), ("9Ei", "9223372036854775807"), ("-16Ei", "-9223372036854775807"),
    ("9223372036854775808", "9223372036854775808"), ("12345678901234567890123456789.5",) * 2,
    ("-85033543371947761014053.40903388957936E20", "-8503354337194776101405340903388957936000000"),
    ("1ki", None), ("1KB", None), ("1i", None), ("0x10", None), ("1,5", None), ("--1", None), ("1.1.1", None),
    (" 1", None), ("1 ", None), ("1_0", None), ("NaN", None), ("infinity", None), ("\u0663", None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), _GO)
def test_quantities_are_read_as_go_reads_them(text: str, value: str | None) -> None:
    parsed = parse_quantity(text)
    assert (parsed is None) is (value is None)
    assert value is None or parsed == Decimal(value)


@pytest.mark.parametrize("text", ["1e1001", "1e-1001", "1e999999999999", "9" * 513])
def test_what_no_server_can_hold_is_no_quantity(text: str) -> None:
    assert parse_quantity(text) is None
    assert not same_scalar(text, "1", Form.QUANTITY)


@pytest.mark.parametrize(
    ("one", "other", "form"),
    [
        (1.0, 1, Form.PLAIN),
        (1.5, "1500m", Form.QUANTITY),
        (1e21, "1e21", Form.QUANTITY),
        (100, "100", Form.QUANTITY),
        ("80", 80, Form.INT_OR_STRING),
        ("25%", "25%", Form.INT_OR_STRING),
        ("YWJj", "YW\nJj\n", Form.BYTES),
        ("2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", Form.TIME),
        ("2026-01-01T00:00:00.500Z", "2026-01-01T00:00:00.5Z", Form.TIME),
        (None, None, Form.QUANTITY),
    ],
)
def test_equal_scalars(one: Any, other: Any, form: Form) -> None:
    assert same_scalar(one, other, form)
    assert same_scalar(other, one, form)


@pytest.mark.parametrize(
    ("one", "other", "form"),
    [
        (True, 1, Form.PLAIN),
        (False, 0, Form.QUANTITY),
        (True, "1", Form.QUANTITY),
        ("1", 1, Form.PLAIN),
        ("1k", "1K", Form.QUANTITY),
        ("080", 80, Form.INT_OR_STRING),
        ("http", "https", Form.INT_OR_STRING),
        ("YWJj", "YWJk", Form.BYTES),
        ("not base64!", "not base64?", Form.BYTES),
        ("2026-01-01", "2026-01-01T00:00:00Z", Form.TIME),
        ("2026-01-01T00:00:00", "2026-01-01T00:00:00Z", Form.TIME),
        ("soon", "later", Form.TIME),
        (None, 0, Form.QUANTITY),
        (None, "", Form.PLAIN),
        ({}, "x", Form.QUANTITY),
    ],
)
def test_different_scalars(one: Any, other: Any, form: Form) -> None:
    assert not same_scalar(one, other, form)
    assert not same_scalar(other, one, form)


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("value", ["1Gi", "80", 80, 1.0, True, None, "YWJj", "2026-01-01T00:00:00Z", "", "\ud800"])
def test_the_canonical_form_is_its_own(form: Form, value: Any) -> None:
    once = canonical_scalar(value, form)
    assert canonical_scalar(once, form) == once
