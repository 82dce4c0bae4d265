"""Regular expressions as programs for a machine that follows all ways at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from argotui.engine.expr.errors import Fault
from argotui.engine.expr.regex.chars import CharSet
from argotui.engine.expr.regex.parse import Pattern
from argotui.engine.expr.regex.tree import Assertion, Char, Choice, Group, Node, Place, Repeat, Sequence

MAX_INSTRUCTIONS: Final = 20_000


@dataclass(slots=True)
class Read:
    """Go on when the next character is wanted."""

    wanted: str | CharSet


@dataclass(slots=True)
class Split:
    """Go on at both places; the first one is preferred."""

    first: int
    second: int


@dataclass(slots=True)
class Jump:
    target: int


@dataclass(slots=True)
class Save:
    """Note the position in a slot: 2n where group n begins, 2n+1 where it ends."""

    slot: int


@dataclass(slots=True)
class Check:
    place: Place


@dataclass(slots=True)
class Match:
    """The end."""


Instruction = Read | Split | Jump | Save | Check | Match


def build(pattern: Pattern) -> list[Instruction]:
    """The program of a pattern. Raises Fault when it gets too large."""
    builder = _Builder(pattern.text)
    builder.emit(Save(0))
    builder.add(pattern.root)
    builder.emit(Save(1))
    builder.emit(Match())
    return builder.code


class _Builder:
    def __init__(self, text: str) -> None:
        self._text = text
        self.code: list[Instruction] = []

    def emit(self, instruction: Instruction) -> None:
        if len(self.code) >= MAX_INSTRUCTIONS:
            raise Fault(f"error parsing regexp: expression too large: `{self._text}`")
        self.code.append(instruction)

    def add(self, node: Node) -> bool:
        """Emits the node; whether it can match the empty text."""
        if isinstance(node, Char):
            self.emit(Read(node.wanted))
            return False
        if isinstance(node, Assertion):
            self.emit(Check(node.place))
            return True
        if isinstance(node, Sequence):
            # every one is emitted, whatever the first says
            return not [item for item in node.items if not self.add(item)]
        if isinstance(node, Group):
            self.emit(Save(2 * node.number))
            empty = self.add(node.body)
            self.emit(Save(2 * node.number + 1))
            return empty
        return self._choice(node) if isinstance(node, Choice) else self._repeat(node)

    def _choice(self, node: Choice) -> bool:
        ends: list[Jump] = []
        empty = False
        for option in node.options[:-1]:
            split = Split(len(self.code) + 1, 0)
            self.emit(split)
            empty |= self.add(option)
            end = Jump(0)
            self.emit(end)
            ends.append(end)
            split.second = len(self.code)
        empty |= self.add(node.options[-1])
        for end in ends:
            end.target = len(self.code)
        return empty

    def _repeat(self, node: Repeat) -> bool:
        empty = node.low == 0
        for _ in range(node.low if node.high is not None else max(node.low - 1, 0)):
            empty |= self.add(node.body)
        if node.high is None:
            return self._loop(node, at_least_once=node.low > 0) or empty
        self._optional(node, node.high - node.low)
        return empty

    def _loop(self, node: Repeat, *, at_least_once: bool) -> bool:
        if at_least_once:
            start = len(self.code)
            empty = self.add(node.body)
            self.emit(self._ways(node.greedy, start, len(self.code) + 1))
            return empty
        split = Split(0, 0)
        start = len(self.code)
        self.emit(split)
        # a body that matched nothing goes on behind the loop, as in Go: back at the start, it would be dropped
        # as a way already seen, and with it the match
        empty = self.add(node.body)
        self.emit(self._ways(node.greedy, start + 1, len(self.code) + 1) if empty else Jump(start))
        self._set(split, node.greedy, start + 1)
        return True

    def _optional(self, node: Repeat, count: int) -> None:
        splits: list[tuple[Split, int]] = []
        for _ in range(count):
            split = Split(0, 0)
            self.emit(split)
            splits.append((split, len(self.code)))
            self.add(node.body)
        for split, body in splits:
            self._set(split, node.greedy, body)

    def _set(self, split: Split, greedy: bool, body: int) -> None:
        after = len(self.code)
        split.first, split.second = (body, after) if greedy else (after, body)

    @staticmethod
    def _ways(greedy: bool, body: int, after: int) -> Split:
        return Split(body, after) if greedy else Split(after, body)
