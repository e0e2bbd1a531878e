"""The one tree of errors.

An error message is one line for a person: it names the file, object or option, what was attempted and what to do.
It never carries a value that may be secret: whoever raises it masks first.
"""

from drift.core.reasons import Reason


class DriftError(Exception):
    """Base of everything this project raises on purpose; `str()` is the line shown to the user."""

    reason: Reason = Reason.INTERNAL_ERROR

    def __init__(self, message: str, *, reason: Reason | None = None) -> None:
        super().__init__(message)
        if reason is not None:
            self.reason = reason


class UsageError(DriftError):
    """Options, files or configuration that cannot be used as given."""

    reason = Reason.INVALID_INPUT


class DecodeError(DriftError):
    """A document is not what Kubernetes would read; the message names file, document and line."""

    reason = Reason.DESIRED_INVALID


class SourceError(DriftError):
    """A desired state could not be loaded; repair of its objects stays frozen."""

    reason = Reason.SOURCE_FAILED


class PluginError(DriftError):
    """A plugin failed to load, has a wrong version, raised or answered nonsense."""

    reason = Reason.PLUGIN_FAILED


class ClusterError(DriftError):
    """The API server could not be asked or refused; `status` is the HTTP code, 0 when no answer came."""

    reason = Reason.CLUSTER_UNREACHABLE

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        reason: Reason | None = None,
        causes: tuple[str, ...] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, reason=reason)
        self.status = status
        self.causes = causes
        self.retry_after = retry_after


class NotFoundError(ClusterError):
    """404: the object, or its kind, does not exist."""

    reason = Reason.NOT_FOUND


class ForbiddenError(ClusterError):
    """401 or 403: the message names verb, resource and namespace."""

    reason = Reason.FORBIDDEN


class ConflictError(ClusterError):
    """409: a precondition (uid, resourceVersion) or a field manager disagrees."""

    reason = Reason.CONFLICT


class InvalidError(ClusterError):
    """422 or 400: the server refuses the body; `causes` are `field: message` lines."""

    reason = Reason.INVALID


class GoneError(ClusterError):
    """410: the resourceVersion is too old; list again."""

    reason = Reason.RESOURCE_VERSION_EXPIRED


class UnknownKindError(ClusterError):
    """The server serves no such kind (now)."""

    reason = Reason.KIND_NOT_SERVED


class NotLeaderError(ClusterError):
    """A write that was not sent, for another process may be leading."""

    reason = Reason.NOT_LEADER
