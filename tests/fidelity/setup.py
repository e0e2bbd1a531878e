"""Prepares an API server: the custom kinds, and the namespaces of a tag."""

from tests.controlplane import ControlPlane, RequestError
from tests.fidelity.bases import definitions, namespaces
from tests.waiting import until

GROUP = "fidelity.example.com"
_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def install_kinds(plane: ControlPlane) -> None:
    """Make the custom kinds, and wait until the server publishes their schemas."""
    for body in definitions():
        try:
            plane.request("POST", _CRDS, body)
        except RequestError as error:
            if error.status != 409:
                raise
    wanted = {body["spec"]["names"]["kind"] for body in definitions()}
    until("the server serves the custom kinds and their schemas", lambda: wanted <= _published(plane))


def make_namespaces(plane: ControlPlane, tag: str) -> None:
    for name in namespaces(tag):
        plane.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})


def _published(plane: ControlPlane) -> set[str]:
    try:
        served = plane.request("GET", f"/apis/{GROUP}/v1")["resources"]
        schemas = plane.request("GET", f"/openapi/v3/apis/{GROUP}/v1")["components"]["schemas"]
    except RequestError:
        return set()
    named = {name.rpartition(".")[2] for name in schemas}
    return {resource["kind"] for resource in served} & named
