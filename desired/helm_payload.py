"""The payload of a stored Helm release, pure: base64 of gzip of JSON, decoded in part and within bounds.

Values, templates and hooks of the payload are skipped; no message quotes any of it.
"""

import base64
import binascii
import zlib
from datetime import datetime
from typing import Any

import msgspec

from drift.core.errors import DecodeError

__all__ = ["ChartFile", "Release", "decode_release"]

_MOST_BYTES = 64 * 1024 * 1024
_GZIP = b"\x1f\x8b\x08"
_CRDS = "crds/"


class ChartFile(msgspec.Struct, frozen=True):
    """A file of the chart's `crds/` folder."""

    name: str
    data: bytes


class Release(msgspec.Struct, frozen=True, eq=False):
    """One revision of a release. `namespace` is where it installs; times are Unix seconds, 0 when absent.

    `apply_method` is `ssa` where Helm 4 applied server-side; `crds` are those of the top chart.
    """

    name: str
    namespace: str
    version: int
    status: str
    manifest: str
    first_deployed: float = 0.0
    last_deployed: float = 0.0
    apply_method: str = ""
    chart_name: str = ""
    chart_version: str = ""
    crds: tuple[ChartFile, ...] = ()


class _Info(msgspec.Struct):
    status: str = ""
    first_deployed: Any = None
    last_deployed: Any = None


class _Metadata(msgspec.Struct):
    name: str | None = ""
    version: str | None = ""


class _File(msgspec.Struct):
    name: str = ""
    data: msgspec.Raw = msgspec.Raw(b"null")


class _Chart(msgspec.Struct):
    metadata: _Metadata | None = None
    files: list[_File] | None = None


class _Payload(msgspec.Struct):
    name: str
    version: int
    namespace: str = ""
    info: _Info | None = None
    manifest: str | None = ""
    apply_method: str | None = ""
    chart: _Chart | None = None


_DECODER = msgspec.json.Decoder(_Payload)


def decode_release(data: bytes | str) -> Release:
    """Decode what Helm stored: `.data.release` of a Secret (base64 twice) or of a ConfigMap (once).

    Raises DecodeError without any of the content; the caller knows where it was stored and says so.
    """
    try:
        return _release(_DECODER.decode(_unpack(data.encode() if isinstance(data, str) else data)))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise DecodeError("the payload is not a Helm release") from None
    except (binascii.Error, zlib.error):
        raise DecodeError("the payload is damaged (not base64 of gzip)") from None


def unix_seconds(text: object) -> float:
    """RFC 3339 to Unix seconds; 0 for anything else, as Helm treats an empty time."""
    try:
        return datetime.fromisoformat(text).timestamp() if isinstance(text, str) else 0.0
    except (ValueError, OverflowError):
        return 0.0


def _unpack(data: bytes) -> bytes:
    """Take off base64 once or twice, then gzip; very old releases are not compressed."""
    for _ in range(2):
        data = base64.b64decode(data, validate=True)
        if data.startswith(_GZIP):
            return _decompress(data)
        if data.startswith(b"{"):
            return data
    raise DecodeError("the payload is neither gzip nor JSON")


def _decompress(data: bytes) -> bytes:
    """Decompress within the bound."""
    stream = zlib.decompressobj(wbits=31)
    result = stream.decompress(data, _MOST_BYTES + 1)
    if len(result) > _MOST_BYTES:
        raise DecodeError(f"the payload is larger than {_MOST_BYTES} bytes")
    if not stream.eof:
        raise DecodeError("the payload is cut off")
    return result


def _release(payload: _Payload) -> Release:
    """Copy what is kept, so that nothing holds the whole payload in memory."""
    info = payload.info or _Info()
    chart = payload.chart or _Chart()
    metadata = chart.metadata or _Metadata()
    if not payload.name or payload.version < 1:
        raise DecodeError("the payload names no release or revision")
    return Release(
        name=payload.name,
        namespace=payload.namespace,
        version=payload.version,
        status=info.status,
        manifest=payload.manifest or "",
        first_deployed=unix_seconds(info.first_deployed),
        last_deployed=unix_seconds(info.last_deployed),
        apply_method=payload.apply_method or "",
        chart_name=metadata.name or "",
        chart_version=metadata.version or "",
        crds=tuple(_crd(file) for file in chart.files or () if file.name.startswith(_CRDS)),
    )


def _crd(file: _File) -> ChartFile:
    """Decode one file of the chart."""
    return ChartFile(file.name, msgspec.json.decode(file.data, type=bytes | None) or b"")
