"""Go's regexp package as far as expressions reach it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final

from argotui.engine.expr.limits import Meter
from argotui.engine.expr.regex.machine import Slots, search
from argotui.engine.expr.regex.parse import parse
from argotui.engine.expr.regex.program import build
from argotui.engine.expr.regex.translate import translate
from argotui.engine.expr.values import rejoined

_REFERENCE: Final = re.compile(r"\$(?:(\$)|\{([A-Za-z0-9_]+)\}|([A-Za-z0-9_]+))", re.ASCII)
_META: Final = frozenset("\\.+*?()|[]{}^$")


class GoPattern:
    """A compiled pattern. Positions count characters of the Python text."""

    def __init__(self, text: str) -> None:
        parsed = parse(text)
        self.text = text
        self.names = parsed.names
        self._code = build(parsed)
        self._python = translate(parsed.root)
        self._slots = 2 * len(parsed.names)

    def find(self, subject: str, meter: Meter, start: int = 0) -> Slots | None:
        """The leftmost match from a position on: begin and end of the match and of each group, -1 where unset."""
        if self._python is not None and self._python.affordable(len(subject) - start):
            meter.spend(1 + len(subject) // 100)
            match = self._python.compiled.search(subject, start)
            return None if match is None else tuple(edge for pair in match.regs for edge in pair)
        return search(self._code, self._slots, subject, start, meter)

    def matches(self, subject: str, meter: Meter) -> bool:
        """True when the pattern is found anywhere."""
        return self.find(subject, meter) is not None

    def find_all(self, subject: str, meter: Meter, limit: int = -1) -> Iterator[Slots]:
        """Go's FindAll: matches that do not overlap; an empty one next to the one before it does not count."""
        position, before, count = 0, -1, 0
        while position <= len(subject) and (limit < 0 or count < limit):
            found = self.find(subject, meter, position)
            if found is None:
                return
            meter.spend()
            accepted = found[1] != position or found[0] != before
            position = found[1] if found[1] > position else position + 1
            before = found[1]
            if accepted:
                count += 1
                yield found

    def replace(self, subject: str, replacement: Callable[[Slots], str], meter: Meter) -> str:
        """Go's ReplaceAllFunc on match positions."""
        parts: list[str] = []
        position = end = 0
        while position <= len(subject):
            found = self.find(subject, meter, position)
            if found is None:
                break
            meter.spend()
            parts.append(subject[end : found[0]])
            if found[1] > end or found[0] == 0:
                parts.append(meter.text(replacement(found)))
            end = found[1]
            position = end if end > position else position + 1
        parts.append(subject[end:])
        return rejoined(meter.text("".join(parts)))

    def expand(self, template: str, subject: str, found: Slots) -> str:
        """A replacement text with `$1`, `${1}` and `$name` filled in; an unknown group is empty."""

        def value(match: re.Match[str]) -> str:
            name = match[2] or match[3]
            if match[1]:
                return "$"
            number = self._group(name)
            if number is None or found[2 * number] < 0:
                return ""
            return subject[found[2 * number] : found[2 * number + 1]]

        return _REFERENCE.sub(value, template)

    def _group(self, name: str) -> int | None:
        if name.isdigit() and (len(name) == 1 or name[0] != "0") and len(name) < 9:
            number = int(name)
            return number if number < len(self.names) else None
        return self.names.index(name, 1) if name in self.names[1:] else None

    def split(self, subject: str, meter: Meter, limit: int) -> list[str] | None:
        """Go's Regexp.Split; None (a nil slice) for a limit of 0."""
        if limit == 0:
            return None
        if self.text and not subject:
            return [""]
        parts: list[str] = []
        begin = end = 0
        for found in self.find_all(subject, meter, limit):
            if 0 < limit == len(parts) + 1:
                break
            end = found[0]
            if found[1] != 0:
                parts.append(subject[begin:end])
            begin = found[1]
        if end != len(subject):
            parts.append(subject[begin:])
        return parts


@lru_cache(maxsize=256)
def compile_pattern(text: str) -> GoPattern:
    """Compile a Go pattern. Raises Fault with Go's text."""
    return GoPattern(text)


def quote_meta(text: str) -> str:
    """Go's regexp.QuoteMeta."""
    return "".join("\\" + character if character in _META else character for character in text)
