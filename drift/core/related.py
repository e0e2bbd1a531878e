"""Which other objects belong to one: those that scale it, those whose selector matches its pods.

Rules: LabelSelector and ObjectMeta of the Kubernetes API reference; for PodDisruptionBudget (policy/v1) an empty
selector matches every pod, for a Service it matches none.
"""

from collections.abc import Callable, Mapping
from typing import Any

from drift.core.objects import Body, ObjectRef, split_api_version
from drift.core.plan import Need

# Their selector is a plain map of labels, which matches nothing when it is empty.
_PLAIN = frozenset({"Service", "ReplicationController"})


def belongs(need: Need, candidate: Body, ref: ObjectRef, body: Body) -> bool:
    """Whether `candidate` (of the needed kind) is what `need` means for the object `ref` with this body."""
    match need.match:
        case "targets-me":
            return _targets(candidate, ref)
        case "selects-my-pods":
            return selects(need.kind, _spec(candidate).get("selector"), pod_labels(body))
        case _:
            return True


def pod_labels(body: Body) -> Mapping[str, str]:
    """Return the labels of the pods that this object stands for or makes; none where it makes none."""
    kind, spec = body.get("kind"), _spec(body)
    if kind == "CronJob":
        spec = _spec(spec.get("jobTemplate") or {})
    holder = body if kind == "Pod" else spec.get("template") or {}
    return (holder.get("metadata") or {}).get("labels") or {}


def selects(kind: str, selector: Any, labels: Mapping[str, str]) -> bool:
    """Whether the selector of an object of this kind matches the labels of a pod."""
    if not isinstance(selector, Mapping) or not labels:
        return False
    if kind in _PLAIN:
        return bool(selector) and _all_equal(selector, labels)
    given = selector.get("matchLabels") or {}
    return _all_equal(given, labels) and all(_holds(one, labels) for one in selector.get("matchExpressions") or ())


def _spec(body: Body) -> Mapping[str, Any]:
    return body.get("spec") or {}


def _targets(candidate: Body, ref: ObjectRef) -> bool:
    target = _spec(candidate).get("scaleTargetRef") or {}
    kind = target.get("kind") or "Deployment"  # KEDA's default
    group, _ = split_api_version(str(target.get("apiVersion") or ""))
    return (kind, target.get("name")) == (ref.kind, ref.name) and group in {"", ref.group}


def _all_equal(wanted: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    return all(labels.get(key) == value for key, value in wanted.items())


_OPERATORS: Mapping[str, Callable[[str | None, Any], bool]] = {
    "In": lambda value, values: value in values,
    "NotIn": lambda value, values: value not in values,
    "Exists": lambda value, _: value is not None,
    "DoesNotExist": lambda value, _: value is None,
}


def _holds(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    operator = _OPERATORS.get(str(expression.get("operator")))
    value = labels.get(str(expression.get("key")))
    return operator is not None and operator(value, expression.get("values") or ())
