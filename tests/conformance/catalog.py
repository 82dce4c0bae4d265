"""Which recorded cases there are, and which of them wait for something."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent
CASES = HERE / "cases"

BETTER = {
    # upstream creates the pod of a node, and finds afterwards that its display name cannot be used
    "node-name-characters": ["nodes/node-name-characters.with-dash(3:g)/podNames"],
    # the same; and where no pod was ever wanted, nothing is said about running ones
    "display-name-invalid": ["nodes/display-name-invalid[0].s/podNames", "conditions"],
}
"""Paths in which the outcome differs from upstream's on purpose, by case."""


def _lines(name: str) -> list[str]:
    return [line for line in (HERE / name).read_text().splitlines() if line and not line.startswith("#")]


def waiting() -> dict[str, str]:
    """Names of the cases that do not run yet, and what they need."""
    return dict(line.split(": ", 1) for line in _lines("waiting.txt"))


def all_cases() -> list[str]:
    """Every recorded case."""
    return sorted(folder.name for folder in CASES.iterdir() if folder.is_dir())


def running() -> list[str]:
    """Every case that does not wait."""
    return [name for name in all_cases() if name not in waiting()]


def first_slice() -> list[str]:
    """The cases of the first slice, which `make test` plays on a local cluster as well as in memory."""
    return _lines("first-slice.txt")
