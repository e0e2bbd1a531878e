import pytest

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
from drift.kube.errors import (
    MESSAGE_LIMIT,
    Attempt,
    Cause,
    Details,
    Status,
    answer_error,
    line,
    network_error,
    status_error,
    without_value,
)

ON_DEPLOYMENT = Attempt("apply Deployment.apps shop/web")
ON_SECRET = Attempt("apply Secret shop/key", secret=True)
HUSH = "hunter2"


def of(
    code: int, message: str, attempt: Attempt = ON_DEPLOYMENT, *causes: Cause, name: str = "", kind: str = ""
) -> ClusterError:
    details = Details(name=name, kind=kind, causes=list(causes))
    return status_error(attempt, code, Status(message=message, details=details))


@pytest.mark.parametrize(
    ("code", "message", "kind", "reason"),
    [
        (401, "Unauthorized", ForbiddenError, Reason.FORBIDDEN),
        (403, 'pods is forbidden: User "eve" cannot list resource "pods"', ForbiddenError, Reason.FORBIDDEN),
        (403, 'pods "x" is forbidden: exceeded quota: q', ForbiddenError, Reason.QUOTA_EXCEEDED),
        (403, 'pods "x" is forbidden: violates PodSecurity "restricted"', ForbiddenError, Reason.DENIED),
        (403, 'pods "x" is forbidden: maximum cpu usage per Container is 1', ForbiddenError, Reason.DENIED),
        (400, 'admission webhook "a.b" denied the request: no', InvalidError, Reason.DENIED),
        (422, "ValidatingAdmissionPolicy 'p' with binding 'b' denied request", InvalidError, Reason.DENIED),
        (409, "the object has been modified", ConflictError, Reason.CONFLICT),
        (410, "too old resource version", GoneError, Reason.RESOURCE_VERSION_EXPIRED),
        (415, "media type", InvalidError, Reason.INVALID),
        (422, "spec.selector: Invalid value: {}: field is immutable", InvalidError, Reason.IMMUTABLE_FIELD),
        (422, "spec: Forbidden: pod updates may not change fields", InvalidError, Reason.IMMUTABLE_FIELD),
        (422, 'roleRef: Invalid value: "x": cannot change roleRef', InvalidError, Reason.IMMUTABLE_FIELD),
        (422, "updates to statefulset spec for fields other than 'a'", InvalidError, Reason.IMMUTABLE_FIELD),
        (422, "the server rejected our request due to an error in our request", ConflictError, Reason.CONFLICT),
        (422, "spec.replicas: must be positive", InvalidError, Reason.INVALID),
        (429, "too many", ClusterError, Reason.TOO_MANY_REQUESTS),
        (500, "failed to create typed patch object (a/b; v1): .spec.x: expected list", InvalidError, Reason.INVALID),
        (500, "etcd leader changed", ClusterError, Reason.SERVER_ERROR),
        (503, "unavailable", ClusterError, Reason.SERVER_ERROR),
        (504, "timeout", ClusterError, Reason.TIMEOUT),
    ],
)  # fmt: skip
def test_each_answer_has_its_class_and_reason(
    code: int, message: str, kind: type[ClusterError], reason: Reason
) -> None:
    error = of(code, message)

    assert (type(error), error.reason, error.status) == (kind, reason, code)
    assert str(error).startswith("apply Deployment.apps shop/web: ")


def test_a_terminating_namespace_is_told_by_its_cause() -> None:
    assert of(403, "x is forbidden", ON_DEPLOYMENT, Cause(reason="NamespaceTerminating")).reason == (
        Reason.NAMESPACE_TERMINATING
    )


def test_a_missing_namespace_is_not_a_missing_object() -> None:
    error = of(404, 'namespaces "shop" not found', name="shop", kind="namespaces")
    namespace = of(404, "not found", Attempt("get Namespace shop", namespaces=True), name="shop", kind="namespaces")

    assert (type(error), error.reason) == (NotFoundError, Reason.NAMESPACE_MISSING)
    assert (type(namespace), namespace.reason) == (NotFoundError, Reason.NOT_FOUND)


def test_an_unserved_kind_is_never_a_missing_object() -> None:
    assert isinstance(answer_error(ON_DEPLOYMENT, 404, b"404 page not found\n"), UnknownKindError)
    assert isinstance(of(404, "the server could not find the requested resource"), UnknownKindError)


@pytest.mark.parametrize("body", [b"<html>404 not found</html>", b"", b"null", b"[]", b'{"kind":"Po'])
def test_a_404_of_a_proxy_says_nothing_about_the_object(body: bytes) -> None:
    error = answer_error(ON_DEPLOYMENT, 404, body)

    assert type(error) is ClusterError
    assert error.reason == Reason.SERVER_ERROR


def test_another_uid_is_a_conflict_although_the_server_says_422() -> None:
    cause = Cause(field="metadata.uid", message='Invalid value: "x": field is immutable')

    assert isinstance(of(422, "invalid", ON_DEPLOYMENT, cause), ConflictError)


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        ('Invalid value: "a: b \\" c": must be short', "Invalid value: must be short"),
        ("Invalid value: 0: must be greater than 0", "Invalid value: must be greater than 0"),
        ('Invalid value: {"a":"b: c"}: field is immutable', "Invalid value: field is immutable"),
        ('Unsupported value: "X": supported values: "A", "B"', "Unsupported value: supported values: …, …"),
        ('Duplicate value: "a"', "Duplicate value: not shown"),
        ("Invalid value: secret", "Invalid value: not shown"),
        ("expected string, got &value.valueUnstructured{Value:12}", "expected string, got another type"),
        ("Required value", "Required value"),
    ],
)
def test_quoted_values_are_left_out(message: str, kept: str) -> None:
    assert without_value(message) == kept


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (422, f'Secret "key" is invalid: data[p]: Invalid value: "{HUSH}": no'),
        (500, f"failed to create typed patch object (a/b; v1): .data.p: expected string, got {HUSH}"),
        (400, f'admission webhook "x" denied the request: {HUSH} is weak'),
        (403, f'admission webhook "x" denied the request: {HUSH} is weak'),
        (400, f'json: cannot unmarshal "{HUSH}"'),
        (503, f"backend said {HUSH}"),
    ],
)
def test_a_secrets_value_is_in_no_error(code: int, message: str) -> None:
    cause = Cause(field="data[p]", message=f'Invalid value: "{HUSH}": no', reason="FieldValueInvalid")
    error = of(code, message, ON_SECRET, cause)

    assert HUSH not in str(error)
    assert HUSH not in " ".join(error.causes)
    assert "data[p]" in str(error)


def test_messages_are_one_bounded_printable_line() -> None:
    text = line("a\nb\x1b[31m\u202ec" + "x" * 1000)

    assert text.startswith("a b [31m c")
    assert len(text) == MESSAGE_LIMIT


def test_errors_of_the_network_name_the_host_and_what_to_do() -> None:
    assert "https://h:1" in str(network_error(ON_DEPLOYMENT, "https://h:1", OSError("refused")))
    assert network_error(ON_DEPLOYMENT, "h", TimeoutError()).reason == Reason.TIMEOUT
    tls = OSError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate (_ssl.c:1)")
    assert "(self-signed certificate); check certificate-authority" in str(network_error(ON_DEPLOYMENT, "h", tls))
