"""Reads a guard, and refuses one that means nothing, by the name of the field.

What a schema can say stands in the models and is checked by the API server too; here is what a schema cannot say. The
controller checks every guard it reads, for a guard may be older than the CRD's rules.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from drift.config import normalize_time
from drift.controller.clauses import SELECTS_NOTHING, IgnoreRule
from drift.controller.model import API_VERSION, ClusterDriftGuard, DriftGuard, Guard, GuardSpec, LabelSelector
from drift.controller.words import only_one
from drift.core.errors import UsageError
from drift.core.selectors import parse_selector
from drift.core.windows import check_window

_KINDS: Mapping[str, type[DriftGuard | ClusterDriftGuard]] = {
    "DriftGuard": DriftGuard,
    "ClusterDriftGuard": ClusterDriftGuard,
}
_PLACE = re.compile(r"(?P<what>.*?)(?: - at `(?P<key>key in )?\$(?P<path>[^`]*)`)?", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>[^`]*)`")
_MISSING = re.compile(r"Object missing required field `(?P<name>[^`]*)`")
Fault = tuple[str, str]


def read_guard(document: object) -> Guard:
    """Return the guard that a decoded document is. Raises UsageError that names the field."""
    if not isinstance(document, Mapping):
        raise UsageError("a guard is a mapping with apiVersion, kind, metadata and spec")
    kind = _KINDS.get(str(document.get("kind")))
    if document.get("apiVersion") != API_VERSION or kind is None:
        raise UsageError(f"a guard has apiVersion {API_VERSION} and kind {' or '.join(_KINDS)}")
    try:
        guard: Guard = msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        raise UsageError(_explained(str(error))) from None
    check_guard(guard)
    return guard


def check_guard(guard: Guard) -> None:
    """Raise UsageError for the first thing in a guard that cannot be meant."""
    for field, message in _faults(guard):
        raise UsageError(f"spec.{field}: {message}")


def _faults(guard: Guard) -> Iterable[Fault]:
    spec = guard.spec
    yield from _source_faults(spec)
    yield from _selector_faults(guard)
    yield from _ignore_faults(spec.ignore)
    for index, window in enumerate(spec.windows):
        yield from _raised(f"windows[{index}]", lambda: check_window(window))  # noqa: B023 - called at once
    for index, pods in enumerate(spec.pods):
        yield from _raised(f"pods[{index}].selector", lambda: parse_selector(pods.selector, where="selector"))  # noqa: B023
    yield from _pattern_faults(spec)


def _source_faults(spec: GuardSpec) -> Iterable[Fault]:
    source = spec.source
    yield from _one("source", {"helm": source.helm, "chart": source.chart, "manifests": source.manifests})
    if helm := source.helm:
        yield from _one("source.helm", {"release": helm.release, "selector": helm.selector, "all": helm.all})
        if helm.all is False:
            yield "source.helm.all", "may only be true"
    if given := source.manifests:
        yield from _one("source.manifests", {"inline": given.inline, "configMapRef": given.config_map_ref})


def _one(field: str, given: Mapping[str, object]) -> Iterable[Fault]:
    if sum(value is not None for value in given.values()) != 1:
        yield field, only_one(tuple(given))


def _selector_faults(guard: Guard) -> Iterable[Fault]:
    helm = guard.spec.source.helm
    if helm and helm.selector:
        yield from _requirement_faults("source.helm.selector", helm.selector)
    chosen = guard.spec.namespace_selector if isinstance(guard, ClusterDriftGuard) else None
    if chosen is not None:
        yield from _requirement_faults("namespaceSelector", chosen)
        if helm is None:
            yield "namespaceSelector", "chooses namespaces of Helm releases: give source.helm, or leave it out"


def _requirement_faults(field: str, selector: LabelSelector) -> Iterable[Fault]:
    for index, item in enumerate(selector.match_expressions):
        if (item.operator in {"In", "NotIn"}) != bool(item.values):
            yield f"{field}.matchExpressions[{index}].values", f"{item.operator} needs {_values(item.operator)}"


def _values(operator: str) -> str:
    return "at least one value" if operator in {"In", "NotIn"} else "no values"


def _ignore_faults(rules: tuple[IgnoreRule, ...]) -> Iterable[Fault]:
    for index, rule in enumerate(rules):
        if not any((rule.kinds, rule.names, rule.namespaces, rule.labels, rule.paths, rule.owners)):
            yield f"ignore[{index}]", SELECTS_NOTHING
        if rule.expires:
            yield from _raised(f"ignore[{index}].expires", lambda: normalize_time(rule.expires))  # noqa: B023


def _pattern_faults(spec: GuardSpec) -> Iterable[Fault]:
    patterns = [("prometheus.filter", spec.prometheus.filter)] if spec.prometheus else []
    if spec.people:
        patterns += [(f"people.human[{index}]", text) for index, text in enumerate(spec.people.human)]
        patterns += [(f"people.controllers[{index}]", text) for index, text in enumerate(spec.people.controllers)]
    for field, text in patterns:
        yield from _raised(field, lambda: re.compile(text))  # noqa: B023 - called at once


def _raised(field: str, check: Callable[[], Any]) -> Iterable[Fault]:
    try:
        check()
    except (UsageError, ValueError) as error:  # re.error is a ValueError only from Python 3.13 on
        yield field, str(error)
    except re.error as error:
        yield field, f"is no regular expression: {error}"


def _explained(message: str) -> str:
    """Say with the field in front what msgspec found."""
    found = _PLACE.fullmatch(message)
    what, path = (found["what"], found["path"] or "") if found else (message, "")
    path = path.removeprefix(".")
    for pattern, words in ((_UNKNOWN, "unknown field"), (_MISSING, "is missing")):
        if match := pattern.fullmatch(what):
            return f"{'.'.join(part for part in (path, match['name']) if part)}: {words}"
    return f"{path or 'guard'}: {what[:1].lower()}{what[1:]}"
