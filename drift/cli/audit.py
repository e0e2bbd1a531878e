"""One check from options to a report: what `report` prints and `remediate` begins with."""

from contextlib import suppress

import msgspec

from drift.cli.connect import limits_of, namespace_of, open_cluster
from drift.cli.options import Target
from drift.cli.rules import read_ignore_rules, read_policy
from drift.cli.sources import build_sources
from drift.cluster import Cluster
from drift.core.errors import ForbiddenError
from drift.core.report import Report
from drift.core.selectors import parse_selector
from drift.engine.assessor import Options
from drift.engine.auditor import Auditor


async def audit(target: Target) -> Report:
    """Check everything that the options name, once. Raises DriftError when nothing could be checked."""
    options = assess_options(target)
    labels = parse_selector(target.selector) if target.selector else None
    async with open_cluster(target) as cluster:
        await _greet(cluster)
        namespace = namespace_of(cluster, target)
        auditor = Auditor(cluster, options, default_namespace=namespace, labels=labels)
        report = await auditor.check(build_sources(target, cluster, namespace))
    return _with_limits(report, cluster)


async def _greet(cluster: Cluster) -> None:
    """Ask for the version: a server that cannot be reached is one error, not one for each object."""
    with suppress(ForbiddenError):  # then it was reached
        await cluster.server_version()


def assess_options(target: Target) -> Options:
    """Read what the options say about comparing. Raises UsageError or DecodeError."""
    return Options(
        ignore=read_ignore_rules(target.ignore),
        managers=read_policy(target.policy).managers,
        judge=not (target.no_dry_run or target.live),
        exact=target.scope == "exact",
    )


def _with_limits(report: Report, cluster: Cluster) -> Report:
    return msgspec.structs.replace(report, limits=(*report.limits, *limits_of(cluster)))
