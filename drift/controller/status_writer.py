"""Writes the status of guards: by server-side apply on the status subresource, and only what is new."""

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from drift.cluster import Written
from drift.controller.model import API_VERSION, GROUP, Guard
from drift.controller.standing import Standing, status_of, worth_writing
from drift.controller.status import GuardStatus
from drift.core.errors import NotFoundError
from drift.core.objects import ObjectRef

MANAGER = "daytwo-status"


class StatusApi(Protocol):
    """The part of an API server that takes a status."""

    async def apply_status(self, body: Mapping[str, Any], ref: ObjectRef, *, manager: str) -> Written:
        """Apply the status of an object."""
        ...


class StatusWriter:
    """Remembers what was written last, for a watch shows it only later."""

    def __init__(self, api: StatusApi) -> None:
        """Nothing is written before `tell`."""
        self._api = api
        self._written: dict[str, GuardStatus] = {}

    async def tell(self, guard: Guard, standing: Standing, now: str) -> bool:
        """Write what a guard's status should say; return whether there was anything new. Raises ClusterError."""
        before = self._written.get(guard.metadata.uid, guard.status)
        status = status_of(standing, before, now)
        if not worth_writing(before, status):
            return False
        try:
            await self._api.apply_status(_body(guard, status), ref_of_guard(guard), manager=MANAGER)
        except NotFoundError:
            self.forget(guard.metadata.uid)  # deleted meanwhile: there is nobody to tell
            return False
        self._written[guard.metadata.uid] = status
        return True

    def forget(self, uid: str) -> None:
        """Drop what is remembered of a guard that is gone."""
        self._written.pop(uid, None)


def ref_of_guard(guard: Guard) -> ObjectRef:
    """Return the identity of a guard."""
    return ObjectRef(GROUP, guard.kind, guard.metadata.namespace, guard.metadata.name)


def _body(guard: Guard, status: GuardStatus) -> dict[str, Any]:
    """The whole status: what is not in it any more is taken away. The uid keeps it off a successor of that name."""
    named = {"name": guard.metadata.name, "uid": guard.metadata.uid}
    where = {"namespace": guard.metadata.namespace} if guard.metadata.namespace else {}
    return {
        "apiVersion": API_VERSION,
        "kind": guard.kind,
        "metadata": {**named, **where},
        "status": msgspec.to_builtins(status),
    }
