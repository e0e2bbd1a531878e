"""The strategy for what is declared no more."""

from typing import Annotated, Any, ClassVar

import msgspec

from drift.strategy import PROTOCOL_VERSION, Body, Context, Plan, deletion, nothing

_KEEP = "helm.sh/resource-policy"
_OWNER = ("meta.helm.sh/release-name", "meta.helm.sh/release-namespace")


class PruneSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the user consents to."""

    confirm: Annotated[
        bool,
        msgspec.Meta(description="delete objects of the kinds the rule lists without it naming each one"),
    ] = False


class Prune:
    """Deletes what the former revision of a source declared and the present one dropped."""

    name: ClassVar[str] = "prune"
    protocol: ClassVar[int] = PROTOCOL_VERSION
    changes: ClassVar[tuple[str, ...]] = ("dropped",)
    Settings: ClassVar[type[msgspec.Struct]] = PruneSettings

    def plan(self, context: Context, settings: msgspec.Struct) -> Plan:  # noqa: ARG002 - the gate asks for consent
        """Delete exactly what is live now, unless it is to be kept or belongs to somebody else."""
        if not context.dropped:
            return nothing("the object is declared: there is nothing to prune")
        if context.live is None:
            return nothing("the object is gone")
        if "keep" in (_annotation(context.live, _KEEP), _annotation(context.desired, _KEEP)):
            return nothing(f"{_KEEP}: keep")
        if any(owner.get("controller") for owner in _metadata(context.live).get("ownerReferences") or ()):
            return nothing("the object belongs to a controller")
        if any(_annotation(context.desired, key) not in {None, _annotation(context.live, key)} for key in _OWNER):
            return nothing("the object belongs to another release")
        return Plan(f"{context.source} declares it no more", (deletion(context),))


def _metadata(body: Body) -> dict[str, Any]:
    return body.get("metadata") or {}


def _annotation(body: Body, name: str) -> Any:
    return (_metadata(body).get("annotations") or {}).get(name)
