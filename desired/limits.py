"""Bounds on what a document may cost, checked while it is read and before any alias is expanded.

340 bytes of YAML can stand for 351 MB of JSON. Aliases are shared in memory, so what counts is what they would
expand to: every later step (normalising, comparing, sending) walks the expanded form.
"""

import msgspec


class Limits(msgspec.Struct, frozen=True):
    """Upper bounds of one input: bytes as given and as expanded, nesting, and values after expansion."""

    bytes: int = 32 * 1024 * 1024
    depth: int = 100
    nodes: int = 2_000_000


class LimitError(ValueError):
    """A bound is passed; the text says which."""


class Budget:
    """What has been spent of the limits so far; shared by all documents of one input."""

    __slots__ = ("aliased", "limits", "nodes", "text")

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.nodes = 0
        self.text = 0
        self.aliased = 0

    def spend(self, nodes: int, text: int) -> None:
        """Count values and characters of text. Raises LimitError."""
        self.nodes += nodes
        self.text += text
        if self.nodes > self.limits.nodes:
            raise LimitError(f"more than {self.limits.nodes} values once aliases are expanded")
        if self.text > self.limits.bytes:
            raise LimitError(f"more than {self.limits.bytes} bytes of text once aliases are expanded")

    def spend_alias(self, nodes: int, text: int) -> None:
        """Count what an alias expands to, and refuse what go-yaml refuses as excessive. Raises LimitError."""
        self.spend(nodes + 1, text)
        self.aliased += nodes
        if self.aliased > 100 and self.nodes > 1000 and self.aliased > _alias_share(self.nodes) * self.nodes:
            raise LimitError("excessive aliasing: nearly all of it is the same alias again and again")


def _alias_share(nodes: int) -> float:
    """Share of the values that may come from aliases: 99 % of a small document, 10 % of a large one."""
    low, high = 400_000, 4_000_000
    return 0.99 - 0.89 * (min(max(nodes, low), high) - low) / (high - low)
