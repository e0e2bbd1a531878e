"""The manifest of a release or of a rendered chart as desired objects, with what Helm itself adds to them.

Helm sets one label and two annotations on every object that it applies and stores the manifest without them. Hooks
are run, not kept: they are never desired.
"""

import re
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import msgspec

from desired.decode import Document, decode_tolerant
from desired.manifests import collect_manifests
from drift.core.objects import Manifest, Provenance
from drift.core.scope import place
from drift.source import Problem

__all__ = ["Owner", "read_manifests"]

MANAGED_BY = "app.kubernetes.io/managed-by"
RELEASE_NAME = "meta.helm.sh/release-name"
RELEASE_NAMESPACE = "meta.helm.sh/release-namespace"
HOOK = "helm.sh/hook"

# A chart's crds/ are applied before anything else and carry no mark of the release.
_CRD_FILE = re.compile(r"[^/]+/(?:charts/[^/]+/)*crds/")
_SOURCE_LINE = re.compile(r"#\s*Source:\s*(\S+)\s*$")


class Owner(msgspec.Struct, frozen=True):
    """The release that objects belong to, and the names under which its desired state is known."""

    name: str
    namespace: str
    source: str
    revision: str


def read_manifests(text: str, owner: Owner, *, file: str) -> tuple[tuple[Manifest, ...], tuple[Problem, ...]]:
    """Objects of a rendered manifest; a document that cannot be read is a problem and hides no other.

    Equal keys are allowed, the last one wins: so did Helm when it applied this. `file` is for messages.
    """
    documents, unreadable = decode_tolerant(text, file=file, source=owner.source, duplicate_keys=True)
    provenance = partial(_provenance, lines=text.split("\n"), owner=owner)
    manifests, invalid = collect_manifests(
        (document for document in documents if not _is_hook(document.value)),
        source=owner.source,
        revision=owner.revision,
        default_namespace=owner.namespace,
        provenance=provenance,
    )
    return tuple(_own(manifest, owner) for manifest in manifests if not _is_hook(manifest.body)), (
        *unreadable,
        *invalid,
    )


def template_of(lines: list[str], line: int) -> str:
    """Chart template that a document came from: the `# Source:` comment above its first line (counted from 1)."""
    for text in _comments_above(lines, line):
        if match := _SOURCE_LINE.match(text):
            return match[1]
    return ""


def _comments_above(lines: list[str], line: int) -> Iterable[str]:
    """Comment lines directly above, nearest first."""
    for number in range(min(line - 2, len(lines) - 1), -1, -1):
        text = lines[number].strip()
        if text and not text.startswith("#"):
            return
        yield text


def _provenance(document: Document, *, lines: list[str], owner: Owner) -> Provenance:
    """Name the template; the line is that of the stored manifest."""
    template = template_of(lines, document.line) or document.file
    return Provenance(owner.source, owner.revision, template, document.index, document.line)


def _is_hook(body: Any) -> bool:
    """Whether Helm runs this object at a point in time instead of keeping it."""
    metadata = body.get("metadata") if isinstance(body, dict) else None
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    return isinstance(annotations, dict) and bool(annotations.get(HOOK))


def _own(manifest: Manifest, owner: Owner) -> Manifest:
    """Add ownership as Helm does it, replacing what the chart says, and the release's namespace."""
    if _CRD_FILE.match(manifest.provenance.file):
        return manifest
    metadata = manifest.body["metadata"]
    owned = {
        **metadata,
        "labels": {**_strings(metadata.get("labels")), MANAGED_BY: "Helm"},
        "annotations": {
            **_strings(metadata.get("annotations")),
            RELEASE_NAME: owner.name,
            RELEASE_NAMESPACE: owner.namespace,
        },
    }
    body = {**manifest.body, "metadata": owned}
    # The engine knows by discovery which kinds are cluster-scoped and strips the namespace there.
    return place(msgspec.structs.replace(manifest, body=body), True, owner.namespace)  # noqa: FBT003


def _strings(value: Mapping[str, str | None] | None) -> dict[str, str]:
    """A map of strings; Helm reads null as the empty string."""
    return {key: item or "" for key, item in (value or {}).items()}
