"""Our own themes: dark, light, and one of the terminal's own 16 colours.

Stylesheets name only the variables below. Pairs that must be told apart without colour vision differ in lightness
(failed is dark orange-red, succeeded a light blue-green), and no state is told by colour alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from textual.theme import BUILTIN_THEMES, Theme

_DARK = {
    "phase-pending": "#b8a965",
    "phase-running": "#6cb6ff",
    "phase-waiting": "#e6b450",
    "phase-succeeded": "#5fc9a8",
    "phase-failed": "#ff7b6b",
    "phase-error": "#ff5c8a",
    "phase-skipped": "#8b93a0",
    "phase-planned": "#66707f",
    "text-dim": "#8b93a0",
    "guide": "#4a5462",
    "cursor-row": "#2d4a6b",
    "cursor-row-text": "#f2f5f8",
    "bar": "#1d242e",
    "bar-text": "#c9d1da",
    "stale": "#ff9f43",
    "live": "#5fc9a8",
    "danger": "#ff7b6b",
    "frame": "#4a6a8a",
}
_LIGHT = {
    "phase-pending": "#7a6a14",
    "phase-running": "#0b63b5",
    "phase-waiting": "#9a5b00",
    "phase-succeeded": "#0b7a5b",
    "phase-failed": "#b8261a",
    "phase-error": "#a3124f",
    "phase-skipped": "#5b6470",
    "phase-planned": "#7b8591",
    "text-dim": "#5b6470",
    "guide": "#aab3bd",
    "cursor-row": "#cfe3f7",
    "cursor-row-text": "#10151b",
    "bar": "#e3e8ee",
    "bar-text": "#222a33",
    "stale": "#a14a00",
    "live": "#0b7a5b",
    "danger": "#b8261a",
    "frame": "#5f84a8",
}
_ANSI = {
    "phase-pending": "ansi_yellow",
    "phase-running": "ansi_bright_blue",
    "phase-waiting": "ansi_bright_yellow",
    "phase-succeeded": "ansi_green",
    "phase-failed": "ansi_bright_red",
    "phase-error": "ansi_bright_magenta",
    "phase-skipped": "ansi_white",
    "phase-planned": "ansi_white",
    "text-dim": "ansi_white",
    "guide": "ansi_white",
    "cursor-row": "ansi_blue",
    "cursor-row-text": "ansi_bright_white",
    "bar": "ansi_default",
    "bar-text": "ansi_default",
    "stale": "ansi_bright_yellow",
    "live": "ansi_green",
    "danger": "ansi_bright_red",
    "frame": "ansi_cyan",
}
_SOURCES = {
    "dark": ("#7fb4f0", "#c3a6ff", "#7fd1c7", "#d7b98e", "#a9c77a", "#e3a2cc"),
    "light": ("#2a62a8", "#6b3fb0", "#0c7a74", "#8a5a12", "#4c7316", "#9c2f78"),
    "ansi": ("ansi_cyan", "ansi_magenta", "ansi_blue", "ansi_yellow", "ansi_bright_cyan", "ansi_bright_blue"),
}
"""Colours of the names in the gutter of a merged log; none of them means a state."""
for _name, _variables in (("dark", _DARK), ("light", _LIGHT), ("ansi", _ANSI)):
    _variables.update({f"source-{number}": color for number, color in enumerate(_SOURCES[_name])})

DARK = Theme(
    name="argotui-dark",
    primary="#6cb6ff",
    secondary="#4a6a8a",
    accent="#e6b450",
    warning="#e6b450",
    error="#ff7b6b",
    success="#5fc9a8",
    foreground="#d5dbe2",
    background="#12161c",
    surface="#171d25",
    panel="#1d242e",
    dark=True,
    variables=_DARK,
)
LIGHT = Theme(
    name="argotui-light",
    primary="#0b63b5",
    secondary="#5f84a8",
    accent="#9a5b00",
    warning="#9a5b00",
    error="#b8261a",
    success="#0b7a5b",
    foreground="#1a2129",
    background="#fbfcfd",
    surface="#f1f4f7",
    panel="#e3e8ee",
    dark=False,
    variables=_LIGHT,
)
ANSI = Theme(
    name="argotui-ansi",
    primary="ansi_blue",
    secondary="ansi_cyan",
    accent="ansi_yellow",
    warning="ansi_yellow",
    error="ansi_red",
    success="ansi_green",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    dark=True,
    ansi=True,
    variables={**BUILTIN_THEMES["ansi-dark"].variables, **_ANSI},  # Textual's own widgets need its names as well
)
THEMES = (DARK, LIGHT, ANSI)

DEFAULTS: Mapping[str, str] = _DARK
"""Values of our variables in themes that do not know them."""


def theme_for(environ: Mapping[str, str], chosen: str | None = None) -> str:
    """The theme to start with: the chosen one, else the plain one where the terminal has few colours or none are
    wanted (NO_COLOR), else the dark one."""
    names = {theme.name.removeprefix("argotui-"): theme.name for theme in THEMES}
    if chosen:
        return names.get(chosen, chosen)
    term = environ.get("TERM", "")
    few = term in ("linux", "screen", "vt100", "ansi", "dumb") and not environ.get("COLORTERM")
    return ANSI.name if few or "NO_COLOR" in environ else DARK.name
