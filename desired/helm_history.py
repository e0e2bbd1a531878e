"""What the history of a release says, pure: which revision is desired, and whether Helm has it in flight.

Judged by the status of each revision alone (Helm keeps it in a label), so only the payloads that are needed are
decoded. Desired is the newest `deployed` revision; nothing else is ever fallen back to.
"""

import hashlib
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from typing import Literal

import msgspec

from desired.decode import decode_tolerant
from desired.helm_manifests import Owner, read_manifests
from desired.helm_payload import Release
from desired.manifests import collect_manifests
from drift.core.objects import Role
from drift.core.reasons import Reason
from drift.source import DesiredState, Hold, Manifest, ObjectRef, Problem, Removed

__all__ = ["OnFailed", "Policy", "RevisionInfo", "Verdict", "desired_of", "judge", "state_of"]

OnFailed = Literal["hold", "deployed"]

DEPLOYED = "deployed"
FAILED = "failed"
SUPERSEDED = "superseded"
UNINSTALLED = "uninstalled"
UNINSTALLING = "uninstalling"
IN_FLIGHT = frozenset({"pending-install", "pending-upgrade", "pending-rollback", UNINSTALLING})


class Policy(msgspec.Struct, frozen=True):
    """How long an operation may be in flight (seconds) and what a failed newest revision means."""

    stuck_after: float = 900.0
    on_failed: OnFailed = "hold"


class RevisionInfo(msgspec.Struct, frozen=True):
    """A stored revision without its payload; `since` is when it came into its status (Unix seconds, 0 unknown)."""

    version: int
    status: str
    since: float = 0.0


class Verdict(msgspec.Struct, frozen=True):
    """Versions that matter (0: none), the hold, and when the hold becomes another one by time alone."""

    newest: int = 0
    deployed: int = 0
    former: int = 0
    hold: Hold | None = None
    removed: bool = False
    changes_at: float | None = None


def judge(history: Sequence[RevisionInfo], *, name: str, now: float, policy: Policy) -> Verdict:
    """Judge a history; `name` is the release as the user would type it after `helm` (`web -n shop`)."""
    if not history:
        return Verdict(removed=True)
    newest = max(history, key=lambda one: one.version)
    deployed = max((one.version for one in history if one.status == DEPLOYED), default=0)
    if newest.status == UNINSTALLED:
        return Verdict(newest=newest.version, removed=True)
    hold = _hold(newest, deployed, name, now, policy)
    until = newest.since + policy.stuck_after if newest.status in IN_FLIGHT else None
    return Verdict(
        newest=newest.version,
        deployed=deployed,
        former=_former(history, deployed),
        hold=hold,
        changes_at=until if until is not None and until > now else None,
    )


def state_of(verdict: Verdict, releases: Mapping[int, Release], *, source: str, file: str) -> DesiredState:
    """Desired state of a judged history; `releases` holds at least the deployed revision, where there is one."""
    release = releases.get(verdict.deployed)
    if release is None:
        return DesiredState(source, f"v{verdict.newest}", (), sequence=verdict.newest, hold=verdict.hold)
    manifests, problems = manifests_of(release, source, file)
    former = releases.get(verdict.former)
    return DesiredState(
        source,
        revision_of(release),
        (*manifests, *crds_of(release, source, {manifest.ref for manifest in manifests})),
        sequence=release.version,
        manager="helm" if release.apply_method == "ssa" else "daytwo",
        hold=verdict.hold,
        problems=problems,
        former=manifests_of(former, source, file)[0] if former else (),
    )


def desired_of(
    releases: Sequence[Release], *, now: float, policy: Policy | None = None, source: str = ""
) -> DesiredState | Removed:
    """Desired state of the whole history of one release."""
    known = {release.version: release for release in releases}
    newest = known[max(known)]
    name = source or f"helm:{newest.namespace}/{newest.name}"
    history = [RevisionInfo(one.version, one.status, one.last_deployed) for one in releases]
    title = f"{newest.name} -n {newest.namespace}"
    verdict = judge(history, name=title, now=now, policy=policy or Policy())
    if verdict.removed:
        return Removed(name)
    return state_of(verdict, known, source=name, file=f"release {newest.namespace}/{newest.name}")


def manifests_of(release: Release, source: str, file: str) -> tuple[tuple[Manifest, ...], tuple[Problem, ...]]:
    """Objects of one revision."""
    owner = Owner(release.name, release.namespace, source, revision_of(release))
    return read_manifests(release.manifest, owner, file=f"{file} v{release.version}")


def crds_of(release: Release, source: str, declared: AbstractSet[ObjectRef]) -> tuple[Manifest, ...]:
    """Objects of the chart's `crds/` folder that its templates do not declare."""
    found = []
    for chart_file in release.crds:
        documents, _ = decode_tolerant(chart_file.data, file=chart_file.name, source=source, duplicate_keys=True)
        manifests, _ = collect_manifests(
            documents, source=source, revision=revision_of(release), default_namespace=release.namespace
        )
        found += [msgspec.structs.replace(one, role=Role.CRDS) for one in manifests if one.ref not in declared]
    return tuple(found)


def revision_of(release: Release) -> str:
    """`v3-1a2b3c4d`: after a release is gone, its numbers begin again, so the number alone says too little."""
    return f"v{release.version}-{hashlib.sha256(release.manifest.encode()).hexdigest()[:8]}"


def _former(history: Sequence[RevisionInfo], deployed: int) -> int:
    """Revision that was in force before the deployed one: superseded if there is one, else any."""
    older = [one for one in history if one.version < deployed]
    superseded = [one.version for one in older if one.status == SUPERSEDED]
    return max(superseded or [one.version for one in older], default=0)


def _hold(newest: RevisionInfo, deployed: int, name: str, now: float, policy: Policy) -> Hold | None:
    """Why nothing may be written now, if so."""
    if newest.status in IN_FLIGHT:
        return _in_flight(newest, deployed, name, now, policy)
    if newest.status == FAILED:
        return _failed(newest, deployed, name, policy)
    if deployed:
        return None
    status = newest.status or "unknown"
    message = f"release {name}: no revision is deployed (revision {newest.version} is {status})"
    return Hold(Reason.STATE_UNKNOWN, message, newest.since)


def _in_flight(newest: RevisionInfo, deployed: int, name: str, now: float, policy: Policy) -> Hold:
    """Helm is at work, or was killed while it was."""
    what = f"release {name}: revision {newest.version} is {newest.status}{_since(newest.since)}"
    if not newest.since or now - newest.since < policy.stuck_after:
        return Hold(Reason.HELM_IN_FLIGHT, f"{what}; Helm is at work", newest.since)
    minutes = int((now - newest.since) // 60)
    message = f"{what}, for {minutes} minutes: stuck; {_way_out(newest, deployed, name)}"
    return Hold(Reason.HELM_STUCK, message, newest.since)


def _way_out(newest: RevisionInfo, deployed: int, name: str) -> str:
    """What ends a stuck operation."""
    if newest.status == UNINSTALLING or not deployed:
        return f"if no helm runs any more: helm uninstall {name}"
    release, _, rest = name.partition(" ")
    return f"if no helm runs any more: helm rollback {release} {deployed} {rest}".rstrip()


def _failed(newest: RevisionInfo, deployed: int, name: str, policy: Policy) -> Hold | None:
    """After a failed upgrade the objects are half-way between two revisions."""
    what = f"release {name}: revision {newest.version} failed{_since(newest.since)}"
    if not deployed:
        return Hold(Reason.HELM_FAILED, f"{what} and no revision is deployed", newest.since)
    if policy.on_failed == DEPLOYED:
        return None
    release, _, rest = name.partition(" ")
    way_out = f"upgrade again, helm rollback {release} {deployed} {rest}".rstrip()
    message = (
        f"{what}; revision {deployed} is the last one deployed: {way_out}, or repair to it with onFailed: deployed"
    )
    return Hold(Reason.HELM_FAILED, message, newest.since)


def _since(seconds: float) -> str:
    """` since 2024-01-01T00:00:00Z`, where known."""
    if not seconds:
        return ""
    return datetime.fromtimestamp(seconds, UTC).strftime(" since %Y-%m-%dT%H:%M:%SZ")
