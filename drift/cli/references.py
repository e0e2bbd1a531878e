"""`kind/name` as kubectl takes it: deployment/web, deploy.apps/web, Deployment/web."""

from collections.abc import Iterable

from drift.cluster import Cluster
from drift.core.errors import UsageError
from drift.core.objects import GroupKind, ObjectRef, Resource, split_api_version

_SHORT = {
    "cm": "configmap", "deploy": "deployment", "ds": "daemonset", "hpa": "horizontalpodautoscaler", "ing": "ingress",
    "netpol": "networkpolicy", "ns": "namespace", "pdb": "poddisruptionbudget", "po": "pod", "pv": "persistentvolume",
    "pvc": "persistentvolumeclaim", "rs": "replicaset", "sa": "serviceaccount", "sts": "statefulset", "svc": "service",
    "crd": "customresourcedefinition", "cj": "cronjob",
}  # fmt: skip


def split_reference(text: str) -> tuple[str, str, str]:
    """`deploy.apps/web` -> ("deployment", "apps", "web"); group "" where none is given. Raises UsageError."""
    kind, slash, name = text.partition("/")
    if not (kind and slash and name) or "/" in name:
        raise UsageError(f"{text!r} names no object: write KIND/NAME, such as deployment/web")
    kind, _, group = kind.partition(".")
    return _SHORT.get(kind.lower(), kind.lower()), group, name


def names_kind(word: str, kind: str) -> bool:
    """Whether a lower-case word is a kind or its plural."""
    low = kind.lower()
    return word in {low, f"{low}s", f"{low}es", f"{low[:-1]}ies"}


def find_desired(refs: Iterable[ObjectRef], text: str, namespace: str) -> ObjectRef:
    """Return the one desired object that is meant. Raises UsageError when there is none, or more than one."""
    kind, group, name = split_reference(text)
    found = [
        ref
        for ref in refs
        if ref.name == name
        and names_kind(kind, ref.kind)
        and (not group or group == ref.group)
        and ref.namespace in {"", namespace}
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise UsageError(f"{text}: no source that was named declares it in namespace {namespace}")
    raise UsageError(
        f"{text}: is ambiguous, write one of {', '.join(f'{ref.kind}.{ref.group}/{name}' for ref in found)}"
    )


async def find_live(cluster: Cluster, text: str, namespace: str) -> tuple[ObjectRef, Resource]:
    """Return an object of any served kind. Raises UsageError for an unknown kind."""
    kind, group, name = split_reference(text)
    for api_version in await cluster.api_versions():
        where, slash, served = api_version.rpartition("/")
        if not slash or not names_kind(kind, served):
            continue
        own_group, _ = split_api_version(where)
        if not group or group == own_group:
            resource = await cluster.resource(GroupKind(own_group, served))
            return ObjectRef(own_group, served, namespace if resource.namespaced else "", name), resource
    raise UsageError(f"{text}: the server serves no kind {kind}")
