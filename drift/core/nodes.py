"""The positions of a compiled schema: how a value there is walked, read and told apart."""

from collections.abc import Mapping
from enum import Enum
from typing import Any


class Shape(Enum):
    """How a value is walked."""

    STRUCT = "struct"
    MAP = "map"
    LIST = "list"
    SCALAR = "scalar"
    ANY = "any"


class Form(Enum):
    """How a scalar is read."""

    PLAIN = "plain"
    QUANTITY = "quantity"
    INT_OR_STRING = "intOrString"
    BYTES = "bytes"
    TIME = "time"


class ListType(Enum):
    """How the items of a list are told apart."""

    ATOMIC = "atomic"
    SET = "set"
    MAP = "map"


class Node:
    """One position of a schema. Filled in by the compiler and never changed afterwards.

    `fields` are the members of a struct, `rest` stands for all others (the values of a map), `child` for the items
    of a list. `zero`, `defaults` and `derived` say of members what the type table knows (see `schema.TypeTable`).
    """

    __slots__ = (
        "atomic", "child", "default", "defaults", "derived", "embedded", "fields", "form", "key_defaults",
        "keys", "list_type", "name", "nullable", "preserve", "rest", "shape", "zero",
    )  # fmt: skip

    def __init__(self, shape: Shape = Shape.ANY) -> None:
        """Begin as "anything": what is unknown is compared as it stands."""
        self.shape = shape
        self.name = ""
        self.fields: dict[str, Node] = {}
        self.child: Node | None = None
        self.rest: Node = self
        self.atomic = False
        self.list_type = ListType.ATOMIC
        self.keys: tuple[str, ...] = ()
        self.key_defaults: tuple[Any, ...] = ()
        self.form = Form.PLAIN
        self.nullable = False
        self.preserve = shape is Shape.ANY
        self.embedded = False
        self.default: Any = None
        self.zero: frozenset[str] = frozenset()
        self.defaults: Mapping[str, tuple[Any, ...]] = {}
        self.derived: Mapping[str, str] = {}

    def field(self, name: str) -> "Node":
        """Node of a member of a struct or map; `ANY_NODE` where the schema is silent."""
        return self.fields.get(name, self.rest)

    def item(self) -> "Node":
        """Node of the items of a list."""
        return self.child if self.child is not None else ANY_NODE

    def knows(self, name: str) -> bool:
        """Whether the server would keep a member of this name."""
        return self.preserve or name in self.fields or self.shape not in {Shape.STRUCT, Shape.ANY}


ANY_NODE = Node()
