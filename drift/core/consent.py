"""Whether a rule opts in to what can do harm to one object: its deletion, or its recreation after a loss (decision D6).

Naming the object by kind and name is consent. For objects that a source dropped, whose names nobody knows beforehand,
so is listing their kinds and setting `confirm: true`; never for kinds that hold data, types or whole namespaces.
"""

from drift.core.objects import ObjectRef
from drift.core.rules import Rule

ONLY_BY_NAME = frozenset({
    ("", "Namespace"),
    ("", "PersistentVolume"),
    ("", "PersistentVolumeClaim"),
    ("", "Secret"),
    ("apiextensions.k8s.io", "CustomResourceDefinition"),
    ("apps", "StatefulSet"),
})  # fmt: skip


def consents(rule: Rule, ref: ObjectRef, *, dropped: bool = False) -> bool:
    """Whether the rule opts in for this object; patterns never do."""
    if not lists_kind(rule, ref):
        return False
    if ref.name in rule.names:
        return True
    return dropped and rule.settings.get("confirm") is True and (ref.group, ref.kind) not in ONLY_BY_NAME


def lists_kind(rule: Rule, ref: ObjectRef) -> bool:
    """Whether a rule names the object's kind without a pattern."""
    names = {ref.kind.lower(), f"{ref.kind}.{ref.group}".lower()}
    return any(kind.lower() in names for kind in rule.kinds)
