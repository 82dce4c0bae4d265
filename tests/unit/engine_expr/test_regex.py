"""Go's regular expressions: what they match, what they refuse, and that they never run away."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from argotui.engine.expr.errors import Fault
from argotui.engine.expr.limits import Meter
from argotui.engine.expr.regex.pattern import GoPattern, compile_pattern


@pytest.mark.parametrize(
    ("pattern", "text", "spans"),
    [
        ("(a|ab)(c|bcd)", "abcd", (0, 4, 0, 1, 1, 4)),
        ("(a*)*", "b", (0, 0, 0, 0)),  # as Go has it
        ("(a+?)(a*)", "aaa", (0, 3, 0, 1, 1, 3)),
        ("(?U)a+", "aaa", (0, 1)),
        (r"\bfoo\b", "a foo b", (2, 5)),
        ("(?m)^b$", "a\nb\nc", (2, 3)),
        ("^b$", "a\nb", None),
        ("a$", "a\n", None),
        ("a.c", "a\nc", None),
        ("(?s)a.c", "a\nc", (0, 3)),
        ("(?i)STRASSE", "straſſe", (0, 7)),
        ("(?i)k", "\u212a", (0, 1)),
        (r"[[:alpha:]_]+", "1a_b2", (1, 4)),
        (r"[^\d]+", "12ab", (2, 4)),
        (r"\pL\p{Nd}", "é٣", (0, 2)),
        (r"\P{L}", "é1", (1, 2)),
        (r"[\]\-^]+", "a]-^", (1, 4)),
        (r"\Qa.b\E+", "xa.bb", (1, 5)),
        (r"\x41\x{42}\103", "ABC", (0, 3)),
        ("a{,2}", "a{,2}", (0, 5)),
        ("x{2,3}", "xxxx", (0, 3)),
        ("(?P<n>a)(?<m>b)", "ab", (0, 2, 0, 1, 1, 2)),
        ("a||b", "b", (0, 0)),
    ],
)
def test_matches(pattern: str, text: str, spans: tuple[int, ...] | None) -> None:
    assert compile_pattern(pattern).find(text, Meter()) == spans


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("[", "missing closing ]: `[`"),
        ("(", "missing closing ): `(`"),
        ("a)", "unexpected ): `a)`"),
        ("*", "missing argument to repetition operator: `*`"),
        ("a**", "invalid nested repetition operator: `**`"),
        ("(?=x)", "invalid or unsupported Perl syntax: `(?=`"),
        ("(?<=x)", "invalid named capture: `(?<=x)`"),
        ("a{1001}", "invalid repeat count: `{1001}`"),
        ("((a{100}){100}){100}", "invalid repeat count: `{100}`"),
        (r"\8", r"invalid escape sequence: `\8`"),
        ("[b-a]", "invalid character class range: `b-a`"),
        (r"\p{Foo}", r"invalid character class range: `\p{Foo}`"),
        ("\\", "trailing backslash at end of expression: ``"),
    ],
)
def test_refusals(pattern: str, message: str) -> None:
    with pytest.raises(Fault) as caught:
        GoPattern(pattern)
    assert str(caught.value) == f"error parsing regexp: {message}"


def test_scripts_are_refused_by_name() -> None:
    with pytest.raises(Fault, match="script"):
        GoPattern(r"\p{Greek}")


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "(a|a)*b", "(a*)*b", "(a|aa)+$", ".*.*.*.*=.*", "(x+x+)+y", "a?" * 30 + "a" * 30]
)
def test_catastrophes_cost_little(pattern: str) -> None:
    meter = Meter()
    compile_pattern(pattern).find("a" * 300 + "x" * 300, meter)
    assert meter.steps < 300_000


SIMPLE = st.recursive(
    st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\d", "^", "$", r"\b"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["*", "+", "?", "*?", "+?", "{1,2}"])).map(lambda p: f"(?:{p[0]}){p[1]}"),
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda p: f"({p[0]}|{p[1]})"),
    ),
    max_leaves=6,
)


@given(SIMPLE, st.text("ab1 \n", max_size=8))
@settings(max_examples=150, deadline=None)
def test_the_machine_agrees_with_pythons_matcher(pattern: str, text: str) -> None:
    wanted = re.compile(pattern.replace("$", r"\Z")).search(text)
    found = GoPattern(pattern).find(text, Meter())
    assert (found is None) == (wanted is None)
    if found is not None and wanted is not None:
        assert found[:2] == wanted.span()


def test_replacing_and_splitting() -> None:
    found = compile_pattern("a(x*)b")
    assert found.replace("-ab-axxb-", lambda slots: found.expand("${1}W$$", "-ab-axxb-", slots), Meter()) == "-W$-xxW$-"
    assert compile_pattern("").replace("ab", lambda _slots: "-", Meter()) == "-a-b-"
    assert compile_pattern("a*").split("baaac", Meter(), -1) == ["b", "c"]
    assert compile_pattern(",").split("a,b,c", Meter(), 2) == ["a", "b,c"]
