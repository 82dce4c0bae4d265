"""Any soup of tokens gives a value or an ExprError, soon."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from argotui.engine.expr import ExprError, argo_environment, evaluate, evaluate_bool, go_json
from argotui.engine.expr.builtins.names import NAMES
from argotui.engine.expr.errors import Fault
from argotui.engine.expr.jsonpath.query import query
from argotui.engine.expr.limits import Limits, Meter
from argotui.engine.expr.sprig.table import SPRIG

SCOPE = {
    "i": 7,
    "f": 2.5,
    "s": "héllo",
    "b": True,
    "n": None,
    "list": [1, "a", None, 2.5, [True]],
    "m": {"a": 1, "b": {"c": "d"}},
    "steps.a.outputs.result": "[1,2]",
}
SMALL = Limits(steps=100_000, elements=50_000, text=1_000_000)

_ATOMS = "1 0 -1 2.5 1e300 9223372036854775807 'a' '' true nil [] {} # $env"
_OPERATORS = (
    "+ - * / % ** ^ == != < > <= >= && || and or not ! in contains matches startsWith endsWith"
    " .. . ?. ?? ? : | , ; ( ) [ ] { } let if else ="
)
_INFIX = "+ - * / % ** == < && || in .. ?? contains matches"
_LOOPS = "map filter sum reduce groupBy sortBy find count"
_PIECES = "$ @ . .. * [ ] ( ) ? ' \" : , - 0 1 a book length == < && ! in =~ + $.a [0] [?(@.a>1)]"

ATOMS = [*_ATOMS.split(), *SCOPE]
OPERATORS = _OPERATORS.split()
CALLS = [f"{name}(" for name in sorted(NAMES)] + [f"sprig.{name}(" for name in sorted(SPRIG)]
NOISE = [" ", "'", '"', "`", "//", "/*", "\n", "@", "\\"]
SOUP = st.lists(st.sampled_from([*ATOMS, *OPERATORS, *CALLS, *NOISE]), max_size=25)


def closed(text: str) -> str:
    """The text with the brackets closed that it opens, so that more of it gets past the parser."""
    pairs = {"(": ")", "[": "]", "{": "}"}
    open_ones: list[str] = []
    for character in text:
        if character in pairs:
            open_ones.append(pairs[character])
        elif open_ones and character == open_ones[-1]:
            open_ones.pop()
    return text + "".join(reversed(open_ones))


def survives(text: str) -> None:
    started = time.process_time()
    env = argo_environment(SCOPE)
    with suppress(ExprError):
        go_json(evaluate(text, env, entropy=b"seed", limits=SMALL))
    with suppress(ExprError):
        evaluate_bool(text, env, limits=SMALL)
    assert time.process_time() - started < 5


@given(SOUP)
@settings(max_examples=250, deadline=None)
def test_token_soup(parts: list[str]) -> None:
    survives(closed(" ".join(parts)))


@given(st.text(max_size=60))
@settings(max_examples=100, deadline=None)
def test_any_text(text: str) -> None:
    survives(text)


LEAVES = st.sampled_from([*(atom for atom in ATOMS if atom != "#"), "steps.a.outputs.result", "date('2024-02-29')"])
INFIX = st.sampled_from(_INFIX.split())
LOOPS = st.sampled_from(_LOOPS.split())
VALUES: st.SearchStrategy[str] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(inner, INFIX, inner).map(lambda part: f"({part[0]} {part[1]} {part[2]})"),
        st.tuples(st.sampled_from(CALLS), st.lists(inner, max_size=3)).map(
            lambda part: f"{part[0]}{', '.join(part[1])})"
        ),
        st.tuples(LOOPS, inner, inner).map(lambda part: f"{part[0]}({part[1]}, {part[2]} ?? #)"),
        st.tuples(inner, inner).map(lambda part: f"({part[0]})?.[{part[1]}]"),
        st.tuples(inner, inner, inner).map(lambda part: f"({part[0]} ? {part[1]} : {part[2]})"),
        st.tuples(inner, inner).map(lambda part: f"({part[0]})[{part[1]}:]"),
    ),
    max_leaves=12,
)


@given(VALUES)
@example("sprig.merge(m, {a: m})")
@example("sprig.dig('a', 'b', 1, m)")
@settings(max_examples=300, deadline=None)
def test_grammatical_soup(text: str) -> None:
    survives(text)


PATHS = st.lists(st.sampled_from([*_PIECES.split(), " "]), max_size=15)


@given(PATHS)
@settings(max_examples=200, deadline=None)
def test_path_soup(parts: list[str]) -> None:
    data: Any = {"a": [{"a": 2.0, "b": "x"}, 1.0, None], "book": {"a": "y"}}
    for path in ("".join(parts), "$" + "".join(parts), "$.a[?(" + "".join(parts) + ")]"):
        with suppress(Fault):
            query(path, data, Meter(SMALL))
