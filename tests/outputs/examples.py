"""Reports that have one of everything."""

from typing import Any

from drift.core.assess import Assessment, Difference, State
from drift.core.objects import ObjectRef
from drift.core.ownership import Owner
from drift.core.reasons import Reason
from drift.core.report import Report, SourceHold, SourceProblem

NOW = "2026-03-01T12:00:00Z"
DEPLOYMENT = ObjectRef("apps", "Deployment", "shop", "web")
SERVICE = ObjectRef("", "Service", "shop", "web")
EDIT = Owner("kubectl-edit", "Update", "", "2026-03-01T11:46:00Z")
SCALE = Owner("kubectl", "Update", "scale", "2026-03-01T11:59:30Z")


def changed(
    display: str,
    desired: Any,
    live: Any,
    owner: Owner | None = EDIT,
    *,
    op: str = "changed",
    explanation: str = "",
) -> Difference:
    tokens = tuple(display.split("."))
    return Difference("/" + "/".join(tokens), display, op, desired, live, owner, explanation, tokens)


def assessed(
    state: State,
    reason: Reason,
    *differences: Difference,
    ref: ObjectRef = DEPLOYMENT,
    message: str = "",
    source: str = "helm:shop/web",
    notes: tuple[Difference, ...] = (),
    ignored: tuple[Difference, ...] = (),
) -> Assessment:
    version = "apps/v1" if ref.group else "v1"
    return Assessment(ref, version, source, state, reason, message, differences, notes, ignored)


def report(*assessments: Assessment, **more: Any) -> Report:
    return Report("prod", assessments, **more)


def drifted(*differences: Difference) -> Report:
    return report(assessed(State.DRIFTED, Reason.FIELDS_DIFFER, *differences))


def one_of_everything() -> Report:
    return report(
        assessed(
            State.DRIFTED,
            Reason.FIELDS_DIFFER,
            changed("spec.replicas", 2, 5, SCALE),
            changed("spec.paused", "v", None, None, op="removed"),
            changed("spec.env[name=DEBUG]", None, {"name": "DEBUG", "value": "1"}, op="added"),
            changed("spec.old", None, 1, op="dropped"),
            notes=(changed("metadata.labels.team", None, "x", op="added", explanation="no part of desired"),),
            ignored=(changed("spec.minReadySeconds", 1, 2),),
        ),
        assessed(State.MISSING, Reason.OBJECT_MISSING, ref=SERVICE, message="the object does not exist"),
        assessed(
            State.UNKNOWN,
            Reason.FORBIDDEN,
            ref=ObjectRef("", "Secret", "shop", "key"),
            message="cannot list secrets in shop",
            source="files:app",
        ),
        assessed(State.IN_SYNC, Reason.IN_SYNC, ref=ObjectRef("", "ConfigMap", "shop", "app"), source="files:app"),
        problems=(SourceProblem("helm:shop/old", "the release Secret is corrupt", Reason.SOURCE_FAILED),),
        holds=(SourceHold("helm:shop/web", "an upgrade is in flight", Reason.HELM_IN_FLIGHT),),
        limits=("no permission for a dry run",),
        sources=2,
    )
