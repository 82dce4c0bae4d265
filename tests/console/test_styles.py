"""Stylesheets: one per module, short, and without a colour of their own."""

from __future__ import annotations

import re

import pytest

from argotui.ui.stylesheets import directory, stylesheets
from argotui.ui.themes import THEMES, theme_for

UI = directory().parent / "argotui" / "ui"


@pytest.mark.parametrize("path", stylesheets(), ids=lambda path: str(path.relative_to(directory())))
def test_each_stylesheet_belongs_to_a_module_and_names_no_colour(path: object) -> None:
    sheet = directory() / str(path)
    text = sheet.read_text()
    assert len(text.splitlines()) <= 120
    if sheet.name != "base.tcss":
        assert (UI / sheet.parent.name / f"{sheet.stem}.py").exists()
    values = re.findall(r"(?:color|background|border[a-z-]*|tint)\s*:\s*([^;]+);", text)
    for value in values:
        words = [word for word in value.split() if not re.fullmatch(r"round|heavy|none|transparent|\d+%", word)]
        assert all(word.startswith("$") for word in words), value


def test_all_themes_know_the_same_variables() -> None:
    dark, light, ansi = (set(theme.variables) for theme in THEMES)
    assert dark == light
    assert dark <= ansi


@pytest.mark.parametrize(
    ("environ", "chosen", "theme"),
    [
        ({"TERM": "xterm-256color"}, None, "argotui-dark"),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, None, "argotui-ansi"),
        ({"TERM": "linux"}, None, "argotui-ansi"),
        ({"TERM": "screen"}, None, "argotui-ansi"),
        ({"TERM": "screen", "COLORTERM": "truecolor"}, None, "argotui-dark"),
        ({"TERM": "linux"}, "light", "argotui-light"),
    ],
)
def test_the_theme_fits_the_terminal(environ: dict[str, str], chosen: str | None, theme: str) -> None:
    assert theme_for(environ, chosen) == theme
