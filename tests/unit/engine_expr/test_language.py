"""What the truth tables do not show: places of errors, time and chance as arguments, own refusals."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from argotui.engine.expr import (
    ExprError,
    argo_environment,
    compile_expression,
    evaluate,
    evaluate_bool,
    expanded,
    go_json,
)
from argotui.engine.expr.sprig.table import SPRIG
from tests.unit.engine_expr.typed import typed

NOW = datetime(2026, 11, 22, 13, 14, 15, 678_900, tzinfo=UTC)


def value(text: str, scope: dict[str, Any] | None = None, **given: Any) -> Any:
    return evaluate(text, argo_environment(scope or {}), **given)


def test_an_error_points_at_its_place() -> None:
    with pytest.raises(ExprError) as caught:
        value("1 +\n  nope * 2")
    error = caught.value
    assert (error.message, error.line, error.column) == ("unknown name nope", 2, 3)
    assert str(error) == "unknown name nope (2:3)"
    assert error.excerpt == " |   nope * 2\n | ..^"


def test_an_error_of_a_condition_keeps_its_place() -> None:
    with pytest.raises(ExprError) as caught:
        evaluate_bool("steps.a.status == 'x'", argo_environment({"steps.b.status": "y"}))
    assert (caught.value.line, caught.value.column) == (1, 9)


def test_compiled_once_run_often() -> None:
    expression = compile_expression("asInt(n) * 2", argo_environment({"n": "1"}))
    assert [expression.run(argo_environment({"n": str(n)})) for n in range(3)] == [0, 2, 4]


def test_time_is_an_argument() -> None:
    assert go_json(value("now()", now=NOW)) == '"2026-11-22T13:14:15.6789Z"'
    assert value("now(timezone('Europe/Berlin')).Format('15:04 MST')", now=NOW) == "14:14 CET"
    assert value("sprig.ago(date('2026-11-22T13:14:10Z'))", now=NOW) == "6s"
    assert value("sprig.date('2006', 'now')", now=NOW) == "2026"
    with pytest.raises(ExprError, match="time is not known"):
        value("now()")


def test_chance_is_an_argument() -> None:
    text = "[sprig.uuidv4(), sprig.randAlphaNum(8), sprig.randInt(3, 9), sprig.shuffle('abcdef'), sprig.randBytes(3)]"
    first = value(text, entropy=b"one")
    assert value(text, entropy=b"one") == first
    assert value(text, entropy=b"two") != first
    assert len(first[0]) == 36
    assert first[0][14] == "4"
    assert 3 <= first[2] < 9
    assert sorted(first[3]) == list("abcdef")
    with pytest.raises(ExprError, match="random functions are not possible here"):
        value("sprig.uuidv4()")


@pytest.mark.parametrize(
    "name",
    [
        "bcrypt('x')",
        "htpasswd('x', 'y')",
        "genPrivateKey('rsa')",
        "getHostByName('x')",
        "encryptAES('k', 'x')",
        "decryptAES('k', 'YWJj')",
        "genCA('x', 1)",
    ],
)
def test_what_is_not_offered_is_refused_by_name(name: str) -> None:
    with pytest.raises(ExprError, match=f"sprig.{name.partition('(')[0]} is not supported by this version of argotui"):
        value(f"sprig.{name}", entropy=b"x", now=NOW)


def test_env_is_not_readable() -> None:
    assert "env" not in SPRIG
    assert "expandenv" not in SPRIG


def test_names_with_empty_parts_are_dropped() -> None:
    assert expanded({"a.": 1, "c..d": 2, ".e": 3, "f": 4, "": 5}) == {"f": 4}


def test_dotted_names_become_maps() -> None:
    assert expanded({"a.b": 1, "a": 2, "a.c.d": 3, "ab": 4}) == {"a": {"b": 1, "c": {"d": 3}}, "ab": 4}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("date('0001-01-01').IsZero()", "true"),
        ("date('2024-03-31 02:30:00', '2006-01-02 15:04:05', 'Europe/Berlin')", 'time("2024-03-31T03:30:00+02:00")'),
        ("date('2024-02-29').AddDate(1, 0, 0)", 'time("2025-03-01T00:00:00Z")'),
        ("date('12/31/99 11:59PM', '01/02/06 03:04PM')", 'time("1999-12-31T23:59:00Z")'),
        ("date('2024-060', '2006-002')", 'time("2024-02-29T00:00:00Z")'),
        ("date('2024-01-02T03:04:05Z').Round(duration('1h'))", 'time("2024-01-02T03:00:00Z")'),
        ("date('2024-01-02').Weekday().String()", '"Tuesday"'),
        ("(date('2300-01-01') - date('1700-01-01'))", 'duration("2562047h47m16.854775807s")'),
        ("duration('1h').Round(duration('7m')).String()", '"1h3m0s"'),
        ("sprig.mulf(0.1, 3)", "0.3"),
        ("sprig.semverCompare('1.2 - 1.4', '1.3.9')", "true"),
        ("sprig.semverCompare('>=1.2 <2 || ^3.1', '3.0.5')", "false"),
        ("sprig.urlJoin(sprig.urlParse('https://u:p%40s@h:1/a b?q=1#f'))", '"https://u:p%40s@h:1/a%20b?q=1#f"'),
        ("sprig.snakecase('HTTP20xOK') + sprig.kebabcase('Bld4Floor3rd')", '"http_20x_okbld4-floor-3rd"'),
        ("sprig.wrap(5, 'the quick brown fox')", '"the\\nquick\\nbrown\\nfox"'),
        ("'日本語'[1:3]", '"\\ufffd\\ufffd"'),
        ("len('日本語'[1:])", "4"),
        ("'日本語'[0:2] + '日本語'[2:3]", '"日"'),
    ],
)
def test_values(text: str, shown: str) -> None:
    assert typed(value(text)) == shown


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fromJSON('tru')", "invalid character ' ' in literal true (expecting 'e')"),
        ("fromJSON('1.')", "invalid character ' ' after decimal point in numeric literal"),
        ("fromJSON('[1')", "unexpected end of JSON input"),
        ("sprig.mustRegexFind('(', 'a')", "error parsing regexp: missing closing ): `(`"),
        ("date('2024-02-30')", "invalid date 2024-02-30"),
        ("date('2024-02-30', '2006-01-02')", 'parsing time "2024-02-30": day out of range'),
        ("sprig.upper(nope, bitand())", "invalid number of arguments (expected 2, got 0)"),
        ("sprig.set(sprig, 'a', 1)", "the map of sprig functions cannot be changed"),
        ("sprig.set(nil, 'a', 1)", "assignment to entry in nil map"),
    ],
)
def test_texts_of_faults(text: str, message: str) -> None:
    with pytest.raises(ExprError) as caught:
        value(text)
    assert caught.value.message == message


def test_the_package_costs_nothing_until_it_is_used() -> None:
    code = "import sys, argotui.engine.expr; sys.exit('argotui.engine.expr.parser' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
