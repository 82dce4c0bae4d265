"""One problem that validation found, and how problems travel up through the checks."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, TypeVar

T = TypeVar("T")
Checks = Generator["Finding", None, T]
"""A check: yields what it finds, in upstream's order, and returns what later checks need."""


@dataclass(frozen=True)
class Finding:
    """A problem with one field.

    path: where, from the root of the document (`spec.templates[0].steps[1][0].template`).
    message: upstream's text with its own way of saying where; the first finding of a document carries exactly what
    upstream would have said.  suggestion: what would be right.  reason: the problem alone, to be shown beside path.
    """

    path: str
    message: str
    suggestion: str | None = None
    reason: str = ""


def problem(path: str, reason: str, *, at: str = "", suggestion: str | None = None) -> Finding:
    """A finding whose message is `at` followed by the reason."""
    return Finding(path, at + reason, suggestion, reason)


def under(prefix: str, checks: Checks[T]) -> Checks[T]:
    """The same checks as part of something larger: their messages get a prefix."""
    return _changed(checks, lambda found: replace(found, message=prefix + found.message))


def elsewhere(path: str, source: str, checks: Checks[T]) -> Checks[T]:
    """Checks of another document: what they find is told where the reference to it stands."""

    def there(found: Finding) -> Finding:
        where = f"in {source}, {found.path}: " if found.path else f"in {source}: "
        return replace(found, path=path, reason=where + found.reason)

    return _changed(checks, there)


def _changed(checks: Checks[T], change: Callable[[Finding], Finding]) -> Checks[T]:
    while True:
        try:
            found = next(checks)
        except StopIteration as stop:
            result: T = stop.value
            return result
        yield change(found)


def distinct(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Each problem once: a template is looked at from everywhere it is used."""
    seen: set[tuple[str, str]] = set()
    for found in findings:
        key = (found.path, found.reason)
        if key not in seen:
            seen.add(key)
            yield found


def nearest(name: str, known: Iterable[str]) -> str | None:
    """`did you mean …?`, or the list of what there is when nothing is alike and the list is short."""
    names = sorted({entry for entry in known if entry})
    close = get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f"did you mean '{close[0]}'?"
    return f"there is: {', '.join(names)}" if 0 < len(names) <= 8 else None


def rows(value: Any) -> list[Any]:
    """A list field that may be absent or null."""
    return value if isinstance(value, list) else []
