"""The filter language of lists and trees: what is typed after `/`.

    etl nightly            both words occur in the name, each a regular expression, upper and lower case alike
    !etl                   the rest is inverted
    -f etlngt              the letters occur in this order
    -l team=data,tier!=dev label selector
    phase:failed,error  ns:argo  tmpl:etl-*  wait:lock  msg:/OOM/  age<2h  dur>30m

Terms are joined by AND. What is wrong is said with the position's own text, and with what would be right.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, Protocol

from argotui.model.selectors import LabelSelector, SelectorError

MATCHED_LENGTH: Final = 1000
"""Characters of a text that are looked at: a bad regular expression must not stall the screen."""

_TERM: Final = re.compile(r"(?P<field>[a-z]+)(?P<sign>[:<>])(?P<value>.*)\Z", re.DOTALL)
_AGE: Final = re.compile(r"(\d+)([smhdw])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


class Subject(Protocol):
    """One row, as the filter sees it."""

    @property
    def labels(self) -> Mapping[str, str]: ...

    def text(self, field: str) -> str:
        """A text of the row; empty where it has none."""

    def seconds(self, field: str) -> float | None:
        """A time span of the row; None where it is not known."""


class FilterError(ValueError):
    """The text is no filter; says why, and what would be right."""


Predicate = Callable[[Subject], bool]

TEXT_FIELDS: Final = ("phase", "ns", "tmpl", "wait", "msg", "type", "pod")
SPAN_FIELDS: Final = ("age", "dur")


@dataclass(frozen=True)
class Filter:
    """A parsed filter. `words` are the bare words, for highlighting."""

    source: str
    matches: Predicate
    words: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.source)


EVERYTHING: Final = Filter("", lambda subject: True)


def parse_filter(source: str) -> Filter:
    """Reads what was typed after `/`. Raises FilterError."""
    text = source.strip()
    if not text:
        return EVERYTHING
    if text.startswith("-l"):
        return Filter(text, _labels(text[2:].strip()))
    if text.startswith("-f"):
        return Filter(text, _fuzzy(text[2:].strip()))
    if text.startswith("!"):
        inner = parse_filter(text[1:])
        return Filter(text, lambda subject: not inner.matches(subject)) if inner else EVERYTHING
    terms = [_term(word) for word in text.split()]
    words = tuple(word for word in text.split() if not _TERM.match(word))
    return Filter(text, lambda subject: all(term(subject) for term in terms), words)


def _term(word: str) -> Predicate:
    found = _TERM.match(word)
    if found is None:
        pattern = _pattern(word)
        return lambda subject: pattern.search(subject.text("name")[:MATCHED_LENGTH]) is not None
    field, sign, value = found["field"], found["sign"], found["value"]
    if field in SPAN_FIELDS:
        return _span(word, field, sign, value)
    if field not in TEXT_FIELDS:
        known = ", ".join((*TEXT_FIELDS, *SPAN_FIELDS))
        raise FilterError(f"there is no field {field!r}; there are {known}")
    if sign != ":":
        raise FilterError(f"{field} is a text: write {field}:{value}")
    return _field(field, value)


def _field(field: str, value: str) -> Predicate:
    if len(value) > 1 and value.startswith("/") and value.endswith("/"):
        pattern = _pattern(value[1:-1])
        return lambda subject: pattern.search(subject.text(field)[:MATCHED_LENGTH]) is not None
    choices = tuple(choice for choice in value.lower().split(",") if choice)
    if not choices:
        raise FilterError(f"{field}: what? for example {_EXAMPLES.get(field, f'{field}:x')}")
    return lambda subject: any(_fits(subject.text(field).lower(), choice) for choice in choices)


_EXAMPLES: Final = {"phase": "phase:failed,error", "tmpl": "tmpl:etl-*", "wait": "wait:lock", "msg": "msg:/OOM/"}


def _fits(text: str, choice: str) -> bool:
    """A whole text with wildcards, or its beginning."""
    return fnmatchcase(text, choice) if any(sign in choice for sign in "*?[") else text.startswith(choice)


def _span(word: str, field: str, sign: str, value: str) -> Predicate:
    limit = _seconds(value)
    if sign == ":" or limit is None:
        raise FilterError(f"{word!r} is no span: write {field}<2h or {field}>30m")

    def matches(subject: Subject) -> bool:
        span = subject.seconds(field)
        return span is not None and (span < limit if sign == "<" else span > limit)

    return matches


def _seconds(text: str) -> float | None:
    """`90s`, `2h`, `1d12h` in seconds."""
    parts = _AGE.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return float(sum(int(number) * _SECONDS[unit] for number, unit in parts))


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text, re.IGNORECASE)
    except re.error as error:
        raise FilterError(f"{text!r} is no regular expression: {error}") from error


def _fuzzy(letters: str) -> Predicate:
    pattern = re.compile(".*?".join(map(re.escape, letters.replace(" ", ""))), re.IGNORECASE)
    return lambda subject: pattern.search(subject.text("name")[:MATCHED_LENGTH]) is not None


def _labels(text: str) -> Predicate:
    try:
        selector = LabelSelector.parse(text)
    except SelectorError as error:
        raise FilterError(f"-l: {error}") from error
    return lambda subject: selector.matches(subject.labels)
