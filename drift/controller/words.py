"""How models say what a field means and what may stand in it; CRDs, their errors and the docs are made of it."""

from collections.abc import Mapping
from typing import Any

import msgspec

# https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
DNS_LABEL = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"
DNS_SUBDOMAIN = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
POINTER = r"^(/([^/~]|~[01])*)+$"
CLOCK = r"^(([01]?[0-9]|2[0-3]):[0-5][0-9]|24:00)$"
TIMEZONE = r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$"
TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2}))?$"
CRON = r"^(@(hourly|daily|weekly|monthly|yearly)|([0-9A-Za-z*,/-]+ ){4}[0-9A-Za-z*,/-]+)$"
URL = r"^https?://[^\s]+$"


def says(description: str, *, server: Mapping[str, Any] | None = None, **bounds: Any) -> msgspec.Meta:
    """Describe a field. `bounds` hold wherever the document is read, `server` only where the API server reads it."""
    return msgspec.Meta(description=description, extra_json_schema=dict(server) if server else None, **bounds)


def rule(expression: str, message: str) -> dict[str, Any]:
    """Return a schema part: a CEL rule that the API server checks."""
    return {"x-kubernetes-validations": [{"rule": expression, "message": message}]}


def one_of(*fields: str) -> dict[str, Any]:
    """Return a schema part: a CEL rule that exactly one of the fields is given."""
    count = " + ".join(f"(has(self.{field}) ? 1 : 0)" for field in fields)
    return rule(f"{count} == 1", only_one(fields))


def only_one(fields: tuple[str, ...]) -> str:
    """Say that exactly one of the fields is wanted."""
    return f"give exactly one of {', '.join(fields)}"
