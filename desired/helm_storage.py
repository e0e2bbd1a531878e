"""Stored revisions of releases: one Secret or ConfigMap each, its metadata always, its payload while needed."""

from collections.abc import Callable
from typing import Literal

import msgspec

from desired.helm_history import Policy, RevisionInfo, Verdict, judge, state_of
from desired.helm_payload import Release, decode_release, unix_seconds
from drift.core.errors import DecodeError
from drift.core.objects import ObjectRef
from drift.core.reasons import Reason
from drift.source import DesiredState, Hold, Problem, Removed

__all__ = ["Clock", "ReleaseKey", "Storage", "Stored", "StoredRelease", "read_stored", "stored_ref"]

Clock = Callable[[], float]
Storage = Literal["secret", "configmap"]
KINDS: dict[Storage, str] = {"secret": "Secret", "configmap": "ConfigMap"}
_PREFIX = "sh.helm.release.v1."
_ABSENT = msgspec.Raw(b"null")


class ReleaseKey(msgspec.Struct, frozen=True, order=True):
    """A release by the namespace it is stored in and its name."""

    namespace: str
    name: str

    @property
    def source(self) -> str:
        """Stable name of its desired state."""
        return f"helm:{self.namespace}/{self.name}"


class Stored(msgspec.Struct, frozen=True, eq=False):
    """One stored revision; `payload` is the JSON string as the server sent it, None when it was let go."""

    key: ReleaseKey
    info: RevisionInfo
    object_name: str
    payload: bytes | None


class _Write(msgspec.Struct):
    time: str | None = None


class _Metadata(msgspec.Struct, rename="camel"):
    name: str = ""
    namespace: str = ""
    labels: dict[str, str] | None = None
    creation_timestamp: str | None = None
    managed_fields: list[_Write] | None = None


class _Data(msgspec.Struct):
    release: msgspec.Raw = _ABSENT


class _Object(msgspec.Struct):
    metadata: _Metadata
    data: _Data | None = None


_DECODER = msgspec.json.Decoder(_Object)


def read_stored(raw: msgspec.Raw | bytes) -> Stored | None:
    """Read a Secret or ConfigMap; None when it is not a stored release. Raises DecodeError when it is no object."""
    try:
        found = _DECODER.decode(raw)
    except msgspec.DecodeError:
        raise DecodeError("the server sent something that is no Secret or ConfigMap of Helm") from None
    metadata = found.metadata
    name, dot, version = metadata.name.removeprefix(_PREFIX).rpartition(".v")
    if not metadata.name.startswith(_PREFIX) or not dot or not version.isdecimal():
        return None
    labels = metadata.labels or {}
    info = RevisionInfo(int(version), labels.get("status", ""), _since(labels, metadata))
    payload = bytes(found.data.release) if found.data else None
    return Stored(ReleaseKey(metadata.namespace, name), info, metadata.name, payload)


def stored_ref(key: ReleaseKey, version: int, storage: Storage) -> ObjectRef:
    """Object that stores a revision."""
    return ObjectRef("", KINDS[storage], key.namespace, f"{_PREFIX}{key.name}.v{version}")


def _since(labels: dict[str, str], metadata: _Metadata) -> float:
    """When the revision came into its status: when it was written last.

    Helm 3 labels each write with Unix seconds; Helm 4 keeps the label of the first one for ever.
    """
    times = [float(text) for text in (labels.get("modifiedAt"), labels.get("createdAt")) if text and text.isdecimal()]
    times += [unix_seconds(write.time) for write in metadata.managed_fields or ()]
    return max(times, default=unix_seconds(metadata.creation_timestamp))


class StoredRelease:
    """All revisions of one release, and the desired state that follows from them.

    Keeps the payload of the deployed revision and of the one before it; others are let go, for every change of a
    stored revision brings its payload again.
    """

    def __init__(self, key: ReleaseKey, storage: Storage = "secret") -> None:
        self.key = key
        self.verdict = Verdict(removed=True)
        self._kind = KINDS[storage]
        self._revisions: dict[int, Stored] = {}
        self._good: Stored | None = None

    def put(self, stored: Stored) -> None:
        """Add or replace a revision."""
        self._revisions[stored.info.version] = stored

    def drop(self, version: int) -> None:
        """Forget a revision that was deleted."""
        self._revisions.pop(version, None)

    def keep_only(self, versions: set[int]) -> None:
        """Forget every other revision: a complete list did not have them."""
        self._revisions = {version: stored for version, stored in self._revisions.items() if version in versions}

    def revise(self, now: float, policy: Policy) -> DesiredState | Removed:
        """Desired state now."""
        history = [stored.info for stored in self._revisions.values()]
        title = f"{self.key.name} -n {self.key.namespace}"
        self.verdict = judge(history, name=title, now=now, policy=policy)
        if self.verdict.removed:
            self._good = None
            return Removed(self.key.source)
        state = self._state()
        self._let_go()
        return state

    def _state(self) -> DesiredState:
        """Decode what is needed and build the state."""
        verdict = self.verdict
        deployed = self._revisions.get(verdict.deployed)
        if deployed is None:
            return self._held_state(verdict.hold)
        try:
            releases = {verdict.deployed: _decode(deployed)}
        except DecodeError as error:
            message = f"{self._kind} {self.key.namespace}/{deployed.object_name}: {error}"
            problem = Problem(self.key.source, message, Reason.SOURCE_FAILED)
            state = self._held_state(Hold(Reason.SOURCE_FAILED, message, deployed.info.since))
            return msgspec.structs.replace(state, problems=(problem,))
        self._good = deployed
        releases |= self._former(verdict.former)
        return self._build(verdict, releases)

    def _held_state(self, hold: Hold | None) -> DesiredState:
        """State without a deployed revision: between two statuses of an upgrade the last good one stays known."""
        verdict = msgspec.structs.replace(self.verdict, hold=hold, former=0)
        if self._good is None:
            return self._build(msgspec.structs.replace(verdict, deployed=0), {})
        version = self._good.info.version
        return self._build(msgspec.structs.replace(verdict, deployed=version), {version: _decode(self._good)})

    def _build(self, verdict: Verdict, releases: dict[int, Release]) -> DesiredState:
        """Name the release."""
        file = f"release {self.key.namespace}/{self.key.name}"
        return state_of(verdict, releases, source=self.key.source, file=file)

    def _former(self, version: int) -> dict[int, Release]:
        """Revision before the deployed one; it only helps, so damage is no problem."""
        stored = self._revisions.get(version)
        if stored is None or stored.payload is None:
            return {}
        try:
            return {version: _decode(stored)}
        except DecodeError:
            return {}

    def _let_go(self) -> None:
        """Drop the payloads that no later state can need."""
        needed = {self.verdict.deployed, self.verdict.former}
        if self._good is not None:
            needed.add(self._good.info.version)
        for version, stored in self._revisions.items():
            if version not in needed and stored.payload is not None:
                self._revisions[version] = msgspec.structs.replace(stored, payload=None)


def _decode(stored: Stored) -> Release:
    """Decode the payload and check that it is the revision its name says. Raises DecodeError."""
    if stored.payload is None:
        raise DecodeError("the payload is missing")
    try:
        text = msgspec.json.decode(stored.payload, type=str)
    except msgspec.DecodeError:
        raise DecodeError("data.release is missing") from None
    release = decode_release(text)
    if (release.name, release.version) != (stored.key.name, stored.info.version):
        raise DecodeError("the payload is of another release or revision")
    return release if release.namespace else msgspec.structs.replace(release, namespace=stored.key.namespace)
