"""What a piece of advice is, and what gives it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from argotui.engine.advice.view import View


class Level(StrEnum):
    """How much it matters: a warning is about what is likely to go wrong, a hint about what could be better."""

    WARNING = "warning"
    HINT = "hint"


class Remark(NamedTuple):
    """What a rule found: the path of a field, what is to be said about it, what to do."""

    path: str
    message: str
    suggestion: str


Check = Callable[[View], Iterator[Remark]]


@dataclass(frozen=True)
class Rule:
    """One thing that is looked for. gist: what it is about, in a line, for the documentation."""

    name: str
    level: Level
    gist: str
    check: Check


@dataclass(frozen=True)
class Advice:
    """A remark with the name and the level of its rule. path: as the author wrote the document."""

    rule: str
    level: Level
    path: str
    message: str
    suggestion: str
