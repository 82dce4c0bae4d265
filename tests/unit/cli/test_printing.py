"""Documents as YAML and JSON keep their meaning; tables line up."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from argotui.cli.printing import as_json, as_yaml, cells, table

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@settings(deadline=None)
@given(values)
def test_yaml_is_read_back_as_it_was(value: object) -> None:
    assert yaml.load(as_yaml(value), Loader=yaml.CSafeLoader) == value


@settings(deadline=None)
@given(values)
def test_json_is_read_back_as_it_was(value: object) -> None:
    assert json.loads(as_json(value)) == value


@pytest.mark.parametrize(
    "text",
    ["1e3", "y", "NO", "on", "0o17", "2025-01-01", "1_000", ".5", "-.5e2", "~", "null", "1.2.3", "0x1F", ".inf", "1:2"],
)
def test_text_that_other_readers_take_for_something_else_is_quoted(text: str) -> None:
    assert as_yaml({"a": text}) == f'a: "{text}"'


def test_scripts_are_printed_as_blocks() -> None:
    assert as_yaml({"args": ["set -e\necho hi\n"]}) == "args:\n- |\n  set -e\n  echo hi"


def test_columns_line_up_with_wide_characters() -> None:
    lines = table([["NAME", "STATUS"], ["日本", "x"], ["abcde", "y"]])
    assert lines == ["NAME    STATUS", "日本    x", "abcde   y"]
    assert cells("日本") == 4


def test_json_cannot_command_a_terminal() -> None:
    assert as_json("caf\u00e9 \x1b[31m \x9b31m \u202egpj.exe") == '"caf\u00e9 \\u001b[31m \\u009b31m \\u202egpj.exe"'
