"""Live bodies, decoded only as far as a question needs.

An event is read as a map of raw members first. `fingerprint` covers everything that comparing looks at and nothing
that changes by itself (status, managedFields, resourceVersion): an unchanged fingerprint means an unchanged answer.
`generation` is no substitute: it stays the same on label and annotation edits.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

_VOLATILE = frozenset({"managedFields", "resourceVersion", "generation"})
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ANY = msgspec.json.Decoder()


class Identity(msgspec.Struct, frozen=True, rename="camel"):
    """The metadata that tells objects and their states apart."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    deletion_timestamp: str | None = None


class _Head(msgspec.Struct, frozen=True):
    metadata: Identity


class _Managed(msgspec.Struct, frozen=True, rename="camel"):
    manager: str = ""
    operation: str = ""
    subresource: str = ""
    time: str | None = None
    fields_v1: msgspec.Raw = msgspec.Raw(b"{}")


_HEADS = msgspec.json.Decoder(_Head)
_MANAGED = msgspec.json.Decoder(list[_Managed] | None)


def identity(raw: bytes | msgspec.Raw) -> Identity:
    """Read name, namespace, uid, resourceVersion and deletionTimestamp only."""
    return _HEADS.decode(raw).metadata


def fingerprint(raw: bytes | msgspec.Raw) -> int:
    """Hash of everything that comparing looks at (valid within this process)."""
    members = _MEMBERS.decode(raw)
    members.pop("status", None)
    metadata = _MEMBERS.decode(members.pop("metadata", msgspec.Raw(b"{}")))
    parts = [(key, bytes(value)) for key, value in members.items()]
    parts += [(key, bytes(value)) for key, value in metadata.items() if key not in _VOLATILE]
    return hash(tuple(parts))


def decode_live(raw: bytes | msgspec.Raw, wanted: Callable[[str], bool] | None = None) -> dict[str, Any]:
    """Decode a live body without status.

    `wanted` tells which field managers' field sets are needed (None: all); the rest of managedFields, which is most
    of an object's bytes, is skipped.
    """
    members = _MEMBERS.decode(raw)
    members.pop("status", None)
    metadata = _MEMBERS.decode(members.pop("metadata", msgspec.Raw(b"{}")))
    managed = metadata.pop("managedFields", msgspec.Raw(b"null"))
    body = {key: _ANY.decode(value) for key, value in members.items()}
    body["metadata"] = {key: _ANY.decode(value) for key, value in metadata.items()}
    body["metadata"]["managedFields"] = _managed_fields(managed, wanted)
    return body


def _managed_fields(raw: msgspec.Raw, wanted: Callable[[str], bool] | None) -> list[Mapping[str, Any]]:
    return [
        {
            "manager": entry.manager,
            "operation": entry.operation,
            "subresource": entry.subresource,
            "time": entry.time or "",
            "fieldsV1": _ANY.decode(entry.fields_v1),
        }
        for entry in _MANAGED.decode(raw) or ()
        if wanted is None or wanted(entry.manager)
    ]


def version_number(resource_version: str) -> int:
    """Order of two states of one kind; 0 where the server's form cannot be ordered."""
    return int(resource_version) if resource_version.isdecimal() else 0
