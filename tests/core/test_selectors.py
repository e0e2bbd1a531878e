import pytest

from drift.core.errors import UsageError
from drift.core.selectors import parse_selector

_LABELS = {"app": "web", "tier": "front", "empty": "", "example.com/x": "1"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        ("app=web", True),
        ("app==web", True),
        ("app = web , tier=front", True),
        ("app=web,tier=back", False),
        ("app!=web", False),
        ("other!=web", True),
        ("app", True),
        ("other", False),
        ("!other", True),
        ("!app", False),
        ("empty=", True),
        ("example.com/x=1", True),
        ("app in (web, api)", True),
        ("app in (api)", False),
        ("app notin (api)", True),
        ("other notin (api)", True),
        ("app in (web),tier notin (back),!other", True),
    ],
)
def test_selectors_are_read_as_kubectl_reads_them(text: str, expected: bool) -> None:
    assert parse_selector(text)(_LABELS) is expected


@pytest.mark.parametrize("text", ["=web", "app=web tier=front", "app in web", "!", "app=(a)", "a=b=c"])
def test_what_cannot_be_read_is_quoted(text: str) -> None:
    with pytest.raises(UsageError, match="--selector"):
        parse_selector(text)
