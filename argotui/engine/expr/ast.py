"""The typed syntax tree of an expression.

offset: where a fault of the node is shown, a character offset; nodes that the optimiser makes have 0.
nature: what the checker found out. height: nodes within each other, for the depth limit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from argotui.engine.expr.gotypes import ANY, GoType
from argotui.engine.expr.nature import UNKNOWN, Nature


@dataclass(eq=False, slots=True, kw_only=True)
class Base:
    offset: int = 0
    nature: Nature = field(default=UNKNOWN)
    height: int = 1

    @property
    def type(self) -> GoType:
        """The static Go type; `interface {}` when it is not known."""
        return self.nature.type or ANY


@dataclass(eq=False, slots=True)
class Nil(Base):
    pass


@dataclass(eq=False, slots=True)
class Identifier(Base):
    name: str


@dataclass(eq=False, slots=True)
class Integer(Base):
    value: int


@dataclass(eq=False, slots=True)
class Float(Base):
    value: float


@dataclass(eq=False, slots=True)
class Bool(Base):
    value: bool


@dataclass(eq=False, slots=True)
class String(Base):
    value: str


@dataclass(eq=False, slots=True)
class Bytes(Base):
    value: bytes


@dataclass(eq=False, slots=True)
class Constant(Base):
    """A value that the optimiser made."""

    value: Any


@dataclass(eq=False, slots=True)
class Unary(Base):
    operator: str
    node: Node


@dataclass(eq=False, slots=True)
class Binary(Base):
    operator: str
    left: Node
    right: Node


@dataclass(eq=False, slots=True)
class Chain(Base):
    """The extent of `?.`: where a nil on the way ends up."""

    node: Node


@dataclass(eq=False, slots=True)
class Member(Base):
    node: Node
    property: Node
    optional: bool = False
    method: bool = False


@dataclass(eq=False, slots=True)
class SliceOf(Base):
    node: Node
    start: Node | None
    end: Node | None


@dataclass(eq=False, slots=True)
class Call(Base):
    callee: Node
    arguments: list[Node]


@dataclass(eq=False, slots=True)
class Builtin(Base):
    """throws, mapper, threshold: set by the optimiser (`filter(…)[0]`, `map(filter(…))`, `count(…) > n`)."""

    name: str
    arguments: list[Node]
    throws: bool = False
    mapper: Node | None = None
    threshold: int | None = None


@dataclass(eq=False, slots=True)
class Predicate(Base):
    node: Node


@dataclass(eq=False, slots=True)
class Pointer(Base):
    """`#` (name ""), `#index`, `#acc`."""

    name: str


@dataclass(eq=False, slots=True)
class Let(Base):
    name: str
    value: Node
    body: Node


@dataclass(eq=False, slots=True)
class Sequence(Base):
    nodes: list[Node]


@dataclass(eq=False, slots=True)
class Conditional(Base):
    condition: Node
    then: Node
    otherwise: Node


@dataclass(eq=False, slots=True)
class Array(Base):
    nodes: list[Node]


@dataclass(eq=False, slots=True)
class Pair(Base):
    key: Node
    value: Node


@dataclass(eq=False, slots=True)
class Map(Base):
    pairs: list[Node]


Node = (
    Nil
    | Identifier
    | Integer
    | Float
    | Bool
    | String
    | Bytes
    | Constant
    | Unary
    | Binary
    | Chain
    | Member
    | SliceOf
    | Call
    | Builtin
    | Predicate
    | Pointer
    | Let
    | Sequence
    | Conditional
    | Array
    | Pair
    | Map
)

_FIELDS: Final[dict[type, tuple[str, ...]]] = {
    Unary: ("node",),
    Binary: ("left", "right"),
    Chain: ("node",),
    Member: ("node", "property"),
    SliceOf: ("node", "start", "end"),
    Call: ("callee", "arguments"),
    Builtin: ("arguments",),
    Predicate: ("node",),
    Let: ("value", "body"),
    Sequence: ("nodes",),
    Conditional: ("condition", "then", "otherwise"),
    Array: ("nodes",),
    Map: ("pairs",),
    Pair: ("key", "value"),
}


class Slot:
    """A place in the tree that holds a node, which may be replaced."""

    __slots__ = ("_key", "_owner")

    def __init__(self, owner: Any, key: str | int) -> None:
        self._owner = owner
        self._key = key

    @property
    def node(self) -> Node:
        found: Node = self._owner[self._key] if isinstance(self._key, int) else getattr(self._owner, self._key)
        return found

    def put(self, node: Node) -> None:
        """Replace the node; the new one is shown where the old one was."""
        node.offset = self.node.offset
        if isinstance(self._key, int):
            self._owner[self._key] = node
        else:
            setattr(self._owner, self._key, node)


def child_slots(node: Node) -> Iterator[Slot]:
    """The places of a node's children, in the order in which upstream walks them."""
    for name in _FIELDS.get(type(node), ()):
        value = getattr(node, name)
        if isinstance(value, list):
            for index in range(len(value)):
                yield Slot(value, index)
        elif value is not None:
            yield Slot(node, name)


def bottom_up(root: Slot) -> list[Slot]:
    """Every place below and including root, children before their parents; without recursion."""
    ordered: list[Slot] = []
    pending = [root]
    while pending:
        slot = pending.pop()
        ordered.append(slot)
        pending.extend(child_slots(slot.node))
    ordered.reverse()
    return ordered
