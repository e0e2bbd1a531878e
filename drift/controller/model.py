"""The custom resources as typed values: the one truth from which CRDs, example and docs are made.

A guard is read strictly: a field that this version does not know is refused, for nobody may act upon half of what a
guard says. Texts that depend on each other are checked by `drift.controller.validity`.
"""

from typing import Annotated, Any, Literal

import msgspec

from drift.controller.clauses import (
    IgnoreRules,
    Limits,
    Lock,
    People,
    PodBlocker,
    Prometheus,
    Rules,
    Window,
)
from drift.controller.status import GuardStatus, ReportObject, ReportSummary
from drift.controller.words import CRON, DNS_SUBDOMAIN, TIMEZONE, one_of, says

GROUP = "daytwo.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"


Name = Annotated[str, msgspec.Meta(pattern=DNS_SUBDOMAIN, min_length=1, max_length=253)]
ReleaseName = Annotated[str, msgspec.Meta(pattern=DNS_SUBDOMAIN, min_length=1, max_length=53)]
Mode = Literal["observe", "remediate"]
_EMBEDDED = {"x-kubernetes-embedded-resource": True, "x-kubernetes-preserve-unknown-fields": True}


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True):
    """A part of a guard."""


class Requirement(_Part, frozen=True, kw_only=True):
    """One condition on a label."""

    key: Annotated[str, says("The label.", min_length=1, max_length=317)]
    operator: Annotated[Literal["In", "NotIn", "Exists", "DoesNotExist"], says("How the label is tested.")]
    values: Annotated[tuple[str, ...], says("Values for In and NotIn.", max_length=64)] = ()


class LabelSelector(_Part, frozen=True, kw_only=True):
    """A label selector; every condition must hold, an empty one selects everything."""

    match_labels: Annotated[dict[str, str], says("Labels with these values.")] = {}
    match_expressions: Annotated[tuple[Requirement, ...], says("Conditions on labels.", max_length=32)] = ()

    def __str__(self) -> str:
        """As kubectl writes it."""
        return ",".join((
            *(f"{key}={value}" for key, value in sorted(self.match_labels.items())),
            *(_condition(item) for item in self.match_expressions),
        ))  # fmt: skip


def _condition(item: Requirement) -> str:
    values = f"({','.join(item.values)})"
    forms = {"In": f"{item.key} in {values}", "NotIn": f"{item.key} notin {values}", "Exists": item.key}
    return forms.get(item.operator, f"!{item.key}")


class Helm(_Part, frozen=True, kw_only=True):
    """Helm releases: what their newest deployed revision declares."""

    release: Annotated[ReleaseName | None, says("The one release of this name.")] = None
    selector: Annotated[LabelSelector | None, says("Releases with these labels (helm install --labels).")] = None
    all: Annotated[
        bool | None, says("true: every release, those installed later included.", server={"enum": [True]})
    ] = None
    on_failed: Annotated[
        Literal["hold", "deployed"], says("After a failed upgrade: hold, or go by the last deployed revision.")
    ] = "hold"
    storage: Annotated[Literal["secret", "configmap"], says("Where Helm keeps its releases.")] = "secret"


class Chart(_Part, frozen=True, kw_only=True):
    """A chart that is rendered by the guard."""

    path: Annotated[str, says("Folder or .tgz of the chart, on a volume of the controller.",
                              min_length=1, max_length=4096)]  # fmt: skip
    name: Annotated[ReleaseName | None, says("Release name to render with. Default: as the folder or file.")] = None
    values: Annotated[
        tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=4096)], ...],
        says("Values files beside the chart, the later ones win.", max_length=32),
    ] = ()


class ConfigMapRef(_Part, frozen=True, kw_only=True):
    """A ConfigMap beside the guard: in its namespace, for a ClusterDriftGuard in the controller's."""

    name: Annotated[Name, says("Its name.")]
    key: Annotated[
        str | None, says("The one key that holds manifests. Default: all keys that end in .yaml, .yml or .json.")
    ] = None


class Manifests(_Part, frozen=True, kw_only=True):
    """Plain manifests."""

    inline: Annotated[
        tuple[Annotated[dict[str, Any], msgspec.Meta(extra_json_schema=_EMBEDDED)], ...] | None,
        says("The objects themselves.", server={"maxItems": 256, "minItems": 1}),
    ] = None
    config_map_ref: Annotated[ConfigMapRef | None, says("A ConfigMap with manifests.")] = None


class Source(_Part, frozen=True, kw_only=True):
    """Where the desired state is read; exactly one."""

    helm: Annotated[
        Helm | None, says("Helm releases.", server=one_of("release", "selector", "all"))
    ] = None  # fmt: skip
    chart: Annotated[Chart | None, says("A chart that is rendered.")] = None
    manifests: Annotated[
        Manifests | None, says("Plain manifests.", server=one_of("inline", "configMapRef"))
    ] = None  # fmt: skip


class Audit(_Part, frozen=True, kw_only=True):
    """A full check with a report, at set times."""

    schedule: Annotated[
        str, says("When, in the five fields of cron, or @hourly, @daily, @weekly.", pattern=CRON, max_length=128)
    ]
    timezone: Annotated[
        str, says("Time zone of the schedule, such as Europe/Berlin.", pattern=TIMEZONE, max_length=64)
    ] = "UTC"
    keep: Annotated[int, says("Number of DriftReports to keep.", ge=1, le=100)] = 3


class SecretRef(_Part, frozen=True, kw_only=True):
    """A Secret beside the guard: in its namespace, for a ClusterDriftGuard in the controller's."""

    name: Annotated[Name, says("Its name.")]
    key: Annotated[str, says("The key that holds the kubeconfig.", min_length=1, max_length=253)] = "value"


class KubeConfig(_Part, frozen=True, kw_only=True):
    """Another cluster."""

    secret_ref: Annotated[SecretRef, says("The Secret that holds a kubeconfig.")]


class GuardSpec(_Part, frozen=True, kw_only=True):
    """What is guarded, by which rules, within which limits."""

    source: Annotated[
        Source, says("Where the desired state is read; exactly one.", server=one_of("helm", "chart", "manifests"))
    ]
    mode: Annotated[Mode, says("observe writes nothing; remediate repairs what drifts.")] = "observe"
    suspend: Annotated[bool, says("Stop watching and repairing until it is false again.")] = False
    scope: Annotated[
        Literal["declared", "exact"],
        says("exact reports also what controllers added, unless defaulting or admission explains it."),
    ] = "declared"
    service_account_name: Annotated[
        Name,
        says("ServiceAccount beside the guard as which it reads and writes; the guard can do what that account may."),
    ] = "default"
    kube_config: Annotated[KubeConfig | None, says("Guard another cluster, through this kubeconfig.")] = None
    rules: Rules = ()
    ignore: IgnoreRules = ()
    windows: Annotated[
        tuple[Window, ...], says("Maintenance windows; repairs wait for one. None: always.", max_length=64)
    ] = ()
    limits: Annotated[Limits | None, says("How much may be repaired, and when too much drifts at once.")] = None
    prometheus: Annotated[Prometheus | None, says("Firing alerts hold repairs.")] = None
    pods: Annotated[tuple[PodBlocker, ...], says("Pods that hold repairs while they are there.", max_length=32)] = ()
    lock: Annotated[Lock | None, says("One disruptive repair at a time, by this Lease.")] = None
    people: Annotated[People | None, says("Which field managers are people.")] = None
    audit: Annotated[Audit | None, says("A full check with a DriftReport, at set times.")] = None


class ClusterGuardSpec(GuardSpec, frozen=True, kw_only=True):
    """What is guarded in many namespaces, by which rules, within which limits."""

    namespace_selector: Annotated[
        LabelSelector | None,
        says("Helm releases of namespaces with these labels, those made later included. None: of all namespaces."),
    ] = None


class Metadata(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The part of an object's metadata that a guard needs; everything else is the API server's."""

    name: str
    namespace: str = ""
    uid: str = ""
    generation: int = 0
    resource_version: str = ""
    deletion_timestamp: str | None = None
    annotations: dict[str, str] = {}


class DriftGuard(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Keeps Helm releases, a chart or manifests of one namespace as declared."""

    api_version: Literal["daytwo.dev/v1alpha1"]
    kind: Literal["DriftGuard"]
    metadata: Metadata
    spec: Annotated[GuardSpec, says("What is guarded, by which rules, within which limits.")]
    status: Annotated[GuardStatus | None, says("What was found, written by the controller.")] = None


_WITH_NAMESPACES = {
    "x-kubernetes-validations": [{
        "rule": "!has(self.namespaceSelector) || has(self.source.helm)",
        "message": "namespaceSelector chooses namespaces of Helm releases: give source.helm, or leave it out",
        "fieldPath": ".namespaceSelector",
    }]
}  # fmt: skip


class ClusterDriftGuard(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Keeps Helm releases of many namespaces, or cluster-wide manifests, as declared."""

    api_version: Literal["daytwo.dev/v1alpha1"]
    kind: Literal["ClusterDriftGuard"]
    metadata: Metadata
    spec: Annotated[
        ClusterGuardSpec, says("What is guarded, by which rules, within which limits.", server=_WITH_NAMESPACES)
    ]
    status: Annotated[GuardStatus | None, says("What was found, written by the controller.")] = None


class GuardRef(_Part, frozen=True, kw_only=True):
    """The guard that a report is of."""

    kind: Annotated[Literal["DriftGuard", "ClusterDriftGuard"], says("Kind of the guard.")]
    name: Annotated[Name, says("Name of the guard.")]


class Findings(_Part, frozen=True, kw_only=True):
    """The result of one audit."""

    guard: Annotated[GuardRef, says("The guard whose audit this is.")]
    checked_at: Annotated[str, says("When the check ended.", server={"format": "date-time"})]
    sentence: Annotated[str, says("The answer in one sentence.")]
    summary: Annotated[ReportSummary, says("Counts of objects.")]
    objects: Annotated[
        tuple[ReportObject, ...], says("Objects that are not in sync; paths, never values.", max_length=1000)
    ] = ()
    omitted: Annotated[int, says("Objects that are not in sync and did not fit.", ge=0)] = 0
    problems: Annotated[tuple[str, ...], says("What could not be read.", max_length=256)] = ()
    limits: Annotated[tuple[str, ...], says("What weakens the result.", max_length=256)] = ()


class DriftReport(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The result of one scheduled audit."""

    api_version: Literal["daytwo.dev/v1alpha1"]
    kind: Literal["DriftReport"]
    metadata: Metadata
    report: Annotated[Findings, says("What the audit found.")]


Guard = DriftGuard | ClusterDriftGuard
