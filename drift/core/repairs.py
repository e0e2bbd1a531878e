"""How plans are built: restoring a missing object, reverting an edited one.

Declared fields come back by server-side apply of the whole desired body, as the manager that owns them (decision
D4): a partial body would give up the fields it leaves out. Additions go by JSON patch with `test` operations. When the
server refuses the apply because the drift itself makes it invalid, the fallback changes all differing fields at once
by JSON patch.
"""

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from drift.core.assess import Difference
from drift.core.normalize import declared
from drift.core.objects import Body
from drift.core.ownership import entries_of, owned_by
from drift.core.paths import Place, locate, tokens_of
from drift.core.plan import OWN_MANAGER, Action, Apply, Context, Patch, Plan
from drift.core.schema import Node


def recreate(context: Context) -> Plan:
    """Apply the whole desired body; a Service asks for the addresses it had."""
    body = applicable(context)
    if context.last_seen is not None and context.ref.kind == "Service" and context.ref.group == "":
        _ask_for_addresses(body, context.last_seen)
    return Plan("the object is missing", (Apply(context.ref, body, context.manager, creates=True),))


def revert(context: Context) -> Plan:
    """Restore declared fields by apply, remove additions by JSON patch; one write each."""
    if context.live is None:
        return Plan("the object is missing: nothing to revert")
    changed = [difference for difference in context.differences if difference.op != "added"]
    added = [difference for difference in context.differences if difference.op == "added"]
    actions: list[Action] = []
    if added:
        actions.append(_patch(context, removals(added, context)))
    if changed:
        actions.append(Apply(context.ref, _with_preconditions(applicable(context), context.live), context.manager))
    fallback: tuple[Action, ...] = ()
    if changed:
        fallback = (_patch(context, rewrites(changed, added, context)),)
    return Plan(_revert_reason(changed, added), tuple(actions), fallback)


def _revert_reason(changed: Sequence[Difference], added: Sequence[Difference]) -> str:
    parts = [f"{len(changed)} declared fields differ"] if changed else []
    parts += [f"{len(added)} were added by a person"] if added else []
    return " and ".join(parts) or "nothing differs"


def _patch(context: Context, operations: Sequence[Mapping[str, Any]]) -> Patch:
    return Patch(context.ref, tuple(operations), context.schema.version)


def applicable(context: Context) -> dict[str, Any]:
    """Return a private copy of the desired body as it can be applied."""
    body: dict[str, Any] = copy.deepcopy(dict(context.desired))
    body.pop("status", None)
    if context.ref.kind == "Secret" and context.ref.group == "" and body.get("stringData"):
        if context.manager == OWN_MANAGER or context.left_alone:
            body["data"] = declared(body).get("data", {})
            body.pop("stringData")
    for difference in context.left_alone:
        _leave_alone(body, difference, context)
    if context.manager == OWN_MANAGER:
        body = without_nulls(body, context.schema.root)
    return body


def without_nulls(value: Any, node: Node) -> Any:
    """Drop nulls that the server would not keep: an apply would own them for nothing."""
    if isinstance(value, Mapping):
        return {
            key: without_nulls(member, node.field(key))
            for key, member in value.items()
            if member is not None or node.field(key).nullable
        }
    if isinstance(value, list):
        return [without_nulls(member, node.item()) for member in value]
    return value


def _leave_alone(body: dict[str, Any], difference: Difference, context: Context) -> None:
    """Take a field out of the apply, or keep its live value where leaving it out would remove it."""
    if difference.op == "added" or context.live is None:
        return
    place = locate(difference.tokens, context.schema.root, desired=declared(body), live=context.live)
    if not place.pointer:
        return
    entries = entries_of((context.live.get("metadata") or {}).get("managedFields"))
    owned = owned_by(place.tokens, context.schema.root, entries, context.manager, "Apply")
    if owned and place.live is not None:
        _set(body, tokens_of(place.pointer), copy.deepcopy(place.live))
    else:
        _unset(body, tokens_of(place.pointer))


def _container(body: Any, tokens: Sequence[str]) -> Any:
    for token in tokens:
        body = body[int(token)] if isinstance(body, list) else body[token]
    return body


def _set(body: Any, tokens: Sequence[str], value: Any) -> None:
    container = _container(body, tokens[:-1])
    container[int(tokens[-1]) if isinstance(container, list) else tokens[-1]] = value


def _unset(body: Any, tokens: Sequence[str]) -> None:
    container = _container(body, tokens[:-1])
    del container[int(tokens[-1]) if isinstance(container, list) else tokens[-1]]


def _with_preconditions(body: dict[str, Any], live: Body) -> dict[str, Any]:
    metadata = live.get("metadata") or {}
    own = dict(body.get("metadata") or {})
    own["uid"] = metadata.get("uid")
    own["resourceVersion"] = metadata.get("resourceVersion")
    return {**body, "metadata": own}


def removals(added: Iterable[Difference], context: Context) -> list[Mapping[str, Any]]:
    """JSON patch operations that take additions away from exactly this live object."""
    assert context.live is not None  # noqa: S101 - told by the caller
    root = context.schema.root
    wanted = declared(context.desired)
    places = [locate(item.tokens, root, desired=wanted, live=context.live) for item in added]
    operations = _preconditions(context.live)
    for place in _from_behind(place for place in places if place.live_pointer):
        operations.append({"op": "test", "path": place.live_pointer, "value": place.live})
        operations.append({"op": "remove", "path": place.live_pointer})
    return operations


def rewrites(changed: Iterable[Difference], added: Iterable[Difference], context: Context) -> list[Mapping[str, Any]]:
    """Everything that differs, changed at once: lists are replaced as desired has them."""
    assert context.live is not None  # noqa: S101 - told by the caller
    root, wanted = context.schema.root, declared(applicable(context))
    removing = list(added)
    operations = _preconditions(context.live)
    lists: dict[str, Any] = {}
    for difference in changed:
        place = locate(difference.tokens, root, desired=wanted, live=context.live)
        path, value = _list_around(place, root, wanted, context.live)
        if path is not None:
            lists[path] = value
        elif place.pointer:
            operations.append({"op": "add", "path": place.pointer, "value": place.desired})
    for path, value in lists.items():
        operations.append({"op": "add", "path": path, "value": value})
    inside = tuple(f"{path}/" for path in lists)
    outside = [item for item in removing if not item.path.startswith(inside)]
    return operations + removals(outside, context)[len(_preconditions(context.live)) :]


def _list_around(place: Place, root: Node, desired: Any, live: Any) -> tuple[str | None, Any]:
    """The outermost list through which a place goes: (its live pointer, the desired list)."""
    for depth, token in enumerate(place.tokens):
        if not isinstance(token, str):
            around = locate(place.tokens[:depth], root, desired=desired, live=live)
            return (around.live_pointer or around.pointer), around.desired
    return None, None


def _preconditions(live: Body) -> list[Mapping[str, Any]]:
    metadata = live.get("metadata") or {}
    return [
        {"op": "test", "path": "/metadata/uid", "value": metadata.get("uid")},
        {"op": "test", "path": "/metadata/resourceVersion", "value": metadata.get("resourceVersion")},
    ]


def _from_behind(places: Iterable[Place]) -> list[Place]:
    """Later list items first, so that indexes stay true."""

    def order(place: Place) -> tuple[tuple[int, str], ...]:
        return tuple((int(t), "") if t.isdigit() else (-1, t) for t in tokens_of(place.live_pointer))

    return sorted(places, key=order, reverse=True)


def disowning(live: Body, manager: str = OWN_MANAGER) -> tuple[Mapping[str, Any], ...]:
    """Operations that drop this manager's Update entry, or nothing where it has none.

    After a JSON patch the server books re-defaulted fields on whoever patched; a chart that declares them later would
    meet a conflict. `managedFields` may be edited like any other field.
    """
    metadata = live.get("metadata") or {}
    for index, entry in enumerate(metadata.get("managedFields") or ()):
        if (entry.get("manager"), entry.get("operation")) == (manager, "Update") and not entry.get("subresource"):
            path = f"/metadata/managedFields/{index}"
            return (
                *_preconditions(live),
                {"op": "test", "path": f"{path}/manager", "value": manager},
                {"op": "remove", "path": path},
            )
    return ()


def _ask_for_addresses(body: dict[str, Any], last_seen: Body) -> None:
    """A Service asks for its last clusterIP and nodePorts where desired leaves them to the server."""
    spec, old = body.setdefault("spec", {}), last_seen.get("spec") or {}
    if spec.get("type") == "ExternalName" or old.get("type") == "ExternalName":
        return
    if not spec.get("clusterIP") and not spec.get("clusterIPs") and old.get("clusterIP") not in {None, "", "None"}:
        spec["clusterIP"] = old["clusterIP"]
    if spec.get("type", "ClusterIP") in {"NodePort", "LoadBalancer"}:
        _ask_for_node_ports(spec, old)


def _ask_for_node_ports(spec: dict[str, Any], old: Mapping[str, Any]) -> None:
    ports = {(port.get("port"), port.get("protocol", "TCP")): port.get("nodePort") for port in old.get("ports") or ()}
    for port in spec.get("ports") or ():
        known = ports.get((port.get("port"), port.get("protocol") or "TCP"))
        if known and not port.get("nodePort"):
            port["nodePort"] = known
    if old.get("healthCheckNodePort") and not spec.get("healthCheckNodePort"):
        if spec.get("externalTrafficPolicy") == "Local" and spec.get("type") == "LoadBalancer":
            spec["healthCheckNodePort"] = old["healthCheckNodePort"]
