"""Which live values that nobody declared are the server's own doing: a zero value, a default, or derived from others.

The facts come from the schema and the generated type table; what depends on the values around is listed here, each
rule with the reason that the type table gives. Whatever no rule covers stays a person's doing.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from drift.core.nodes import Form, Node, Shape
from drift.core.normalize import canonical, drops, is_zero
from drift.core.scalars import same_scalar

# The live values that a value lies in, innermost first, as far as the caller knows them.
Around = Sequence[Any]


def explained(key: str, value: Any, node: Node, around: Around) -> bool:
    """Whether a live member that nobody declared is the server's own doing."""
    child = node.field(key)
    if drops(key, value, node, child) or _derived(key, value, node, around):
        return True
    if node.shape is Shape.MAP:
        return False  # entries of a map have no defaults, whatever the schema of their values says
    if is_default(key, value, node):
        return True
    if not isinstance(value, Mapping) or not value or child.shape is not Shape.STRUCT:
        return False  # an empty struct that is kept says something: `namespaceSelector: {}` is every namespace
    return all(explained(sub, member, child, (value, *around)) for sub, member in value.items())


def defaulted(key: str, value: Any, other: Any, node: Node, around: Around) -> bool:
    """Whether a declared zero value counts as unset (Go cannot tell), and `other` is what the server sets then."""
    return key in node.zero and is_zero(value, node.field(key)) and explained(key, other, node, around)


def is_default(key: str, value: Any, node: Node) -> bool:
    """Whether the server's defaulting sets exactly this value for an unset member."""
    child = node.field(key)
    alternatives = list(node.defaults.get(key, ()))
    if child.default is not None:
        alternatives.append(child.default)
    if child.form is Form.QUANTITY and key in node.zero:
        alternatives.append("0")  # no pointer: unset is served as 0
    if isinstance(value, Mapping | list):
        wanted = canonical(value, child)
        return any(canonical(alternative, child) == wanted for alternative in alternatives)
    return any(same_scalar(value, alternative, child.form) for alternative in alternatives)


def _derived(key: str, value: Any, node: Node, around: Around) -> bool:
    if key not in node.derived:
        return False
    rule = _RULES.get((node.name.rpartition(".")[2], key))
    return rule is None or rule(value, around)


def _twin(member: str) -> Callable[[Any, Around], bool]:
    return lambda value, around: value == around[0].get(member)


def _never(_value: Any, _around: Around) -> bool:
    """Derived in Pods only, where `known` explains it by path; in a pod template a person wrote it."""
    return False


def _host_port(value: Any, around: Around) -> bool:
    """Equal to containerPort where the pod has hostNetwork (port, ports, container, containers, pod spec)."""
    pod = around[4] if len(around) > 4 else {}
    return bool(pod.get("hostNetwork")) and value == around[0].get("containerPort")


def _part_of(*members: str) -> Callable[[Any, Around], bool]:
    """Every amount is that of one of these siblings."""

    def rule(value: Any, around: Around) -> bool:
        given = [around[0].get(member) or {} for member in members]
        return isinstance(value, Mapping) and all(
            any(same_scalar(amount, other.get(name), Form.QUANTITY) for other in given)
            for name, amount in value.items()
        )

    return rule


def _single_stack(value: Any, around: Around) -> bool:
    return value == "SingleStack" or not around[0].get("selector")


def _name_of_kind(value: Any, around: Around) -> bool:
    kind = str(around[0].get("kind") or "")
    return value in {kind.lower(), f"{kind}List"}


_RULES: Mapping[tuple[str, str], Callable[[Any, Around], bool]] = {
    ("ContainerPort", "hostPort"): _host_port,
    ("CustomResourceDefinitionNames", "listKind"): _name_of_kind,
    ("CustomResourceDefinitionNames", "singular"): _name_of_kind,
    ("LimitRangeItem", "default"): _part_of("max"),
    ("LimitRangeItem", "defaultRequest"): _part_of("default", "max", "min"),
    ("PodSpec", "nodeName"): _never,
    ("PodSpec", "preemptionPolicy"): _never,
    ("PodSpec", "priority"): _never,
    ("PodSpec", "serviceAccount"): _twin("serviceAccountName"),
    ("PodSpec", "serviceAccountName"): _never,
    ("PodSpec", "tolerations"): _never,
    ("PodSpec", "volumes"): _never,
    ("ResourceRequirements", "requests"): _part_of("limits"),
    ("ServicePort", "targetPort"): _twin("port"),
    ("ServiceSpec", "ipFamilyPolicy"): _single_stack,
}

__all__ = ["Around", "defaulted", "explained", "is_default"]
