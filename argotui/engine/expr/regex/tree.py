"""The syntax tree of a regular expression."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from argotui.engine.expr.regex.chars import CharSet


class Place(StrEnum):
    """Where an assertion holds."""

    BEGIN_TEXT = "begin text"
    END_TEXT = "end text"
    BEGIN_LINE = "begin line"
    END_LINE = "end line"
    WORD = "word boundary"
    NO_WORD = "no word boundary"


@dataclass(frozen=True, slots=True)
class Char:
    """One character out of a set, or this very character."""

    wanted: str | CharSet


@dataclass(frozen=True, slots=True)
class Assertion:
    place: Place


@dataclass(frozen=True, slots=True)
class Group:
    """number: from 1, as captured; name: "" without one."""

    number: int
    name: str
    body: Node


@dataclass(frozen=True, slots=True)
class Repeat:
    """high: None without an upper bound."""

    body: Node
    low: int
    high: int | None
    greedy: bool


@dataclass(frozen=True, slots=True)
class Sequence:
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    options: tuple[Node, ...]


Node = Char | Assertion | Group | Repeat | Sequence | Choice


def copies(node: Node) -> int:
    """How many copies of the innermost thing all counted repetitions make, nested ones multiplied."""
    if isinstance(node, Repeat):
        count = node.low if node.high is None else node.high
        return max(count, 1) * copies(node.body)
    if isinstance(node, Group):
        return copies(node.body)
    if isinstance(node, Sequence):
        return max(map(copies, node.items), default=1)
    if isinstance(node, Choice):
        return max(map(copies, node.options), default=1)
    return 1
