"""No expression runs away, exhausts the stack, or changes what it is given."""

from __future__ import annotations

import sys
import time
from typing import Any

import pytest

from argotui.engine.expr import ExprError, Limits, argo_environment, compile_expression, evaluate, go_json

SMALL = Limits(steps=200_000, text=4_000_000)

RUNAWAY = (
    "reduce(1..30, #acc + #acc, 'ab')",
    "reduce(1..100000, [#acc], 1)",
    "let a = [1,1]; reduce(1..40, [#acc, #acc], a) | flatten()",
    "toJSON(reduce(1..60, [#acc, #acc], 1))",
    "string(reduce(1..60, {a: #acc, b: #acc}, 1))",
    "reduce(1..60, [#acc, #acc], 1) == reduce(1..60, [#acc, #acc], 1)",
    "map(1..900000, map(1..900000, #))",
    "all(1..90000, all(1..90000, all(1..90000, true)))",
    "repeat('abc', 1000000) | repeat(1000)",
    "replace(repeat('a', 9000), '', repeat('b', 90000))",
    "sprig.repeat(1000000000, 'x')",
    "sprig.until(1000000000)",
    "sprig.indent(1000000000, 'x')",
    "sprig.seq(1, 1000000000)",
    "sprig.randAlpha(1000000000)",
    "join(map(1..999, repeat('a', 99999)), 'b')",
    "fromJSON(repeat('[', 100000))",
    "jsonpath(repeat('[', 100000), '$')",
    "sprig.regexReplaceAll('(a*)*b', repeat('a', 300000), 'x')",
    "sprig.set(sprig, 'upper', 1)",
    "let m = {a: 1}; toJSON(sprig.set(m, 'm', m))",
    "min(reduce(1..2000, [#acc], 1))",
)


@pytest.mark.parametrize("text", RUNAWAY)
def test_a_runaway_is_stopped(text: str) -> None:
    started = time.process_time()
    with pytest.raises(ExprError):
        go_json(evaluate(text, argo_environment({}), entropy=b"seed", limits=SMALL))
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("len(sprig.regexReplaceAll('(a*)*b', repeat('a', 10000), 'x'))", 10000),
        ("repeat('a', 9000) matches '^(a+)+$|(a|aa)+b'", True),
    ],
)
def test_patterns_that_explode_elsewhere_are_answered(text: str, wanted: Any) -> None:
    assert evaluate(text, argo_environment({})) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000 + "1" + ")" * 5000,
        "[" * 5000,
        "!" * 5000 + "true",
        "-" * 5001 + "1",
        "f(" * 5000,
        "len(" * 70 + "x" + ")" * 70,
        "true ? 1 : " * 3000 + "2",
        "let a = 1; " * 3000 + "a",
        "if true { " * 3000,
        "a" + ".b" * 5000,
        "a" + "?.b" * 5000,
        "2 ** " * 5000 + "2",
        "1 | string()" + " | upper()" * 3000,
        "{a: " * 3000,
        "map(x, " * 3000,
        "x[" * 3000,
        "'" + "a" * 100_000 + "'",
        "join(" * 40 + "[]" + ")" * 40,
    ],
)
def test_depth_is_refused_not_felt(text: str) -> None:
    with pytest.raises(ExprError):
        compile_expression(text, argo_environment({"x": [], "a": "1"}))


def test_a_nest_at_the_limit_fits_a_stack_that_is_half_full() -> None:
    texts = ["(" * 39 + "1" + ")" * 39, "[" * 70 + "]" * 70, "abs(" * 70 + "1" + ")" * 70]

    def deeper(levels: int) -> list[Any]:
        return deeper(levels - 1) if levels else [evaluate(text, argo_environment({})) for text in texts]

    assert deeper(sys.getrecursionlimit() // 3)[2] == 1


def test_long_chains_are_no_depth() -> None:
    assert evaluate(" + ".join(["1"] * 4000), {}) == 4000
    assert evaluate(" && ".join(["a"] * 3000), {"a": True}) is True
    assert evaluate(" ?? ".join(["a"] * 3000), {"a": None}) is None


def test_the_number_of_nodes_is_upstreams() -> None:
    with pytest.raises(ExprError, match="exceeds maximum allowed nodes"):
        compile_expression(" + ".join(["1"] * 6000), {})


def test_the_default_limits_hold_for_seconds() -> None:
    started = time.process_time()
    with pytest.raises(ExprError, match="too many steps"):
        evaluate("all(l, all(l, true))", {"l": [*range(3000)]})
    assert time.process_time() - started < 8


def test_limits_can_be_given() -> None:
    assert evaluate("sum(map(1..100, # * 2))", {}) == 10100
    with pytest.raises(ExprError, match="too many steps"):
        evaluate("sum(map(1..100, #index))", {}, limits=Limits(steps=50))
    with pytest.raises(ExprError, match="too much text"):
        evaluate("a + a", {"a": "x" * 100}, limits=Limits(text=100))


def test_a_deep_value_has_no_json() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ExprError, match="nested too deeply"):
        go_json(deep)


def test_the_environment_stays_as_it_is() -> None:
    scope = {"m": {"a": {"b": 1}}, "list": [3, 1, 2]}
    env = argo_environment(scope)
    expression = compile_expression(
        "[sprig.set(m, 'x', 1), sprig.merge(m.a, {c: 2}), sprig.unset(m, 'a'), sort(list), sprig.set($env, 'm', 1)]",
        env,
    )
    first = go_json(take(expression.run(env)))
    assert go_json(take(expression.run(env))) == first
    assert scope == {"m": {"a": {"b": 1}}, "list": [3, 1, 2]}
    assert env["m"] == {"a": {"b": 1}}


def take(value: Any) -> Any:
    return value[:4]
