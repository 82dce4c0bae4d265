"""What a path is made of. A template is a row of blocks: plain text, and `{…}` with steps one after the other."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Literal:
    """A text, number or truth value that stands for itself."""

    value: str | int | float | bool


@dataclass(frozen=True, slots=True)
class Word:
    """`range` or `end`; any other word is refused when it is met."""

    name: str


@dataclass(frozen=True, slots=True)
class Field:
    """`.name`"""

    name: str


@dataclass(frozen=True, slots=True)
class Wildcard:
    """`.*`"""


@dataclass(frozen=True, slots=True)
class Descent:
    """`..`"""


@dataclass(frozen=True, slots=True)
class Slice:
    """`[start:stop:step]`; None is "not said". single: `[n]`, where stop follows from start."""

    start: int | None
    stop: int | None
    step: int | None
    single: bool


@dataclass(frozen=True, slots=True)
class Union:
    """`[a,b]`"""

    members: tuple[Steps, ...]


@dataclass(frozen=True, slots=True)
class Filter:
    """`[?(left operator right)]`; the operator `exists` has no right side."""

    left: Steps
    operator: str
    right: Steps


Step = Literal | Word | Field | Wildcard | Descent | Slice | Union | Filter
Steps = tuple[Step, ...]
Block = str | Steps
