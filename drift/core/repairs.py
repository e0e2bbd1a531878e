"""How plans are built: restoring a missing object, reverting an edited one.

Declared fields come back by server-side apply of the whole desired body, as the manager that owns them (decision
D4): a partial body would give up the fields it leaves out. Additions go by JSON patch with `test` operations, or with
the apply itself where both are needed (see `takeover`). When the server refuses the apply because the drift itself
makes it invalid, the fallback takes over more: whatever stands undeclared around the changed fields.
"""

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from drift.core.assess import Difference
from drift.core.nodes import Node, Shape
from drift.core.normalize import declared, is_zero
from drift.core.objects import Body
from drift.core.ownership import entries_of, owned_by
from drift.core.paths import Place, Token, locate, pointer_of, tokens_of
from drift.core.plan import OWN_MANAGER, Action, Apply, Context, Delete, Patch, Plan
from drift.core.redact import is_secret
from drift.core.takeover import once, taking_over, twice, undeclared_around


def recreate(context: Context) -> Plan:
    """Apply the whole desired body; a Service asks for the addresses it had, and takes others where they are taken."""
    body = applicable(context)
    reason = "the object is missing"
    if context.last_seen is None or (context.ref.group, context.ref.kind) != ("", "Service"):
        return Plan(reason, _creating(context, body))
    asking = copy.deepcopy(body)
    _ask_for_addresses(asking, context.last_seen)
    return Plan(reason, _creating(context, asking), _creating(context, body) if asking != body else ())


def _creating(context: Context, body: dict[str, Any]) -> tuple[Action, ...]:
    actions: list[Action] = [Apply(context.ref, once(body, context.schema.root), context.manager, creates=True)]
    if doubled := list(twice(body, context.schema.root)):
        actions.append(_patch(context, [_put_back(path, body) for path in doubled]))
    return tuple(actions)


def revert(context: Context) -> Plan:
    """Restore declared fields by apply, remove additions by JSON patch: one write each, and one change of the object.

    Where both differ, the additions are taken over first, so that the apply removes them. What server-side apply
    cannot say (a merge key twice in a list, a null where a value is) is put back by a patch.
    """
    if context.live is None:
        return Plan("the object is missing: nothing to revert")
    if not context.differences:
        return Plan("nothing differs")
    changed = [difference for difference in context.differences if not difference.surplus]
    surplus = [difference for difference in context.differences if difference.surplus]
    reason = _revert_reason(changed, surplus)
    if changed and (_doubled(context) or any(item.desired is None for item in changed)):
        return Plan(reason, (_patch(context, rewrites(changed, surplus, context)),))
    if changed:
        return Plan(reason, _restoring(context, surplus), _restoring(context, surplus, changed))
    return Plan(reason, (_patch(context, removals(surplus, context)),), _restoring(context, surplus))


def _doubled(context: Context) -> bool:
    """Whether a merge key comes twice in a list, desired or live: server-side apply cannot merge that."""
    root, live = context.schema.root, declared(context.live or {})
    return next(chain(twice(applicable(context), root), twice(live, root)), None) is not None


def _restoring(
    context: Context, surplus: Sequence[Difference], around: Sequence[Difference] = ()
) -> tuple[Action, ...]:
    """Apply, after taking over what it must remove: the surplus, and what stands undeclared around changed fields."""
    assert context.live is not None  # noqa: S101 - told by the caller
    live, root = context.live, context.schema.root
    rest = undeclared_around(around, context.ref, context.desired, live, root)
    places = dict.fromkeys((*_with_twins(item.tokens for item in surplus), *rest))
    apply = Apply(context.ref, _with_preconditions(applicable(context), live), context.manager)
    if not places:
        return (apply,)
    return guarded(context, taking_over(places, live, root, context.manager)), apply


def _with_twins(places: Iterable[tuple[Token, ...]]) -> Iterator[tuple[Token, ...]]:
    """Add the deprecated twin of a field, from which the server would fill it again."""
    for tokens in places:
        yield tokens
        if tokens[-1:] == ("serviceAccountName",):
            yield (*tokens[:-1], "serviceAccount")


def _put_back(path: Sequence[str | int], body: Body) -> Mapping[str, Any]:
    """One list as it is declared, although a merge key occurs twice in it."""
    tokens = [str(token) for token in path]
    return {"op": "replace", "path": pointer_of(path), "value": _container(body, tokens)}


def _revert_reason(changed: Sequence[Difference], added: Sequence[Difference]) -> str:
    parts = [f"{len(changed)} declared fields differ"] if changed else []
    parts += [f"{len(added)} were added by a person"] if added else []
    return " and ".join(parts)


def guarded(context: Context, operations: Sequence[Mapping[str, Any]]) -> Patch:
    """Return a JSON patch that applies to exactly the live state that was seen."""
    assert context.live is not None  # noqa: S101 - told by the caller
    return _patch(context, [*_preconditions(context.live), *operations])


def deletion(context: Context) -> Delete:
    """Return the deletion of exactly this incarnation in exactly this state."""
    metadata = (context.live or {}).get("metadata") or {}
    return Delete(context.ref, str(metadata.get("uid") or ""), str(metadata.get("resourceVersion") or ""))


def _patch(context: Context, operations: Sequence[Mapping[str, Any]]) -> Patch:
    return Patch(context.ref, tuple(operations), context.schema.version)


def applicable(context: Context) -> dict[str, Any]:
    """Return a private copy of the desired body as it can be applied."""
    body: dict[str, Any] = copy.deepcopy(dict(context.desired))
    body.pop("status", None)
    if is_secret(context.ref) and body.get("stringData") and (context.manager == OWN_MANAGER or context.left_alone):
        body["data"] = declared(body).get("data", {})
        body.pop("stringData")
    for difference in context.left_alone:
        _leave_alone(body, difference, context)
    if context.manager == OWN_MANAGER:
        body = without_nulls(body, context.schema.root, context.live)
    return body


def without_nulls(value: Any, node: Node, live: Any = None) -> Any:
    """Drop nulls that the server would not keep: an apply would own them for nothing.

    In a map of a built-in kind a null may have become an entry, the zero value: then it stays one.
    """
    if isinstance(value, Mapping):
        there = live if isinstance(live, Mapping) else {}
        return {
            key: without_nulls(member, node.field(key), there.get(key))
            for key, member in value.items()
            if member is not None or node.field(key).nullable or _became_entry(there.get(key), node)
        }
    if isinstance(value, list):
        items = live if isinstance(live, list) and len(live) == len(value) else [None] * len(value)
        return [without_nulls(member, node.item(), item) for member, item in zip(value, items, strict=True)]
    return value


def _became_entry(live: Any, node: Node) -> bool:
    return node.shape is Shape.MAP and live is not None and is_zero(live, node.rest)


def _leave_alone(body: dict[str, Any], difference: Difference, context: Context) -> None:
    """Take a field out of the apply, or keep its live value where leaving it out would remove it.

    That is so where the applying manager owns the field, and inside what is atomic: it is applied as a whole.
    """
    if difference.surplus or context.live is None:
        return
    place = locate(difference.tokens, context.schema.root, desired=declared(body), live=context.live)
    tokens = tokens_of(place.pointer)
    container = _container(body, tokens[:-1])
    if not tokens or container is None:
        return
    step: Any = int(tokens[-1]) if isinstance(container, list) else tokens[-1]
    if place.live is not None and (place.atomic_depth is not None or _owned(place, context)):
        container[step] = copy.deepcopy(place.live)
    elif isinstance(container, list) or step in container:
        del container[step]


def _owned(place: Place, context: Context) -> bool:
    metadata = (context.live or {}).get("metadata") or {}
    entries = entries_of(metadata.get("managedFields"))
    return owned_by(place.tokens, context.schema.root, entries, context.manager, "Apply")


def _container(body: Any, tokens: Sequence[str]) -> Any:
    """What holds a place; None where a former step took it away."""
    for token in tokens:
        try:
            body = body[int(token)] if isinstance(body, list) else body[token]
        except (KeyError, IndexError, TypeError):
            return None
    return body if isinstance(body, dict | list) else None


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
    removed = _with_twins(item.tokens for item in added)
    places = [locate(tokens, root, desired=wanted, live=context.live) for tokens in removed]
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
        return tuple((int(t), "") if t.isdecimal() else (-1, t) for t in tokens_of(place.live_pointer))

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
    spec, old = body.get("spec") or {}, last_seen.get("spec") or {}
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
    local = (spec.get("externalTrafficPolicy"), spec.get("type")) == ("Local", "LoadBalancer")
    if local and old.get("healthCheckNodePort") and not spec.get("healthCheckNodePort"):
        spec["healthCheckNodePort"] = old["healthCheckNodePort"]
