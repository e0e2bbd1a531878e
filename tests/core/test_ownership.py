from typing import Any

import pytest

from drift.core.ownership import Managers, Owner, entries_of, owned_by, owner_of, owners_of, token_of
from drift.core.paths import Token
from tests.core.examples import entries, managed, schema_of

_LEAF: dict[str, Any] = {}
_ROOT = schema_of("apps/v1", "Deployment").root
_ENV: tuple[Token, ...] = ("spec", "template", "spec", "containers", ("web",), "env", ("A",), "value")


def _env(name: str) -> dict[str, Any]:
    env = {f'k:{{"name":"{name}"}}': {".": _LEAF, "f:name": _LEAF, "f:value": _LEAF}}
    return {"f:spec": {"f:template": {"f:spec": {"f:containers": {'k:{"name":"web"}': {"f:env": env}}}}}}


def _name(*raw: Any) -> str | None:
    owner = owner_of(_ENV, _ROOT, entries(*raw), Managers())
    return owner.manager if owner else None


def test_the_manager_of_a_changed_field_is_named_with_operation_and_time() -> None:
    entry = managed("kubectl-edit", _env("A"), time="2026-02-03T04:05:06Z")
    assert owner_of(_ENV, _ROOT, entries(entry), Managers()) == Owner(
        "kubectl-edit", "Update", "", "2026-02-03T04:05:06Z"
    )


def test_nobody_is_named_without_a_trace() -> None:
    assert _name() is None
    assert _name(managed("kubectl-edit", _env("B"))) is None
    assert _name(managed("before-first-apply", _env("A"))) is None
    assert entries_of(None) == ()


def test_a_person_is_named_before_a_controller_and_the_latest_of_several() -> None:
    robot, person = managed("robot", _env("A"), time="2026-09-01T00:00:00Z"), managed("kubectl-edit", _env("A"))
    assert _name(robot, person) == "kubectl-edit"
    assert _name(robot, managed("other", _env("A"))) == "robot"
    assert _name(managed("k9s", _env("A"), time="2026-09-01T00:00:00Z"), person) == "k9s"


def test_the_owner_of_a_whole_owns_what_is_in_it() -> None:
    selector: tuple[Token, ...] = ("spec", "selector", "matchLabels", "app")
    held = entries(managed("x", {"f:spec": {"f:selector": _LEAF}}))
    assert [owner.manager for owner in owners_of(selector, _ROOT, held)] == ["x"]


def test_kubectl_scale_shows_as_a_subresource() -> None:
    scale = managed("kubectl", {"f:spec": {"f:replicas": _LEAF}}, subresource="scale")
    owner = owner_of(("spec", "replicas"), _ROOT, entries(scale), Managers())
    assert owner is not None
    assert (owner.manager, owner.subresource) == ("kubectl", "scale")
    assert not owned_by(("spec", "replicas"), _ROOT, entries(scale), "kubectl", "Update")


def test_owned_by_asks_for_manager_and_operation() -> None:
    held = entries(managed("helm", _env("A"), operation="Apply"))
    assert owned_by(_ENV, _ROOT, held, "helm", "Apply")
    assert not owned_by(_ENV, _ROOT, held, "helm", "Update")


def test_a_second_occurrence_has_the_owner_of_its_key() -> None:
    twice = (*_ENV[:-2], ("A", 2), "value")
    assert [owner.manager for owner in owners_of(twice, _ROOT, entries(managed("x", _env("A"))))] == ["x"]


def test_keys_are_read_with_the_defaults_of_the_schema() -> None:
    ports = schema_of("v1", "Service").root.field("spec").field("ports")
    assert token_of('k:{"port":53,"protocol":"UDP"}', ports) == (53, "UDP")
    assert token_of('k:{"port":53}', ports) == (53, "TCP")
    assert token_of("f:a/b", ports) == "a/b"
    assert [token_of(key, ports) for key in (".", "i:0", "k:{", "k:[]", "x")] == [None] * 5


@pytest.mark.parametrize(
    "manager",
    [
        "kubectl",
        "kubectl-edit",
        "kubectl-client-side-apply",
        "kubectl.exe",
        "k9s",
        "Lens",
        "OpenLens",
        "node-fetch",
        "oc",
        "Mozilla",
        "headlamp-server",
        "curl",
    ],
)
def test_people_are_known(manager: str) -> None:
    assert Managers().is_human(manager)


@pytest.mark.parametrize(
    "manager",
    [
        "helm",
        "daytwo",
        "kube-controller-manager",
        "argocd-controller",
        "cert-manager-cainjector",
        "kustomize-controller",
        "vpa-recommender",
        "octopus",
        "",
        "kubectlx",
    ],
)
def test_controllers_are_known(manager: str) -> None:
    assert not Managers().is_human(manager)


def test_the_table_of_people_can_be_extended() -> None:
    managers = Managers(human=("team-.*",), controllers=("team-bot",))
    assert managers.is_human("team-cli")
    assert not managers.is_human("team-bot")
    assert not managers.is_human("kubectl")
