"""URLs of resources, built so that no name can lead a request to another object or to a whole collection."""

from urllib.parse import quote

from drift.core.errors import InvalidError
from drift.core.objects import ObjectRef, Resource
from drift.kube.errors import Attempt, line


def collection_path(resource: Resource, namespace: str = "") -> str:
    """`/apis/apps/v1/namespaces/shop/deployments`; without namespace, or for cluster-scoped kinds, all of them."""
    root = f"/apis/{resource.group}" if resource.group else "/api"
    inside = f"/namespaces/{_segment(namespace)}" if namespace and resource.namespaced else ""
    return f"{root}/{resource.version}{inside}/{resource.plural}"


def object_path(resource: Resource, ref: ObjectRef) -> str:
    """URL of one object. InvalidError without a name or, for namespaced kinds, without a namespace."""
    if resource.namespaced and not ref.namespace:
        raise InvalidError(line(f"{ref} has no namespace, and {ref.kind} is a namespaced kind"))
    return f"{collection_path(resource, ref.namespace)}/{_segment(ref.name)}"


def attempt_on(verb: str, ref: ObjectRef) -> Attempt:
    """Say what is tried on an object."""
    words = f"{verb} {ref}"
    return Attempt(words, secret=ref.kind == "Secret" and not ref.group, namespaces=ref.kind == "Namespace")


def attempt_on_all(verb: str, resource: Resource, namespace: str) -> Attempt:
    """Say what is tried on a collection."""
    name = f"{resource.plural}.{resource.group}" if resource.group else resource.plural
    words = f"{verb} {name} in {namespace}" if namespace else f"{verb} {name}"
    return Attempt(words, secret=resource.kind == "Secret" and not resource.group)


def _segment(name: str) -> str:
    if name in {"", ".", ".."} or "/" in name or "%" in name:  # ValidatePathSegmentName of apimachinery
        raise InvalidError(line(f"{name!r} is no name of an object"))
    return quote(name, safe="")
