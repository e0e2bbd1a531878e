"""Puts the parts of the engine together: what `run` and `remediate` share."""

from collections import Counter
from collections.abc import Mapping

import msgspec

from drift.cli.audit import assess_options
from drift.cli.connect import namespace_of
from drift.cli.options import Target
from drift.cli.sources import build_sources
from drift.cluster import Cluster
from drift.core.assess import State
from drift.core.rules import Rule
from drift.engine.assessor import Assessor, Options
from drift.engine.decider import Decider
from drift.engine.desired_index import DesiredIndex
from drift.engine.reconciler import Reconciler
from drift.engine.records import Listener
from drift.engine.service import Service, ServiceOptions
from drift.registry import Registry
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


def load_strategies(rules: tuple[Rule, ...]) -> Mapping[str, Strategy]:
    """Load what the rules name. Raises UsageError for an unknown strategy, PluginError for a broken one."""
    registry = Registry()
    return {name: registry.strategy(name) for name in dict.fromkeys(rule.strategy for rule in rules)}


def build_engine(
    target: Target,
    cluster: Cluster,
    rules: tuple[Rule, ...],
    listener: Listener,
    *,
    remediate: bool,
    options: ServiceOptions,
) -> Engine:
    """Wire everything for one cluster; nothing starts. Raises UsageError or PluginError."""
    index = DesiredIndex()
    namespace = namespace_of(cluster, target)
    decider = Decider(load_strategies(rules), rules)
    compared = assess_options(target)
    reconciler = Reconciler(
        cluster, index, Assessor(cluster, compared), decider, remediate=remediate, listener=listener
    )
    options = msgspec.structs.replace(options, default_namespace=namespace)
    service = Service(cluster, build_sources(target, cluster, namespace), index, reconciler, listener, options)
    return Engine(service, reconciler, index, compared)
