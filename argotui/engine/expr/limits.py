"""What one evaluation may cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from argotui.engine.expr.errors import LimitFault

MAX_TEXT: Final = 64 * 1024
"""Characters of an expression."""

MAX_NODES: Final = 10_000
"""Nodes of the syntax tree; upstream's limit."""

MAX_HEIGHT: Final = 80
"""Nodes within each other, chains of operators not counted."""

MAX_VALUE_DEPTH: Final = 150
"""Lists and maps within each other in one value."""


@dataclass(frozen=True, slots=True)
class Limits:
    """steps: loop rounds, elements visited and calls, each counted once. elements: upstream's memory
    budget, the elements of all lists and maps that are made. text: bytes of all texts that are made."""

    steps: int = 1_000_000
    elements: int = 1_000_000
    text: int = 32 * 1024 * 1024


DEFAULT_LIMITS: Final = Limits()


class Meter:
    """Counts what an evaluation spends; every method raises LimitFault when a limit is reached."""

    __slots__ = ("_limits", "elements", "steps", "text_size")

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self.steps = 0
        self.elements = 0
        self.text_size = 0

    def fresh(self) -> Meter:
        """A meter with the same limits that has counted nothing."""
        return Meter(self._limits)

    def spend(self, steps: int = 1) -> None:
        """Count steps."""
        self.steps += steps
        if self.steps > self._limits.steps:
            raise LimitFault("the evaluation takes too many steps")

    def grow(self, elements: int) -> None:
        """Count elements, as upstream's virtual machine does."""
        self.elements += elements
        if self.elements >= self._limits.elements:
            raise LimitFault("memory budget exceeded")

    def allow_text(self, size: int) -> None:
        """Count a text of this size that is about to be made."""
        self.text_size += size
        if self.text_size > self._limits.text:
            raise LimitFault("the evaluation makes too much text")

    def text(self, made: str) -> str:
        """Count a text and return it."""
        self.allow_text(len(made))
        return made
