"""Text in cells: cutting, padding, and rows made of styled cells."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip


def width_of(text: str) -> int:
    """Cells that a text takes."""
    return len(text) if text.isascii() else cell_len(text)


def fit(text: str, width: int, ellipsis: str = "…") -> str:
    """Exactly `width` cells: padded, or cut with an ellipsis."""
    if width <= 0:
        return ""
    length = width_of(text)
    if length <= width:
        return text + " " * (width - length)
    return set_cell_size(text, width - 1) + ellipsis


def cut(text: str, width: int, ellipsis: str = "…") -> str:
    """At most `width` cells."""
    return text if width_of(text) <= width else fit(text, width, ellipsis)


def strip_of(segments: Sequence[Segment], width: int, blank: Style) -> Strip:
    """A strip of exactly `width` cells."""
    return Strip(segments).adjust_cell_length(width, blank)


def difference(old: Strip, new: Strip) -> tuple[int, int] | None:
    """(first cell, number of cells) in which two strips of the same length differ; None when they are equal."""
    before, after = list(old), list(new)
    if before == after:
        return None
    left = _same_cells(before, after)
    right = _same_cells(reversed(before), reversed(after))
    changed = new.cell_length - left - right
    return (left, changed) if changed > 0 else (0, new.cell_length)


def _same_cells(before: Iterable[Segment], after: Iterable[Segment]) -> int:
    cells = 0
    for a, b in zip_longest(before, after):
        if a != b or a is None:
            return cells
        cells += a.cell_length
    return cells
