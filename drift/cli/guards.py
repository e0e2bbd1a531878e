"""Guards from files: the same document that the controller reads as a custom resource."""

from desired.decode import decode_documents
from drift.cli.options import Target
from drift.cli.terminal import read_input
from drift.controller.model import DriftGuard, Guard
from drift.controller.validity import read_guard
from drift.core.errors import UsageError


def load_guard(path: str) -> Guard:
    """Return the one guard of a file (`-` is stdin). Raises UsageError or DecodeError that names file and field."""
    documents = decode_documents(read_input(path, "--guard"), file=path)
    if len(documents) != 1:
        raise UsageError(f"{path}: must hold one guard, has {len(documents)} documents")
    try:
        return read_guard(documents[0].value)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None


def check_runnable(guard: Guard, path: str) -> None:
    """Refuse what only the controller can carry out. Raises UsageError."""
    if guard.spec.suspend:
        raise UsageError(f"{path}: spec.suspend: is true, so nothing is to be done")
    if guard.spec.kube_config is not None:
        raise UsageError(f"{path}: spec.kubeConfig: here the cluster is named by --kubeconfig and --context: remove it")


def unheeded(guard: Guard) -> tuple[str, ...]:
    """Say which fields mean nothing outside the controller."""
    account = guard.spec.service_account_name
    return (
        *((f"spec.serviceAccountName {account}: acts as you instead",) if account != "default" else ()),
        *(("spec.audit: audits are made by the controller",) if guard.spec.audit else ()),
    )


def namespace_of_guard(guard: Guard, target: Target, fallback: str) -> str:
    """Return the guard's namespace, else -n, else that of the context. Raises UsageError where they disagree."""
    own = guard.metadata.namespace if isinstance(guard, DriftGuard) else ""
    if own and target.namespace and own != target.namespace:
        raise UsageError(f"-n {target.namespace}: the guard is in namespace {own}; leave out one of them")
    return own or fallback
