"""From what the API server, or the way to it, said to the one tree of errors.

The server quotes the values that it refuses. None of them may reach a message: for every kind the value behind
`Invalid value:` is left out, and for a Secret nothing is taken from a refusal but reasons and field names.
"""

import re
from http import HTTPStatus
from typing import NamedTuple

import msgspec

from drift.core.errors import (
    ClusterError,
    ConflictError,
    ForbiddenError,
    GoneError,
    InvalidError,
    NotFoundError,
    UnknownKindError,
)
from drift.core.reasons import Reason

MESSAGE_LIMIT = 300

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")
_VALUE = re.compile(r"\b(Invalid|Unsupported|Duplicate) value: ")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_DENIED = re.compile(
    r"admission webhook .* denied the request|validatingadmissionpolicy .* denied request|violates podsecurity",
    re.IGNORECASE,
)
_IMMUTABLE = re.compile(
    r"is immutable|updates to .* for fields other than|updates to .* are forbidden"
    r"|may not change|may not be changed|cannot change roleRef|can ?not be changed",
    re.IGNORECASE,
)
# What an authorizer says; everything else under 403 is an admission plugin's refusal.
_NO_RIGHT = re.compile(r'user "', re.IGNORECASE)
# The API server's only words for a JSON patch whose `test` (or path) does not hold.
_PATCH_DOES_NOT_FIT = "the server rejected our request due to an error in our request"
# Server-side apply says 500 to a body that does not fit the schema.
_NOT_TYPED = re.compile(
    r"failed to create typed patch object|illegal base64|unable to convert unstructured|cannot unmarshal", re.IGNORECASE
)
_TYPED_PATH = re.compile(r"[):] (\.[^\s:\"]+): ")
_DUMPED = re.compile(r"&?value\.[A-Za-z]+\{.*", re.DOTALL)


class Attempt(NamedTuple):
    """What was tried, in words (`patch Deployment.apps shop/web`), and whether values must stay hidden."""

    words: str
    secret: bool = False
    namespaces: bool = False


class Cause(msgspec.Struct, frozen=True):
    """One `details.causes` entry of a Status."""

    reason: str | None = None
    message: str | None = None
    field: str | None = None


class Details(msgspec.Struct, frozen=True, rename="camel"):
    """`details` of a Status."""

    name: str | None = None
    kind: str | None = None
    causes: list[Cause] | None = None
    retry_after_seconds: float | None = None


class Status(msgspec.Struct, frozen=True):
    """metav1.Status, as far as errors need it."""

    kind: str | None = None
    reason: str | None = None
    message: str | None = None
    code: int | None = None
    details: Details | None = None

    @property
    def causes(self) -> list[Cause]:
        """The causes; empty where there are none."""
        return (self.details.causes if self.details else None) or []


_STATUS = msgspec.json.Decoder(Status)


def decode_status(body: bytes) -> Status | None:
    """Read a Status; None where the body is anything else."""
    try:
        status = _STATUS.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return status if status.kind == "Status" else None


def answer_error(attempt: Attempt, code: int, body: bytes, retry_after: float | None = None) -> ClusterError:
    """Turn an answer of 400 or more into the error that says the same."""
    status = decode_status(body)
    if status is None:
        return _foreign_error(attempt, code, body, retry_after)
    return status_error(attempt, code, status, retry_after)


def status_error(attempt: Attempt, code: int, status: Status, retry_after: float | None = None) -> ClusterError:
    """Turn a Status into the error that says the same."""
    kind, reason = _classify(attempt, code, status)
    if retry_after is None and status.details:
        retry_after = status.details.retry_after_seconds
    words = _secret_words(reason, status) if _must_hide(attempt, code, reason) else _open_words(status)
    message = line(f"{attempt.words}: {words or _phrase(code)}")
    causes = dict.fromkeys(line(_cause_line(cause, hide=attempt.secret)) for cause in status.causes)
    return kind(message, status=code, reason=reason, causes=tuple(causes), retry_after=retry_after)


def network_error(attempt: Attempt, host: str, error: BaseException) -> ClusterError:
    """Turn a failure to get an answer at all into an error that names the host."""
    if isinstance(error, TimeoutError):
        message = f"{attempt.words}: no answer from {host} in time; is the API server reachable and not overloaded?"
        return ClusterError(line(message), reason=Reason.TIMEOUT)
    words = str(error).strip() or type(error).__name__
    message = f"{attempt.words}: cannot reach {host}: {_advice(words)}"
    return ClusterError(line(message), reason=Reason.CLUSTER_UNREACHABLE)


def incomplete_error(attempt: Attempt, why: str) -> ClusterError:
    """Refuse a list that is not whole."""
    return ClusterError(line(f"{attempt.words}: {why}; the list is not complete"), reason=Reason.LIST_INCOMPLETE)


def line(text: str) -> str:
    """One printable line of bounded length: no control characters, no terminal or text-direction tricks."""
    clean = _CONTROLS.sub(" ", text).strip()
    return clean if len(clean) <= MESSAGE_LIMIT else clean[: MESSAGE_LIMIT - 3] + "..."


def without_value(message: str) -> str:
    """Leave out what a field error quotes: `Invalid value: X: why` -> `Invalid value: why`."""
    message = _DUMPED.sub("another type", message)
    found = _VALUE.search(message)
    if found is None:
        return message
    rest = message[found.end() :]
    quoted = _QUOTED.match(rest)
    # A value that is no JSON string may itself hold ": "; only what follows the last one is surely not value.
    why = rest[quoted.end() :].removeprefix(":") if quoted else rest.rpartition(": ")[2] if ": " in rest else ""
    return f"{message[: found.start()]}{found[1]} value: {_QUOTED.sub('…', why).strip() or 'not shown'}"


def _foreign_error(attempt: Attempt, code: int, body: bytes, retry_after: float | None) -> ClusterError:
    # The API server answers an unknown path in plain text, so this is the word for "no such kind".
    if code == HTTPStatus.NOT_FOUND and body.strip() == b"404 page not found":
        return UnknownKindError(line(f"{attempt.words}: the server serves no such kind"), status=code)
    kind, reason = _by_code(code)
    if kind is NotFoundError:
        kind, reason = ClusterError, Reason.SERVER_ERROR  # a proxy's 404 says nothing about the object
    message = line(f"{attempt.words}: {_phrase(code)}, and the answer is not from Kubernetes (a proxy?)")
    return kind(message, status=code, reason=reason, retry_after=retry_after)


def _classify(attempt: Attempt, code: int, status: Status) -> tuple[type[ClusterError], Reason]:
    message = status.message or ""
    texts = " ".join([message, *(cause.message or "" for cause in status.causes)])
    kind, reason = _by_code(code)
    if _DENIED.search(texts):
        return kind, Reason.DENIED
    if kind is ForbiddenError and code == HTTPStatus.FORBIDDEN:
        return kind, _forbidden_reason(status, message)
    if kind is NotFoundError:
        return _not_found(attempt, status)
    if kind is InvalidError or _NOT_TYPED.search(message):
        return _invalid(status, texts)
    return kind, reason


def _forbidden_reason(status: Status, message: str) -> Reason:
    if any(cause.reason == "NamespaceTerminating" for cause in status.causes):
        return Reason.NAMESPACE_TERMINATING
    if "exceeded quota" in message:
        return Reason.QUOTA_EXCEEDED
    return Reason.FORBIDDEN if _NO_RIGHT.search(message) or ":" not in message else Reason.DENIED


def _not_found(attempt: Attempt, status: Status) -> tuple[type[ClusterError], Reason]:
    details = status.details or Details()
    if details.kind == "namespaces" and not attempt.namespaces:
        return NotFoundError, Reason.NAMESPACE_MISSING
    if not details.name:
        return UnknownKindError, Reason.KIND_NOT_SERVED
    return NotFoundError, Reason.NOT_FOUND


def _invalid(status: Status, texts: str) -> tuple[type[ClusterError], Reason]:
    if any(cause.field == "metadata.uid" for cause in status.causes) or _PATCH_DOES_NOT_FIT in texts:
        return ConflictError, Reason.CONFLICT
    return InvalidError, Reason.IMMUTABLE_FIELD if _IMMUTABLE.search(texts) else Reason.INVALID


_KINDS: dict[int, tuple[type[ClusterError], Reason]] = {
    401: (ForbiddenError, Reason.FORBIDDEN),
    403: (ForbiddenError, Reason.FORBIDDEN),
    404: (NotFoundError, Reason.NOT_FOUND),
    408: (ClusterError, Reason.TIMEOUT),
    409: (ConflictError, Reason.CONFLICT),
    410: (GoneError, Reason.RESOURCE_VERSION_EXPIRED),
    429: (ClusterError, Reason.TOO_MANY_REQUESTS),
    504: (ClusterError, Reason.TIMEOUT),
}


def _by_code(code: int) -> tuple[type[ClusterError], Reason]:
    known = _KINDS.get(code)
    if known is not None:
        return known
    is_refusal = HTTPStatus.BAD_REQUEST <= code < HTTPStatus.INTERNAL_SERVER_ERROR
    return (InvalidError, Reason.INVALID) if is_refusal else (ClusterError, Reason.SERVER_ERROR)


def _must_hide(attempt: Attempt, code: int, reason: Reason) -> bool:
    """Whether the server may have quoted a Secret's value: a refusal of rights or of a version quotes none."""
    if not attempt.secret:
        return False
    return reason is Reason.DENIED or code in {400, 413, 415, 422} or code >= HTTPStatus.INTERNAL_SERVER_ERROR


def _secret_words(reason: Reason, status: Status) -> str:
    paths = [cause.field for cause in status.causes if cause.field] or _TYPED_PATH.findall(status.message or "")
    fields = ", ".join(dict.fromkeys(paths))
    where = f" at {fields}" if fields else ""
    return f"{reason.value}{where} (the server's words are not shown: they may quote the Secret)"


def _open_words(status: Status) -> str:
    message = status.message or ""
    if _PATCH_DOES_NOT_FIT in message:
        return "the patch does not fit the object any more, which was changed meanwhile"
    if _VALUE.search(message) and status.causes:
        return "; ".join(dict.fromkeys(_cause_line(cause, hide=False) for cause in status.causes))
    return without_value(message)


def _cause_line(cause: Cause, *, hide: bool) -> str:
    words = (cause.reason if hide else without_value(cause.message or "")) or ""
    return f"{cause.field}: {words}" if cause.field else words


def _phrase(code: int) -> str:
    try:
        return f"{code} {HTTPStatus(code).phrase}"
    except ValueError:
        return f"HTTP {code}"


def _advice(words: str) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in words or "certificate verify failed" in words:
        detail = re.search(r"certificate verify failed: ([^(\]]+)", words)
        said = detail[1].strip() if detail else "not trusted"
        return f"the server's certificate is not accepted ({said}); check certificate-authority in the kubeconfig"
    return words
