"""What a rendering may depend on besides the report."""

import msgspec


class RenderOptions(msgspec.Struct, frozen=True):
    """`every`: objects in sync, notes and what is ignored too. `now`: RFC 3339, for ages. `colour`: ANSI."""

    every: bool = False
    now: str = ""
    colour: bool = False
