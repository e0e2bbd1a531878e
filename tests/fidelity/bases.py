"""The objects that everything begins with, and how each gets a name of its own."""

import copy
from pathlib import Path
from typing import Any

import yaml

from tests.fidelity.server import Json

HERE = Path(__file__).parent
_LEAST = HERE.parent / "controlplane" / "least.yaml"
# Objects that constrain what else may be in their namespace have one of their own.
_CONSTRAINING = frozenset({"LimitRange", "ResourceQuota"})
_CERTIFICATE_REQUEST = "CSR"


def definitions() -> list[Json]:
    """The custom resource definitions."""
    return _documents(HERE / "crds.yaml")


def bases() -> list[Json]:
    """Every object once, without namespace."""
    found = []
    for number, body in enumerate([*_documents(HERE / "kinds.yaml"), *_documents(_LEAST)]):
        metadata = {"name": f"o{number}", **body.get("metadata", {})}
        found.append({**body, "metadata": metadata})
    return [_harmless(_with_request(body)) for body in found]


def named(body: Json, tag: str, *, namespaced: bool) -> Json:
    """A copy that shares no name with those of another tag."""
    body = copy.deepcopy(body)
    metadata, kind = body["metadata"], body["kind"]
    if namespaced:
        metadata["namespace"] = f"{tag}-limits" if kind in _CONSTRAINING else tag
    elif kind == "CustomResourceDefinition":
        body["spec"]["group"] = f"{tag}.{body['spec']['group']}"
        metadata["name"] = f"{body['spec']['names']['plural']}.{body['spec']['group']}"
    elif kind == "APIService":
        body["spec"]["group"] = f"{tag}.{body['spec']['group']}"
        metadata["name"] = f"{body['spec']['version']}.{body['spec']['group']}"
    else:
        metadata["name"] = f"{tag}-{metadata['name']}"
    return body


def namespaces(tag: str) -> tuple[str, ...]:
    return (tag, f"{tag}-limits")


def _documents(path: Path) -> list[Any]:
    documents: list[Any] = yaml.safe_load(path.read_text())
    return copy.deepcopy(documents)  # what anchors share


def _harmless(body: Json) -> Json:
    """A webhook without a server must not meet the other objects."""
    for hook in body.get("webhooks", ()):
        for rule in hook["rules"]:
            rule["apiGroups"] = ["none.example.invalid"]
    return body


def _with_request(body: Json) -> Json:
    if body["kind"] == "CertificateSigningRequest" and body["spec"]["request"] == _CERTIFICATE_REQUEST:
        body["spec"] = {**body["spec"], "request": _request()}
    return body


def _request() -> str:
    """A certificate request as the API wants it: PEM, base64."""
    import base64

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "fidelity")])
    signed = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(name)
        .sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    )
    return base64.b64encode(signed.public_bytes(serialization.Encoding.PEM)).decode()
