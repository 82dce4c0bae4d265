"""Colours of a log line, as data.

Programs colour their output with SGR sequences (`ESC [ 31 m`). These are read into `Style`s; the text that remains
goes through `neutralise`, so a line can be coloured but can do nothing else. Colours carry over to the next line
until they are reset, as a terminal would do it, so the caller passes the style at the end of one line to the next.
Blinking and concealed text are shown plainly.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from argotui.store.text import neutralise

Color = int | tuple[int, int, int]
"""A palette index 0-255 or red, green, blue."""

TAB_WIDTH: Final = 8
_SGR: Final = re.compile("\x1b\\[([0-9;:]*)m")
_ERASE: Final = re.compile("\x1b\\[[0-9;]*K|\x1b\\(B")
"""What grep, gcc and tput write beside each colour; it has no meaning in a line that is only appended to."""


@dataclass(frozen=True, slots=True)
class Style:
    """How a stretch of text is drawn; None means the viewer's own colour."""

    fg: Color | None = None
    bg: Color | None = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    reverse: bool = False
    strike: bool = False


PLAIN: Final = Style()


@dataclass(frozen=True, slots=True)
class Span:
    """`text[start:end]` is drawn in `style`."""

    start: int
    end: int
    style: Style


@dataclass(frozen=True, slots=True)
class AnsiLine:
    """One safe line: its text, the coloured stretches in order, and the style that carries over."""

    text: str
    spans: tuple[Span, ...] = ()
    after: Style = PLAIN


_ON: Final = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "reverse", 9: "strike"}
_OFF: Final = {
    21: ("bold",),
    22: ("bold", "dim"),
    23: ("italic",),
    24: ("underline",),
    27: ("reverse",),
    29: ("strike",),
}


def parse_ansi(line: str, style: Style = PLAIN) -> AnsiLine:
    """Reads one line without its line ending; `style` is the `after` of the line before."""
    if "\x1b" not in line:
        text = _plain(line)
        spans = () if style == PLAIN or not text else (Span(0, len(text), style),)
        return AnsiLine(text, spans, style)
    pieces: list[str] = []
    found: list[Span] = []
    position = 0
    parts = _SGR.split(_ERASE.sub("", line))
    for index, part in enumerate(parts):
        if index % 2:
            style = _apply(style, part)
            continue
        text = _plain(part, position)
        if text and style != PLAIN:
            found.append(Span(position, position + len(text), style))
        pieces.append(text)
        position += len(text)
    return AnsiLine("".join(pieces), tuple(found), style)


def _plain(text: str, column: int = 0) -> str:
    """Safe text with tabs spread to the next multiple of eight columns, counted from `column`."""
    if "\t" not in text:
        return neutralise(text)
    return neutralise((" " * (column % TAB_WIDTH) + text).expandtabs(TAB_WIDTH)[column % TAB_WIDTH :])


def _apply(style: Style, parameters: str) -> Style:
    """The style after one SGR sequence; codes that are not known leave it as it is."""
    codes = [_codes(field) for field in parameters.split(";")]
    index = 0
    while index < len(codes):
        head, *rest = codes[index]
        if head in (38, 48):
            if not rest:
                rest = [code[0] for code in codes[index + 1 : index + 5]]
                index += {5: 2, 2: 4}.get(rest[0] if rest else -1, 0)
            style = _with_color(style, head, rest)
        else:
            style = _with_code(style, head)
        index += 1
    return style


def _codes(field: str) -> list[int]:
    """The numbers of one field; colons separate sub-parameters, an empty number is 0, a huge one is unknown."""
    return [int(part) if part and len(part) <= 3 else 0 if not part else -1 for part in field.split(":")]


def _with_code(style: Style, code: int) -> Style:
    if code == 0:
        return PLAIN
    if code in _ON:
        return replace(style, **{_ON[code]: True})
    if code in _OFF:
        return replace(style, **dict.fromkeys(_OFF[code], False))
    for base, first in ((30, 0), (90, 8)):
        if base <= code < base + 8:
            return replace(style, fg=code - base + first)
        if base + 10 <= code < base + 18:
            return replace(style, bg=code - base - 10 + first)
    if code == 39:
        return replace(style, fg=None)
    return replace(style, bg=None) if code == 49 else style


def _with_color(style: Style, code: int, rest: list[int]) -> Style:
    """Applies 38/48: `5;n` or `2;r;g;b` (with colons also `2::r:g:b`)."""
    color: Color | None = None
    if len(rest) >= 2 and rest[0] == 5 and 0 <= rest[1] <= 255:
        color = rest[1]
    elif len(rest) >= 4 and rest[0] == 2 and all(0 <= part <= 255 for part in rest[-3:]):
        color = (rest[-3], rest[-2], rest[-1])
    if color is None:
        return style
    return replace(style, fg=color) if code == 38 else replace(style, bg=color)


def with_escapes(line: AnsiLine) -> str:
    """The line for a terminal that shows colours: our own SGR sequences around clean text, each reset."""
    pieces: list[str] = []
    position = 0
    for span in line.spans:
        pieces.append(line.text[position : span.start])
        pieces.append(f"\x1b[{_sequence(span.style)}m{line.text[span.start : span.end]}\x1b[0m")
        position = span.end
    return "".join(pieces) + line.text[position:]


def _sequence(style: Style) -> str:
    codes = [str(code) for code, name in _ON.items() if getattr(style, name)]
    for base, color in ((38, style.fg), (48, style.bg)):
        if isinstance(color, tuple):
            codes.append(f"{base};2;{color[0]};{color[1]};{color[2]}")
        elif color is not None:
            codes.append(f"{base};5;{color}")
    return ";".join(codes)
