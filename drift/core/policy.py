"""The limits within which repair may act: windows, blockers, budget, lock, people. One document, validated whole."""

import msgspec

from drift.core.budget import Limits
from drift.core.ownership import HUMAN_MANAGERS, Managers
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
    return policy
