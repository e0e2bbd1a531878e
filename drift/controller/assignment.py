"""What an engine is to do: the sources, rules and limits of one guard, in the words of the engine."""

import re
from functools import partial
from pathlib import Path

import msgspec

from desired.chosen_namespaces import ChosenNamespaces
from desired.given import ConfigMapSource, InlineSource
from desired.helm_chart import ChartSource
from desired.helm_release import HelmReleaseSource
from drift.cluster import Cluster
from drift.config import normalize_time
from drift.controller.clauses import Limits, People
from drift.controller.model import Chart, ClusterDriftGuard, Guard, Helm, Manifests
from drift.core.policy import Policy
from drift.core.rules import DEFAULT_RULES, IgnoreRule, Rule
from drift.engine.assessor import Options
from drift.source import Source

_PACKAGE = re.compile(r"(-v?\d[^/]*)?\.tgz$")  # web-1.2.3.tgz is web, as for --chart


class Assignment(msgspec.Struct, frozen=True, eq=False):
    """What an engine is to do; `namespace` is where objects belong that name none."""

    sources: tuple[Source, ...]
    rules: tuple[Rule, ...]
    policy: Policy
    compared: Options
    remediate: bool
    namespace: str


def assignment_of(guard: Guard, cluster: Cluster, namespace: str, *, judge: bool = True) -> Assignment:
    """Return what a checked guard asks for; `namespace` is the guard's. Raises SourceError."""
    policy = policy_of(guard)
    return Assignment(
        sources=(source_of(guard, cluster, namespace),),
        rules=guard.spec.rules or DEFAULT_RULES,
        policy=policy,
        compared=Options(
            ignore=tuple(_ignored(rule) for rule in guard.spec.ignore),
            managers=policy.managers,
            judge=judge,
            exact=guard.spec.scope == "exact",
        ),
        remediate=guard.spec.mode == "remediate",
        namespace=namespace,
    )


def policy_of(guard: Guard) -> Policy:
    """Return the limits within which a guard may repair."""
    spec = guard.spec
    return Policy(
        windows=spec.windows,
        limits=spec.limits or Limits(),
        prometheus=spec.prometheus,
        pods=spec.pods,
        lock=spec.lock,
        people=spec.people or People(),
    )


def source_of(guard: Guard, cluster: Cluster, namespace: str) -> Source:
    """Return the source of a guard; nothing is read yet. Raises SourceError."""
    source = guard.spec.source
    if source.helm is not None:
        return _releases(guard, source.helm, cluster, namespace)
    if source.chart is not None:
        return _chart(source.chart, cluster, namespace)
    return _manifests(guard, source.manifests or Manifests(), cluster, namespace)


def _releases(guard: Guard, helm: Helm, cluster: Cluster, namespace: str) -> Source:
    source_in = partial(_releases_in, cluster, helm)
    if not isinstance(guard, ClusterDriftGuard):
        return source_in(namespace or "default")  # never "": that is every namespace
    if guard.spec.namespace_selector is None:
        return source_in("")
    return ChosenNamespaces(cluster, str(guard.spec.namespace_selector), source_in)


def _releases_in(cluster: Cluster, helm: Helm, namespace: str) -> Source:
    return HelmReleaseSource(
        cluster,
        namespaces=(namespace,) if namespace else (),
        name=helm.release,
        label_selector=str(helm.selector or ""),
        on_failed=helm.on_failed,
        storage=helm.storage,
    )


def _chart(chart: Chart, cluster: Cluster, namespace: str) -> Source:
    path = Path(chart.path)
    name = chart.name or _PACKAGE.sub("", path.resolve().name)
    values = tuple(Path(value) for value in chart.values)
    return ChartSource(path, name=name, namespace=namespace, values=values, cluster=cluster)


def _manifests(guard: Guard, manifests: Manifests, cluster: Cluster, namespace: str) -> Source:
    if manifests.config_map_ref is not None:
        reference = manifests.config_map_ref
        return ConfigMapSource(cluster, namespace, reference.name, key=reference.key or "")
    return InlineSource(manifests.inline or (), name=guard.metadata.name, default_namespace=namespace)


def _ignored(rule: IgnoreRule) -> IgnoreRule:
    return msgspec.structs.replace(rule, expires=normalize_time(rule.expires)) if rule.expires else rule
