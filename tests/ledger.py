"""Who asked the API server what: read from the server's own audit log, so independent of what is tested."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

AUDIT_POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{level: Metadata}]
"""
_WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})
_REVIEWS = frozenset({"selfsubjectaccessreviews", "selfsubjectrulesreviews"})


@dataclass(frozen=True, slots=True)
class Request:
    """One answered request; `name` is that of the object, "" for a list."""

    user: str
    verb: str
    resource: str
    namespace: str
    name: str
    code: int
    dry_run: bool

    @property
    def writes(self) -> bool:
        """Whether it could change the cluster."""
        return self.verb in _WRITES and not self.dry_run and self.resource not in _REVIEWS


class Ledger:
    """The audit log of one control plane."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def now(self) -> int:
        """A mark: what is asked later lies behind it."""
        return self.path.stat().st_size

    def requests(self, user: str, since: int = 0) -> list[Request]:
        """Return what a user asked since a mark."""
        return [request for request in self._read(since) if request.user == user]

    def writes(self, user: str, since: int = 0) -> list[Request]:
        """Return what a user tried to change since a mark, refused or not; dry runs are none."""
        return [request for request in self.requests(user, since) if request.writes]

    def _read(self, since: int) -> Iterator[Request]:
        with self.path.open("rb") as log:
            log.seek(since)
            for line in log:
                if line.endswith(b"\n"):
                    yield _request(json.loads(line))


def _request(event: dict[str, Any]) -> Request:
    target = event.get("objectRef") or {}
    return Request(
        user=event["user"].get("username", ""),
        verb=event["verb"],
        resource=target.get("resource", ""),
        namespace=target.get("namespace", ""),
        name=target.get("name", ""),
        code=(event.get("responseStatus") or {}).get("code", 0),
        dry_run="dryRun=All" in event["requestURI"],
    )
