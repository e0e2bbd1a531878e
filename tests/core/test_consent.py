"""What a rule must say before anything is deleted: patterns and defaults never do (decision D6)."""

from typing import Any

import pytest

from drift.core.consent import ONLY_BY_NAME, consents
from drift.core.objects import ObjectRef
from drift.core.rules import DEFAULT_RULES, Rule

MAP = ObjectRef("", "ConfigMap", "shop", "web")


def rule(**members: Any) -> Rule:
    return Rule(strategy="prune", **members)


@pytest.mark.parametrize(
    ("members", "named", "dropped"),
    [
        ({}, False, False),
        ({"kinds": ("ConfigMap",)}, False, False),
        ({"names": ("web",)}, False, False),
        ({"kinds": ("ConfigMap",), "names": ("web",)}, True, True),
        ({"kinds": ("configmap",), "names": ("db", "web")}, True, True),
        ({"kinds": ("*",), "names": ("web",)}, False, False),
        ({"kinds": ("Config*",), "names": ("web",)}, False, False),
        ({"kinds": ("ConfigMap",), "names": ("*",)}, False, False),
        ({"kinds": ("ConfigMap",), "names": ("w[e]b",)}, False, False),
        ({"kinds": ("ConfigMap",), "settings": {"confirm": True}}, False, True),
        ({"kinds": ("ConfigMap",), "settings": {"confirm": "true"}}, False, False),
        ({"kinds": ("ConfigMap",), "settings": {"confirm": 1}}, False, False),
        ({"kinds": ("*",), "settings": {"confirm": True}}, False, False),
        ({"settings": {"confirm": True}}, False, False),
        ({"kinds": ("Secret",), "settings": {"confirm": True}}, False, False),
    ],
)
def test_only_names_or_listed_kinds_with_confirmation_consent(members: Any, *, named: bool, dropped: bool) -> None:
    assert consents(rule(**members), MAP) is named
    assert consents(rule(**members), MAP, dropped=True) is dropped


@pytest.mark.parametrize("kind", sorted(ONLY_BY_NAME))
def test_what_holds_data_or_types_needs_its_name(kind: tuple[str, str]) -> None:
    ref = ObjectRef(*kind, "", "precious")
    listed = rule(kinds=(kind[1],), settings={"confirm": True})
    assert not consents(listed, ref, dropped=True)
    assert consents(rule(kinds=(kind[1],), names=("precious",)), ref, dropped=True)


def test_a_kind_of_another_group_is_another_kind() -> None:
    service = ObjectRef("serving.knative.dev", "Service", "shop", "web")
    assert not consents(rule(kinds=("Service.core",), names=("web",)), service)
    assert consents(rule(kinds=("Service.serving.knative.dev",), names=("web",)), service)


def test_the_default_rules_consent_to_nothing() -> None:
    assert not any(consents(each, MAP, dropped=dropped) for each in DEFAULT_RULES for dropped in (True, False))
