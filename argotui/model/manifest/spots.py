"""Where things stand in a file: a tree of positions beside a document, and the grammar of paths.

A path is written `spec.templates[0].container.env[2].name`; a key that is no plain word stands in
quotes: `metadata.labels["app.kubernetes.io/name"]`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

Step = str | int
_WORD = re.compile(r"[A-Za-z_$][-A-Za-z0-9_$]*\Z")
_STEP = re.compile(r'\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|\.?([^.\[\]"]+)')


class Spot:
    """Position of one value (line and column from 1), its text if it is a scalar, and what is below it."""

    __slots__ = ("column", "items", "keys", "line", "text")

    def __init__(self, line: int, column: int, text: str | None = None) -> None:
        self.line = line
        self.column = column
        self.text = text
        self.keys: dict[str, Key] | None = None
        self.items: list[Spot] | None = None

    def below(self, step: Step) -> Spot | None:
        """The spot of a member or element, None when there is none."""
        if isinstance(step, int):
            return self.items[step] if self.items and step < len(self.items) else None
        found = (self.keys or {}).get(step)
        return found.spot if found else None


class Key(NamedTuple):
    """One member of an object: where its key stands, and the spot of its value."""

    line: int
    column: int
    spot: Spot


def parse_path(path: str) -> tuple[Step, ...]:
    """The steps of a written path; text that is no path becomes one step."""
    steps: list[Step] = []
    position = 0
    while position < len(path):
        found = _STEP.match(path, position)
        if not found:
            return (path,)
        index, quoted, word = found.groups()
        steps.append(int(index) if index else word or re.sub(r"\\(.)", r"\1", quoted or ""))
        position = found.end()
    return tuple(steps)


def format_path(steps: Iterable[Step]) -> str:
    """A path as text."""
    out = ""
    for step in steps:
        if isinstance(step, int):
            out += f"[{step}]"
        elif _WORD.match(step):
            out += f".{step}" if out else step
        else:
            escaped = step.replace("\\", "\\\\").replace('"', '\\"')
            out += f'["{escaped}"]'
    return out


def find(root: Spot, steps: Iterable[Step], *, key: bool = False) -> tuple[int, int]:
    """Line and column of a value, or of the deepest part above it that is there.

    With `key`, the position of the key that leads to the value.
    """
    spot, place = root, (root.line, root.column)
    for step in steps:
        member = (spot.keys or {}).get(step) if isinstance(step, str) else None
        below = spot.below(step)
        if below is None:
            return place
        spot = below
        place = (member.line, member.column) if key and member else (spot.line, spot.column)
    return place


def text_at(root: Spot, steps: Iterable[Step]) -> str | None:
    """The text of a scalar as it was written, None when there is no scalar."""
    spot: Spot | None = root
    for step in steps:
        spot = spot.below(step) if spot else None
    return spot.text if spot else None
