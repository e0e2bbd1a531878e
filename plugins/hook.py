"""The strategy that is written in any language: an HTTP endpoint answers with what to do."""

from typing import Annotated, Any, ClassVar, Literal, cast
from urllib.parse import urlsplit

import msgspec

from drift.strategy import (
    PROTOCOL_VERSION,
    Context,
    Plan,
    Question,
    Reason,
    description,
    guarded,
    held,
    nothing,
    operations_fault,
    recreate,
    revert,
)

_AGAIN = 60.0


class HookSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whom to ask, and how."""

    url: Annotated[str, msgspec.Meta(description="http or https address that the drift is POSTed to")]
    secret_file: Annotated[str, msgspec.Meta(description="file with the key that signs requests; unset: unsigned")] = ""
    timeout: Annotated[float, msgspec.Meta(gt=0, le=60, description="seconds for the whole exchange")] = 10.0

    def __post_init__(self) -> None:
        """Refuse what cannot be asked. Raises ValueError."""
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("url must be http:// or https:// with a host")


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the endpoint says; everything else is no answer."""

    action: Literal["revert", "recreate", "nothing", "patch"]
    reason: Annotated[str, msgspec.Meta(max_length=500)]
    operations: Annotated[tuple[dict[str, Any], ...], msgspec.Meta(max_length=100)] = ()


class Hook:
    """POSTs the drift as JSON to an HTTP endpoint, which answers what to do.

    Without a valid answer nothing is written.
    """

    name: ClassVar[str] = "hook"
    protocol: ClassVar[int] = PROTOCOL_VERSION
    Settings: ClassVar[type[msgspec.Struct]] = HookSettings

    def question(self, context: Context, settings: msgspec.Struct) -> Question:
        """Describe the drift; values of Secrets are masked."""
        given = cast("HookSettings", settings)
        return Question(given.url, description(context), given.secret_file, given.timeout)

    def plan(self, context: Context, settings: msgspec.Struct) -> Plan:  # noqa: ARG002 - part of the protocol
        """Do what was answered, within bounds."""
        try:
            answer = msgspec.convert(context.answer, Answer)
        except msgspec.ValidationError as error:
            return held(Reason.PLUGIN_FAILED, f"the hook's answer is no answer: {error}", _AGAIN)
        return _because(answer.reason, _planned(answer, context))


def _planned(answer: Answer, context: Context) -> Plan:
    match answer.action:
        case "revert":
            return revert(context)
        case "recreate":
            return recreate(context) if context.missing else nothing("the object exists")
        case "nothing":
            return nothing("nothing")
        case "patch":
            return _patched(answer.operations, context)


def _patched(operations: tuple[dict[str, Any], ...], context: Context) -> Plan:
    fault = "a missing object cannot be patched" if context.missing else operations_fault(operations)
    if not fault and (context.ref.group, context.ref.kind) == ("", "Secret"):
        fault = "a hook sees no values of a Secret and changes none"
    if fault or not operations:
        return held(Reason.PLUGIN_FAILED, f"the hook's patch is refused: {fault or 'it has no operations'}", _AGAIN)
    return Plan("patch", (guarded(context, operations),), repairs=False)


def _because(reason: str, plan: Plan) -> Plan:
    return plan if plan.hold else msgspec.structs.replace(plan, reason=f"{plan.reason} (hook: {reason})")
