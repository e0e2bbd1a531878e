"""Label selectors as kubectl writes them: `a=b,c!=d,key,!key,x in (a,b),y notin (c)`."""

import re
from collections.abc import Callable, Mapping

from drift.core.errors import UsageError

Labels = Mapping[str, str]
_PART = re.compile(
    r"\s*(?:(?P<set>[\w./-]+)\s+(?P<op>in|notin)\s*\((?P<values>[^()]*)\)"
    r"|(?P<key>[\w./-]+)\s*(?P<eq>==|=|!=)\s*(?P<value>[\w.-]*)"
    r"|(?P<absent>!)?\s*(?P<exists>[\w./-]+))\s*(?:,|$)"
)


def parse_selector(text: str, *, where: str = "--selector") -> Callable[[Labels], bool]:
    """Return a predicate on labels. Raises UsageError that quotes the selector and says where it stands."""
    tests, position = [], 0
    while position < len(text):
        match = _PART.match(text, position)
        if match is None or match.end() == position:
            raise UsageError(f"{where} {text!r}: cannot be read from {text[position:]!r} on; expected key=value")
        tests.append(_test(match))
        position = match.end()
    return lambda labels: all(test(labels) for test in tests)


def _test(match: re.Match[str]) -> Callable[[Labels], bool]:
    part = match.groupdict()
    if part["set"]:
        values = {value.strip() for value in part["values"].split(",")}
        if part["op"] == "in":
            return lambda labels: labels.get(part["set"]) in values
        return lambda labels: labels.get(part["set"]) not in values
    if part["key"]:
        if part["eq"] == "!=":
            return lambda labels: labels.get(part["key"]) != part["value"]
        return lambda labels: labels.get(part["key"]) == part["value"]
    if part["absent"]:
        return lambda labels: part["exists"] not in labels
    return lambda labels: part["exists"] in labels
