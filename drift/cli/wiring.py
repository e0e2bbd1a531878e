"""Puts the parts of the engine together: what `run` and `remediate` share."""

import os
import socket
import time
from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Literal

import msgspec

from drift.cli.audit import assess_options
from drift.cli.connect import namespace_of
from drift.cli.guards import check_runnable, load_guard, namespace_of_guard, unheeded
from drift.cli.options import Target
from drift.cli.rules import read_policy
from drift.cli.sources import build_sources
from drift.cluster import Cluster
from drift.controller.assignment import Assignment, assignment_of
from drift.core.assess import State
from drift.core.errors import PluginError
from drift.core.plan import HoldVerdict
from drift.core.policy import Policy
from drift.core.rules import Rule
from drift.engine.assessor import Assessor, Options
from drift.engine.blockers import blocking_pods
from drift.engine.decider import Decider
from drift.engine.desired_index import DesiredIndex
from drift.engine.gatekeeper import Gatekeeper
from drift.engine.lock import DisruptionLock
from drift.engine.needs import Needs
from drift.engine.planner import Broken, Planner
from drift.engine.questions import Questions
from drift.engine.reconciler import Reconciler
from drift.engine.records import Listener, SourceTroubled
from drift.engine.service import Service, ServiceOptions
from drift.engine.switches import Switches
from drift.notify.ask import ask
from drift.registry import STRATEGIES, Registry
from drift.strategy import Strategy


class Engine(msgspec.Struct, frozen=True, eq=False):
    """The wired parts of a service."""

    service: Service
    reconciler: Reconciler
    index: DesiredIndex
    options: Options

    def counts(self) -> dict[State, int]:
        """Number of desired objects by state; those not looked at yet are Unknown."""
        memories = self.reconciler.tracked
        states = (memories[ref].state if ref in memories else None for ref in self.index.refs())
        return dict(Counter(state or State.UNKNOWN for state in states))


def load_strategies(rules: tuple[Rule, ...], registry: Registry, listener: Listener) -> Mapping[str, Strategy]:
    """Load what the rules name; a broken one is told and holds its objects. Raises UsageError for an unknown name."""
    found: dict[str, Strategy] = {}
    for name in dict.fromkeys(rule.strategy for rule in rules):
        try:
            found[name] = registry.strategy(name)
        except PluginError as error:
            listener(SourceTroubled("plugins", error.reason, str(error)))
            found[name] = Broken(str(error))
    return found


def build_decider(
    cluster: Cluster, rules: tuple[Rule, ...], registry: Registry, listener: Listener, *, patience: float
) -> Decider:
    """Wire the strategies with what they may see and ask. Raises UsageError."""
    strategies = load_strategies(rules, registry, listener)
    built_in = frozenset(plugin.name for plugin in registry.listed(STRATEGIES) if plugin.own)
    planner = Planner(trusted=built_in, needs=Needs(cluster), questions=Questions(ask, patience=patience))
    return Decider(strategies, rules, planner)


def build_engine(
    target: Target,
    cluster: Cluster,
    rules: tuple[Rule, ...],
    listener: Listener,
    *,
    remediate: bool,
    options: ServiceOptions,
) -> Engine:
    """Wire everything for one cluster; nothing starts. Raises UsageError."""
    assignment = assignment_of_target(target, cluster, rules, remediate=remediate)
    return assemble(assignment, cluster, Registry(folder=target.plugins), listener, options)


def assignment_of_target(target: Target, cluster: Cluster, rules: tuple[Rule, ...], *, remediate: bool) -> Assignment:
    """Return what the options ask for. Raises UsageError or DecodeError."""
    namespace = namespace_of(cluster, target)
    return Assignment(
        sources=build_sources(target, cluster, namespace),
        rules=rules,
        policy=read_policy(target.policy),
        compared=assess_options(target),
        remediate=remediate,
        namespace=namespace,
    )


def assignment_of_guard(
    target: Target, path: str, cluster: Cluster, mode: Literal["observe", "remediate"] | None
) -> tuple[Assignment, tuple[str, ...]]:
    """Return what a guard's file asks for, and what of it is not heeded; `mode` wins over the guard's.

    Raises UsageError, DecodeError or SourceError.
    """
    guard = load_guard(path)
    check_runnable(guard, path)
    namespace = namespace_of_guard(guard, target, namespace_of(cluster, target))
    assignment = assignment_of(guard, cluster, namespace, judge=not target.no_dry_run)
    if mode is not None:
        assignment = msgspec.structs.replace(assignment, remediate=mode == "remediate")
    return assignment, unheeded(guard)


def assemble(
    assignment: Assignment, cluster: Cluster, registry: Registry, listener: Listener, options: ServiceOptions
) -> Engine:
    """Wire the engine of one assignment; nothing starts. Raises UsageError."""
    index = DesiredIndex()
    decider = build_decider(cluster, assignment.rules, registry, listener, patience=options.patience)
    switches = Switches(cluster, options.control_namespace)
    gatekeeper = build_gatekeeper(cluster, index, assignment.policy, switches, remediate=assignment.remediate)
    assessor = Assessor(cluster, assignment.compared)
    reconciler = Reconciler(cluster, index, assessor, decider, gatekeeper, listener)
    options = msgspec.structs.replace(options, default_namespace=assignment.namespace)
    service = Service(cluster, assignment.sources, index, reconciler, listener, options, switches)
    return Engine(service, reconciler, index, assignment.compared)


def build_gatekeeper(
    cluster: Cluster, index: DesiredIndex, policy: Policy, switches: Switches, *, remediate: bool
) -> Gatekeeper:
    """Wire the gates with what they may ask."""
    lock = None
    if policy.lock is not None:
        holder = f"{socket.gethostname()}-{os.getpid()}"
        lock = DisruptionLock(cluster, policy.lock, holder, time.time)
    blocker = None
    if policy.prometheus is not None or policy.pods:
        blocker = partial(ask_blockers, cluster, policy)
    return Gatekeeper(index, policy, remediate=remediate, switches=switches, blocker=blocker, lock=lock)


async def ask_blockers(cluster: Cluster, policy: Policy) -> HoldVerdict | None:
    """Return the hold of firing alerts or of pods that block, or None. Raises ClusterError."""
    if policy.prometheus is not None:
        from drift.notify.prometheus import blocking_alerts

        hold = await blocking_alerts(policy.prometheus)
        if hold is not None:
            return hold
    return await blocking_pods(cluster, policy.pods)
