"""From the tokens of a `when` condition to the tree that is evaluated: precedence as govaluate has it (§2.8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from argotui.engine.when.times import unix_seconds
from argotui.engine.when.tokens import Kind, Token, Value, WhenError


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value."""

    value: Value


@dataclass(frozen=True, slots=True)
class Parameter:
    """A name that no value is known for."""

    name: str


@dataclass(frozen=True, slots=True)
class Prefix:
    """An operator before its operand: `!`, `-`, `~`."""

    symbol: str
    operand: Node


@dataclass(frozen=True, slots=True)
class Operation:
    """An operator between its operands; a missing one is a leaf of None."""

    symbol: str
    left: Node
    right: Node


Node = Leaf | Parameter | Prefix | Operation

# From the loosest to the tightest; operators of one level are evaluated from left to right, also `**`.
_LEVELS: Final[tuple[tuple[str, ...], ...]] = (
    (",",),
    ("?", ":", "??"),
    ("||",),
    ("&&",),
    ("==", "!=", ">", ">=", "<", "<=", "=~", "!~", "in"),
    ("&", "|", "^"),
    ("<<", ">>"),
    ("+", "-"),
    ("*", "/", "%"),
    ("**",),
)
_LEVEL_OF: Final = {symbol: level for level, symbols in enumerate(_LEVELS) for symbol in symbols}
_INFIX: Final = frozenset({Kind.SEPARATOR, Kind.TERNARY, Kind.LOGICALOP, Kind.COMPARATOR, Kind.MODIFIER})
_MAX_DEPTH: Final = 60


def plan(tokens: list[Token]) -> Node:
    """The tree of checked tokens. Raises WhenError when brackets lie too deep within each other."""
    return _Planner(tokens).planned()


class _Planner:
    """Precedence climbing over checked tokens."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._position = 0
        self._depth = 0

    def planned(self) -> Node:
        return self._climb(0)

    def _climb(self, lowest: int) -> Node:
        node = self._value()
        while (level := self._infix_level()) >= lowest:
            symbol = self._next().value
            node = Operation(symbol, node, self._climb(level + 1))
        return node

    def _infix_level(self) -> int:
        """The level of the operator that comes next; -1 when none does."""
        if self._position >= len(self._tokens):
            return -1
        token = self._tokens[self._position]
        return _LEVEL_OF[token.value] if token.kind in _INFIX else -1

    def _next(self) -> Token:
        token = self._tokens[self._position]
        self._position += 1
        return token

    def _value(self) -> Node:
        if self._position >= len(self._tokens):
            return Leaf(None)
        token = self._next()
        if token.kind is Kind.CLAUSE:
            return self._clause()
        if token.kind is Kind.PREFIX:
            return Prefix(token.value, self._value())
        if token.kind is Kind.CLAUSE_CLOSE:
            self._position -= 1
            return Leaf(None)
        return _leaf(token)

    def _clause(self) -> Node:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise WhenError(f"more than {_MAX_DEPTH} brackets within each other")
        node = self._climb(0)
        self._position += 1
        self._depth -= 1
        return node


def _leaf(token: Token) -> Node:
    if token.kind is Kind.VARIABLE:
        return Parameter(token.value)
    if token.kind is Kind.ACCESSOR:
        return Parameter(token.value[0])
    if token.kind is Kind.TIME:
        return Leaf(unix_seconds(token.value))
    return Leaf(token.value)
