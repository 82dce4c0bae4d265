"""How figures are printed: median, minimum, maximum, and a ratio where there is something to compare with."""

from __future__ import annotations

import statistics
from collections.abc import Sequence


def heading() -> None:
    """The names of the columns."""
    print(f"{'':<44} {'median':>10} {'min':>10} {'max':>10} {'':<7} ratio")


def figure(name: str, values: Sequence[float], unit: str, ratio: float | None = None) -> None:
    """One row."""
    middle = statistics.median(values)
    digits = 1 if middle >= 10 else 3
    row = " ".join(f"{value:10.{digits}f}" for value in (middle, min(values), max(values)))
    print(f"{name:<44} {row} {unit:<7} {'' if ratio is None else f'{ratio:.2f}'}".rstrip(), flush=True)
