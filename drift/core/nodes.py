"""The positions of a compiled schema: how a value there is walked, read and told apart."""

from collections.abc import Iterable, Iterator, Mapping
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
    `loose`: nothing is known, what live has beyond desired may be a default. `exact`: every scalar below has one JSON
    type, so that Python's equality decides (elsewhere True would be 1).
    """

    __slots__ = (
        "atomic", "child", "default", "defaults", "derived", "embedded", "exact", "fields", "form", "key_defaults",
        "keys", "list_type", "loose", "name", "nullable", "preserve", "rest", "shape", "zero",
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
        self.loose = False
        self.keys: tuple[str, ...] = ()
        self.key_defaults: tuple[Any, ...] = ()
        self.form = Form.PLAIN
        self.nullable = False
        self.preserve = shape is Shape.ANY
        self.embedded = False
        self.exact = False
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

    def below(self) -> Iterator["Node"]:
        """Nodes of the members or items that the schema describes."""
        yield from self.fields.values()
        if self.shape is Shape.MAP:
            yield self.rest
        elif self.shape is Shape.LIST:
            yield self.item()

    def knows(self, name: str) -> bool:
        """Whether the server would keep a member of this name."""
        return self.preserve or name in self.fields or self.shape not in {Shape.STRUCT, Shape.ANY}


ANY_NODE = Node()


def _everywhere(*, nullable: bool = False, loose: bool = False) -> Node:
    """Return a node that is its own member and item."""
    node = Node()
    node.child, node.nullable, node.loose = node, nullable, loose
    return node


# Inside what the server keeps as it is: null is a value there.
FREE_NODE = _everywhere(nullable=True)
# Of a kind without schema.
LOOSE_NODE = _everywhere(loose=True)


def bare_root(below: Node) -> Node:
    """Return the root of a kind of which only the metadata is known."""
    node = Node()
    node.fields, node.rest = {"metadata": _metadata()}, below
    return node


def _metadata() -> Node:
    """ObjectMeta, as far as it is compared: empty is absent, owners are told apart by uid."""
    node = Node(Shape.STRUCT)
    for key in ("labels", "annotations"):
        node.fields[key] = Node(Shape.MAP)
    finalizers, owners = Node(Shape.LIST), Node(Shape.LIST)
    finalizers.list_type, owners.list_type = ListType.SET, ListType.MAP
    owners.keys, owners.key_defaults = ("uid",), (None,)
    node.fields |= {"finalizers": finalizers, "ownerReferences": owners}
    node.rest, node.zero = ANY_NODE, frozenset(node.fields)
    return node


def mark_exact(nodes: Iterable[Node]) -> None:
    """Set `exact` on newly compiled nodes, whose types may contain each other; what they refer to else is marked."""
    exact = {id(node): node for node in nodes if node.shape is not Shape.ANY and not node.preserve}
    while True:
        wrong = [key for key, node in exact.items() if not all(id(n) in exact or n.exact for n in node.below())]
        if not wrong:
            break
        for key in wrong:
            del exact[key]
    for node in exact.values():
        node.exact = True
