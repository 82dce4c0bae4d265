"""Runs a regular expression's program: at each character it keeps every way that is still open, in order of
preference, so the time is at most the length of the text times the length of the program."""

from __future__ import annotations

from typing import Final

from argotui.engine.expr.limits import Meter
from argotui.engine.expr.regex.program import Check, Instruction, Jump, Match, Read, Save, Split
from argotui.engine.expr.regex.tree import Place

Slots = tuple[int, ...]
Thread = tuple[int, Slots]

_WORD: Final = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")


def search(code: list[Instruction], slots: int, text: str, start: int, meter: Meter) -> Slots | None:
    """The leftmost match at or after start, as Go and Perl prefer it: positions by slot, -1 where unset."""
    return _Run(code, text, meter).search(start, (-1,) * slots)


class _Run:
    def __init__(self, code: list[Instruction], text: str, meter: Meter) -> None:
        self._code = code
        self._text = text
        self._meter = meter

    def search(self, start: int, empty: Slots) -> Slots | None:
        found: Slots | None = None
        threads: list[Thread] = []
        for position in range(start, len(self._text) + 1):
            if found is None:
                threads = self._closure([*threads, (0, empty)], position)
            elif not threads:
                break
            else:
                threads = self._closure(threads, position)
            self._meter.spend(len(threads) + 1)
            threads, matched = self._advance(threads, position)
            if matched is not None:
                found = matched
        return found

    def _closure(self, threads: list[Thread], position: int) -> list[Thread]:
        """The threads that wait for a character (or have matched), each place once, best first."""
        seen: set[int] = set()
        ready: list[Thread] = []
        pending = threads[::-1]
        while pending:
            at, slots = pending.pop()
            if at in seen:
                continue
            seen.add(at)
            instruction = self._code[at]
            if isinstance(instruction, Read | Match):
                ready.append((at, slots))
            elif isinstance(instruction, Split):
                pending.append((instruction.second, slots))
                pending.append((instruction.first, slots))
            elif isinstance(instruction, Jump):
                pending.append((instruction.target, slots))
            elif isinstance(instruction, Save):
                slot = instruction.slot
                pending.append((at + 1, (*slots[:slot], position, *slots[slot + 1 :])))
            elif self._holds(instruction, position):
                pending.append((at + 1, slots))
        self._meter.spend(len(seen))
        return ready

    def _advance(self, threads: list[Thread], position: int) -> tuple[list[Thread], Slots | None]:
        character = self._text[position] if position < len(self._text) else ""
        following: list[Thread] = []
        for at, slots in threads:
            instruction = self._code[at]
            if isinstance(instruction, Match):
                return following, slots
            if isinstance(instruction, Read) and character and _fits(character, instruction):
                following.append((at + 1, slots))
        return following, None

    def _holds(self, check: Check, position: int) -> bool:
        text, place = self._text, check.place
        if place is Place.BEGIN_TEXT:
            return position == 0
        if place is Place.END_TEXT:
            return position == len(text)
        if place is Place.BEGIN_LINE:
            return position == 0 or text[position - 1] == "\n"
        if place is Place.END_LINE:
            return position == len(text) or text[position] == "\n"
        before = position > 0 and text[position - 1] in _WORD
        after = position < len(text) and text[position] in _WORD
        return (before != after) == (place is Place.WORD)


def _fits(character: str, instruction: Read) -> bool:
    wanted = instruction.wanted
    if isinstance(wanted, str):
        return character == wanted or (wanted == "\ufffd" and "\udc80" <= character <= "\udcff")
    return character in wanted
