"""Annotations by which other tools are told to leave an object alone: honoured as this project's own.

Sources: Argo CD documentation ("Compare options", "Sync options"), Flux documentation (Kustomization and HelmRelease,
drift detection), Config Sync documentation ("Ignore object mutations").
"""

from collections.abc import Mapping
from typing import Any

from drift.core.objects import Body

_WHOLE_OBJECT: tuple[tuple[str, str], ...] = (
    ("argocd.argoproj.io/compare-options", "IgnoreExtraneous"),
    ("kustomize.toolkit.fluxcd.io/reconcile", "disabled"),
    ("kustomize.toolkit.fluxcd.io/ssa", "Ignore"),
    ("kustomize.toolkit.fluxcd.io/ssa", "IfNotPresent"),
    ("helm.toolkit.fluxcd.io/driftDetection", "disabled"),
    ("configmanagement.gke.io/managed", "disabled"),
    ("client.lifecycle.config.k8s.io/mutation", "ignore"),
    ("daytwo.dev/ignore", "true"),
)


def left_alone_by(desired: Body, live: Body | None) -> str | None:
    """Return the annotation (`name: value`) that says to ignore this object, or None."""
    for body in (desired, live or {}):
        annotations: Mapping[str, Any] = (body.get("metadata") or {}).get("annotations") or {}
        for name, word in _WHOLE_OBJECT:
            options = [part.strip() for part in str(annotations.get(name) or "").split(",")]
            if word in options:
                return f"{name}: {word}"
    return None
