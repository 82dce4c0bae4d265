"""What is typed after `/` finds the rows that are meant, and says what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from argotui.engine.filters import FilterError, parse_filter


@dataclass
class Row:
    """A row with whatever a test needs."""

    name: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)
    spans: Mapping[str, float] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)

    def text(self, field: str) -> str:
        return self.name if field == "name" else self.texts.get(field, "")

    def seconds(self, field: str) -> float | None:
        return self.spans.get(field)


NIGHTLY = Row(
    "etl-nightly-x7",
    {"phase": "Waiting lock", "ns": "data", "tmpl": "etl-nightly", "msg": "pod: OOMKilled", "wait": "lock"},
    {"age": 5400.0, "dur": 60.0},
    {"team": "data"},
)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("", True),
        ("etl", True),
        ("ETL night", True),
        ("etl daily", False),
        ("daily|nightly", True),
        ("^nightly", False),
        ("!etl", False),
        ("!daily", True),
        ("-f enx", True),
        ("-f xne", False),
        ("-l team=data", True),
        ("-l team!=data", False),
        ("-lteam=data,!tier", True),
        ("phase:failed,waiting", True),
        ("phase:failed", False),
        ("wait:lock", True),
        ("ns:da*", True),
        ("tmpl:etl-*", True),
        ("tmpl:*-daily", False),
        ("msg:/oom.*ed/", True),
        ("age<2h", True),
        ("age>1h29m dur<2m", True),
        ("dur>60s", False),
        ("etl phase:waiting age<1d", True),
        ("!phase:waiting", False),
    ],
)
def test_filters(source: str, expected: bool) -> None:
    assert parse_filter(source).matches(NIGHTLY) is expected


def test_a_row_without_a_span_is_on_neither_side_of_a_limit() -> None:
    assert not parse_filter("dur<1h").matches(Row("x"))
    assert not parse_filter("dur>1h").matches(Row("x"))


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("fase:failed", "no field 'fase'; there are phase, ns, tmpl"),
        ("phase:", "for example phase:failed,error"),
        ("phase<2h", "phase is a text"),
        ("age:2h", "write age<2h or age>30m"),
        ("age<2 hours", "write age<2h"),
        ("dur>10x", "write dur<2h"),
        ("(", "no regular expression"),
        ("msg:/(/", "no regular expression"),
        ("-l a=b=c", "-l: "),
        ("!!fase:x", "no field"),
    ],
)
def test_mistakes_are_explained(source: str, reason: str) -> None:
    with pytest.raises(FilterError, match=re.escape(reason)):
        parse_filter(source)


def test_bare_words_can_be_highlighted() -> None:
    assert parse_filter("etl phase:failed x.y").words == ("etl", "x.y")
