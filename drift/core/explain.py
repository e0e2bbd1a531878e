"""Which live values that nobody declared are the server's own doing: a zero value, a default, or derived from others.

The facts come from the schema and the generated type table; what depends on the values around is listed here, each
rule with the reason that the type table gives. Whatever no rule covers stays a person's doing.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from drift.core.nodes import Form, Node, Shape
from drift.core.normalize import canonical, drops, is_zero
from drift.core.objects import Body
from drift.core.scalars import same_scalar

# The live values that a value lies in, innermost first, as far as the caller knows them.
Around = Sequence[Any]
_NOTHING: Body = {}


def explained(key: str, value: Any, node: Node, around: Around, beside: Body = _NOTHING) -> bool:
    """Whether a live member that nobody declared is the server's own doing; `beside` is what is declared next to it."""
    child = node.field(key)
    if drops(key, value, node, child) or _derived(key, value, node, around, beside):
        return True
    if node.shape is Shape.MAP:
        return False  # entries of a map have no defaults, whatever the schema of their values says
    if is_default(key, value, node):
        return True
    if not isinstance(value, Mapping) or not value or child.shape is not Shape.STRUCT or key not in node.zero:
        return False  # a struct that can be absent says something: `namespaceSelector: {}` is every namespace
    return all(explained(sub, member, child, (value, *around)) for sub, member in value.items())


def defaulted(key: str, value: Any, other: Any, node: Node, around: Around, beside: Body) -> bool:
    """Whether `other` is what the server makes of a declared value that counts as unset, or that it completes."""
    if key in node.zero and is_zero(value, node.field(key)) and explained(key, other, node, around, beside):
        return True
    form = node.field(key).rest.form
    return completed(key, value, other, node, around) and all(
        name in other and same_scalar(amount, other[name], form) for name, amount in value.items()
    )


def completed(key: str, value: Any, other: Any, node: Node, around: Around) -> bool:
    """Whether the entries that live has beyond a declared map are derived: `requests` from `limits`."""
    if not (isinstance(value, Mapping) and isinstance(other, Mapping)) or node.field(key).shape is not Shape.MAP:
        return False
    more = {name: entry for name, entry in other.items() if name not in value}
    return bool(more) and _derived(key, more, node, around, _NOTHING)


def is_default(key: str, value: Any, node: Node) -> bool:
    """Whether the server's defaulting sets exactly this value for an unset member."""
    child = node.field(key)
    alternatives = list(node.defaults.get(key, ()))
    if child.default is not None:
        alternatives.append(child.default)
    if isinstance(node.default, Mapping) and key in node.default:
        alternatives.append(node.default[key])  # a default of the whole says it
    if child.form is Form.QUANTITY and key in node.zero:
        alternatives.append("0")  # no pointer: unset is served as 0
    if isinstance(value, Mapping) and child.shape is Shape.STRUCT:
        return any(isinstance(each, Mapping) and _expands(each, value, child) for each in alternatives)
    if isinstance(value, Mapping | list):
        wanted = canonical(value, child)
        return any(canonical(alternative, child) == wanted for alternative in alternatives)
    return any(same_scalar(value, alternative, child.form) for alternative in alternatives)


def has_default(key: str, node: Node) -> bool:
    """Whether the server sets this member by itself."""
    return bool(node.defaults.get(key)) or node.field(key).default is not None


def fits(key: str, value: Any, node: Node, around: Around, beside: Body) -> bool:
    """Whether a default that depends on its neighbours is the one for these; else a person chose it."""
    rule = _DEPENDING.get((node.name.rpartition(".")[2], key))
    return rule is None or rule(value, around) or rule(value, (beside, *around[1:]))


def _expands(default: Mapping[str, Any], value: Mapping[str, Any], node: Node) -> bool:
    """Whether a struct is a default with the defaults of its own members filled in."""
    for key, member in value.items():
        child, given = node.field(key), default.get(key)
        if isinstance(given, Mapping) and isinstance(member, Mapping) and child.shape is Shape.STRUCT:
            same = _expands(given, member, child)
        elif given is not None:
            same = canonical(given, child) == canonical(member, child)
        else:
            same = explained(key, member, node, (value,))
        if not same:
            return False
    return all(key in value or drops(key, member, node, node.field(key)) for key, member in default.items())


def _derived(key: str, value: Any, node: Node, around: Around, beside: Body) -> bool:
    if key not in node.derived:
        return False
    if (node.name.rpartition(".")[2], key) == ("PodSpec", "serviceAccountName"):
        return bool(value == beside.get("serviceAccount"))  # declared by its deprecated name
    rule = _RULES.get((node.name.rpartition(".")[2], key))
    if rule is None:
        return key != "metadata"  # its labels and annotations have owners of their own
    return rule(value, around)


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
    """A headless Service without selector gets all families that the cluster could have."""
    headless = not around[0].get("selector") and around[0].get("clusterIP") == "None"
    return value == "SingleStack" or (headless and value == "RequireDualStack")


def _name_of_kind(value: Any, around: Around) -> bool:
    kind = str(around[0].get("kind") or "")
    return value in {kind.lower(), f"{kind}List"}


def _generated_labels(value: Any, _around: Around) -> bool:
    """A Job's template: labels with its uid and name, and nothing else."""
    labels = value.get("labels") or {} if isinstance(value, Mapping) else {}
    own = all(key in _JOB_LABELS or key.startswith("batch.kubernetes.io/") for key in labels)
    return own and bool(labels) and set(value) <= {"labels", "creationTimestamp"}


def _pull_policy(value: Any, around: Around) -> bool:
    image = str(around[0].get("image") or "")
    name, _, digest = image.partition("@")
    latest = not digest and name.rpartition("/")[2].partition(":")[2] in {"", "latest"}
    return bool(value == ("Always" if latest else "IfNotPresent"))


def _policy_types(value: Any, around: Around) -> bool:
    return bool(value == (["Ingress", "Egress"] if around[0].get("egress") else ["Ingress"]))


def _backoff_limit(value: Any, around: Around) -> bool:
    return bool(value == (6 if around[0].get("backoffLimitPerIndex") is None else 2**31 - 1))


def _replacement(value: Any, around: Around) -> bool:
    return bool(value == ("Failed" if around[0].get("podFailurePolicy") else "TerminatingOrFailed"))


def _stabilization(_value: Any, around: Around) -> bool:
    return _scaling_up(around)


def _policies(value: Any, around: Around) -> bool:
    return len(value) == (2 if _scaling_up(around) else 1)


def _scaling_up(around: Around) -> bool:
    return len(around) > 1 and around[0] is around[1].get("scaleUp")


_DEPENDING: Mapping[tuple[str, str], Callable[[Any, Around], bool]] = {
    ("Container", "imagePullPolicy"): _pull_policy,
    ("EphemeralContainer", "imagePullPolicy"): _pull_policy,
    ("HPAScalingRules", "policies"): _policies,
    ("HPAScalingRules", "stabilizationWindowSeconds"): _stabilization,
    ("JobSpec", "backoffLimit"): _backoff_limit,
    ("JobSpec", "podReplacementPolicy"): _replacement,
    ("NetworkPolicySpec", "policyTypes"): _policy_types,
}
_JOB_LABELS = frozenset({"controller-uid", "job-name"})
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
    ("PodSpec", "tolerations"): _never,
    ("PodSpec", "volumes"): _never,
    ("PodTemplateSpec", "metadata"): _generated_labels,
    ("ResourceRequirements", "requests"): _part_of("limits"),
    ("ServicePort", "targetPort"): _twin("port"),
    ("ServiceSpec", "ipFamilyPolicy"): _single_stack,
}

__all__ = ["Around", "completed", "defaulted", "explained", "fits", "has_default", "is_default"]
