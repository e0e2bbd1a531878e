"""The limits within which repair may act: windows, blockers, budget, lock, people. One document, validated whole."""

import re
from collections.abc import Iterator

import msgspec

from drift.core.budget import Limits
from drift.core.errors import UsageError
from drift.core.ownership import HUMAN_MANAGERS, Managers
from drift.core.selectors import parse_selector
from drift.core.windows import Window, check_window


class Prometheus(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Alerts that block. `filter`: regular expression on alert names that do NOT block, as Kured has it.

    `only_firing`: pending alerts do not block. `block_when_unreachable`: what cannot be asked blocks.
    """

    url: str
    filter: str = ""
    only_firing: bool = True
    block_when_unreachable: bool = True


class PodBlocker(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pods whose presence blocks: a label selector, in one namespace or ("") in all."""

    selector: str
    namespace: str = ""


class Lock(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A Lease that lets one disruptive repair run at a time, whoever runs it. `ttl`: seconds."""

    namespace: str = "default"
    name: str = "daytwo-disruption"
    ttl: int = 60


class People(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Field managers behind which people sit, beside the built-in table, and names there that are none (regexes)."""

    human: tuple[str, ...] = ()
    controllers: tuple[str, ...] = ()


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything beside rules and ignore rules. The defaults limit nothing but fights."""

    windows: tuple[Window, ...] = ()
    limits: Limits = Limits()
    prometheus: Prometheus | None = None
    pods: tuple[PodBlocker, ...] = ()
    lock: Lock | None = None
    people: People = People()

    @property
    def managers(self) -> Managers:
        """The table of people, extended."""
        return Managers((*HUMAN_MANAGERS, *self.people.human), self.people.controllers)


def check_policy(policy: Policy) -> Policy:
    """Return the policy as it is. Raises UsageError that names the first value that makes no sense."""
    for window in policy.windows:
        check_window(window)
    for blocker in policy.pods:
        parse_selector(blocker.selector, where="pods: selector")
    for where, pattern in _patterns(policy):
        _check_pattern(where, pattern)
    for wrong, message in _faults(policy):
        if wrong:
            raise UsageError(message)
    return policy


def _patterns(policy: Policy) -> Iterator[tuple[str, str]]:
    if policy.prometheus is not None:
        yield "prometheus: filter", policy.prometheus.filter
    yield from (("people: human", pattern) for pattern in policy.people.human)
    yield from (("people: controllers", pattern) for pattern in policy.people.controllers)


def _check_pattern(where: str, pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise UsageError(f"{where}: {pattern!r} is no regular expression: {error}") from error


def _faults(policy: Policy) -> Iterator[tuple[bool, str]]:
    limits, prometheus, lock = policy.limits, policy.prometheus, policy.lock
    for name in ("per_minute", "per_hour", "breaker_minimum"):
        yield getattr(limits, name) < 0, f"limits: {name} must not be negative; 0 is no limit"
    for name in ("max_share", "max_shrink"):
        yield not 0 <= getattr(limits, name) <= 1, f"limits: {name} is a share from 0 to 1, such as 0.3"
    if prometheus is not None:
        told = f"prometheus: {prometheus.url!r} is no address; write one like http://prometheus.monitoring:9090"
        yield not re.match(r"https?://[^/]", prometheus.url), told
    if lock is not None:
        yield lock.ttl <= 0, "lock: ttl must be at least 1 second"
