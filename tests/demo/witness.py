"""An independent witness: raw watches of its own, which know nothing of drift, helm or kubectl.

Notes when each state of an object became visible to a client. An object counts as repaired when its spec and data
are exactly what they were before, whoever wrote them.
"""

import contextlib
import http.client
import json
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from tests.controlplane import ControlPlane

_COMPARED = ("spec", "data")
Body = dict[str, Any]
Key = tuple[str, str]  # plural, name


@dataclass(frozen=True, slots=True)
class Seen:
    """One watch event; `at` in monotonic seconds."""

    at: float
    key: Key
    type: str
    object: Body

    @property
    def content(self) -> Body | None:
        """What a repair must bring back; None when deleted."""
        return None if self.type == "DELETED" else {part: self.object.get(part) for part in _COMPARED}


class Witness:
    """Watches some kinds of one namespace, each on a connection and a thread of its own."""

    def __init__(self, plane: ControlPlane, collections: dict[str, str]) -> None:
        """`collections`: API path of a namespaced collection by plural."""
        self._address = urlsplit(plane.url).netloc
        self._tls = ssl.create_default_context(cadata=plane.ca.decode())
        self._tls.load_cert_chain(plane.folder / "admin.pem")
        self._collections = collections
        self._events: list[Seen] = []
        self._changed = threading.Condition()
        self._connections: list[http.client.HTTPSConnection] = []

    def __enter__(self) -> Self:
        for plural, path in self._collections.items():
            connection = http.client.HTTPSConnection(self._address, context=self._tls)
            connection.request("GET", f"{path}?watch=true")
            response = connection.getresponse()
            self._connections.append(connection)
            threading.Thread(target=self._read, args=(plural, response), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for connection in self._connections:
            if connection.sock is not None:
                with contextlib.suppress(OSError):
                    connection.sock.shutdown(2)

    def _read(self, plural: str, response: http.client.HTTPResponse) -> None:
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
            while line := response.readline():
                at, event = time.monotonic(), json.loads(line)
                key = (plural, event["object"]["metadata"]["name"])
                with self._changed:
                    self._events.append(Seen(at, key, event["type"], event["object"]))
                    self._changed.notify_all()

    def mark(self) -> int:
        """Where the story is now; later questions begin there."""
        with self._changed:
            return len(self._events)

    def since(self, mark: int, key: Key) -> list[Seen]:
        """Everything seen of an object since a mark."""
        with self._changed:
            return [seen for seen in self._events[mark:] if seen.key == key]

    def newest(self, key: Key) -> Seen | None:
        """Return the newest state seen of an object."""
        return next(reversed(self.since(0, key)), None)

    def wait(self, mark: int, key: Key, wanted: Callable[[Seen], bool], seconds: float) -> Seen | None:
        """Wait for the first event since a mark that is as wanted; None when the time is over."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while True:
                for seen in self._events[mark:]:
                    if seen.key == key and wanted(seen):
                        return seen
                if not self._changed.wait(max(0.0, deadline - time.monotonic())) and time.monotonic() >= deadline:
                    return None
