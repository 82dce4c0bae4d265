"""Prometheus' text format, version 0.0.4.

Written here because the names must be Argo's: the Python client puts `_total` behind every counter, and upstream's
counters go without.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Labels = tuple[tuple[str, str], ...]
"""(key, value), sorted by key."""


def labels_of(values: Mapping[str, object]) -> Labels:
    """A mapping as labels."""
    return tuple(sorted((key, str(value)) for key, value in values.items()))


def header(name: str, kind: str, help_text: str) -> Iterator[str]:
    """The two lines above the samples of a metric."""
    text = help_text.replace("\\", "\\\\").replace("\n", "\\n")
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} {kind}"


def sample(name: str, labels: Labels, value: float) -> str:
    """One line."""
    return f"{name}{_braces(labels)} {number(value)}"


def histogram(name: str, labels: Labels, bounds: Sequence[float], counts: Sequence[int], total: float) -> Iterable[str]:
    """The lines of one distribution. counts: values in each bucket, the last one for all above the highest bound."""
    seen = 0
    for bound, count in zip((*bounds, math.inf), counts, strict=True):
        seen += count
        yield f"{name}_bucket{_braces((*labels, ('le', number(bound))))} {seen}"
    yield sample(f"{name}_sum", labels, total)
    yield sample(f"{name}_count", labels, seen)


def number(value: float) -> str:
    """As Go prints it."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def _braces(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{key}="{_escaped(value)}"' for key, value in labels) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
