"""A Go pattern as a Python pattern, where Python's matcher cannot run away.

Python backtracks: the time can grow exponentially with the text. Where every repetition is one of single
characters, it cannot: the work is bounded by a power of the text's length that is known beforehand.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from argotui.engine.expr.regex.chars import CharSet
from argotui.engine.expr.regex.tree import Assertion, Char, Choice, Group, Node, Place, Repeat, Sequence

MAX_WORK: Final = 3_000_000

_PLACES: Final = {
    Place.BEGIN_TEXT: r"\A",
    Place.END_TEXT: r"\Z",
    Place.BEGIN_LINE: "(?m:^)",
    Place.END_LINE: "(?m:$)",
    Place.WORD: r"(?a:\b)",
    Place.NO_WORD: r"(?a:\B)",
}


class _Untranslatable(Exception):
    """Not every pattern has a Python form that is safe."""


@dataclass(frozen=True, slots=True)
class Translation:
    """compiled: the Python pattern. loops: repetitions of a varying number; ways: alternatives multiplied."""

    compiled: re.Pattern[str]
    loops: int
    ways: int

    def affordable(self, length: int) -> bool:
        """True when the work on a text of this length is bounded by MAX_WORK."""
        work: int = (length + 1) ** (self.loops + 1) * self.ways
        return work <= MAX_WORK


def translate(root: Node) -> Translation | None:
    """The Python form; None when there is none, or none that is safe."""
    translator = _Translator()
    try:
        text = translator.text(root)
    except _Untranslatable:
        return None
    if translator.loops > 3 or translator.ways > 1000:
        return None
    return Translation(re.compile(text), translator.loops, translator.ways)


class _Translator:
    def __init__(self) -> None:
        self.loops = 0
        self.ways = 1

    def text(self, node: Node) -> str:
        if isinstance(node, Char):
            return _character(node)
        if isinstance(node, Assertion):
            return _PLACES[node.place]
        if isinstance(node, Group):
            return f"({self.text(node.body)})"
        if isinstance(node, Sequence):
            return "".join(map(self.text, node.items))
        if isinstance(node, Choice):
            self.ways *= len(node.options)
            return f"(?:{'|'.join(map(self.text, node.options))})"
        return self._repeat(node)

    def _repeat(self, node: Repeat) -> str:
        if not isinstance(node.body, Char):
            raise _Untranslatable
        if node.high is None:
            self.loops += 1
        else:
            self.ways *= node.high - node.low + 1
        high = "" if node.high is None else str(node.high)
        return f"{_character(node.body)}{{{node.low},{high}}}{'' if node.greedy else '?'}"


def _character(node: Char) -> str:
    if isinstance(node.wanted, str):
        if node.wanted == "\ufffd":
            raise _Untranslatable
        return re.escape(node.wanted)
    return _set(node.wanted)


def _set(wanted: CharSet) -> str:
    if wanted.folded or wanted.categories or any(i.negated or i.folded or i.categories for i in wanted.inner):
        raise _Untranslatable
    ranges = [*wanted.ranges, *(pair for inner in wanted.inner for pair in inner.ranges)]
    if not ranges or any(low <= "\ufffd" <= high and low > "\0" for low, high in ranges):
        raise _Untranslatable
    body = "".join(f"{_escaped(low)}-{_escaped(high)}" for low, high in ranges)
    return f"[{'^' if wanted.negated else ''}{body}]"


def _escaped(character: str) -> str:
    return f"\\U{ord(character):08x}"
