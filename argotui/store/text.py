"""Hostile text made safe to show.

Whatever comes from the cluster (names, messages, parameters, log lines) may hold terminal escapes, text that
reorders what is read, or characters that are not seen at all. Textual and a plain `print` pass ESC and the C1
controls through, so nothing reaches a screen before it went through `neutralise` (one-line and multi-line text)
or `parse_ansi` (a log line, whose colours are kept as data). What is written back to the cluster never comes
from here: documents keep every byte.

A control becomes its picture (ESC is `␛`), so one can see that it was there; what has no glyph of its own or turns the
direction of text becomes `�`. Each replacement is one cell wide.
"""

from __future__ import annotations

import re
from typing import Final

REPLACEMENT: Final = "\ufffd"
"""Stands for a character that must not reach a terminal and has no picture."""

_HIDDEN_RANGES: Final = (
    (0x00, 0x1F),
    (0x7F, 0x9F),  # DEL and C1
    (0xA0, 0xA0),  # no-break space: looks like a space, so it becomes one
    (0xAD, 0xAD),  # soft hyphen
    (0x034F, 0x034F),  # combining grapheme joiner
    (0x0600, 0x0605),
    (0x061C, 0x061C),  # bidi mark
    (0x06DD, 0x06DD),
    (0x070F, 0x070F),
    (0x0890, 0x0891),
    (0x08E2, 0x08E2),
    (0x115F, 0x1160),  # Hangul fillers: letters that draw nothing
    (0x1680, 0x1680),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x2000, 0x200F),  # odd spaces, zero-width characters, bidi marks
    (0x2028, 0x202F),  # line and paragraph separators, bidi embeddings and overrides
    (0x205F, 0x206F),  # joiners, bidi isolates
    (0x2800, 0x2800),  # empty braille cell
    (0x3000, 0x3000),
    (0x3164, 0x3164),
    (0xD800, 0xDFFF),  # lone surrogates: JSON can carry them, UTF-8 cannot
    (0xFDD0, 0xFDEF),
    (0xFE00, 0xFE0F),  # variation selectors: terminals disagree about the width they ask for
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFFC),
    (0x110BD, 0x110BD),
    (0x110CD, 0x110CD),
    (0x13430, 0x1343F),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),  # tags and more variation selectors
    *((plane * 0x10000 + 0xFFFE, plane * 0x10000 + 0xFFFF) for plane in range(17)),
)
_SPACES: Final = frozenset({0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000, 0x2800})
_SELECTORS: Final = frozenset(range(0xFE00, 0xFE10))

_HIDDEN: Final = re.compile("\r\n|[" + "".join(f"\\U{low:08x}-\\U{high:08x}" for low, high in _HIDDEN_RANGES) + "]")


def _picture(code: int) -> str:
    """One visible character (none for variation selectors) that stands for a hidden one."""
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if code in _SPACES:
        return " "
    return "" if code in _SELECTORS else REPLACEMENT


def neutralise(text: str, *, newline: str = "\u2424", tab: str = "\u2409") -> str:
    """Text that cannot move the cursor, hide, reorder or break a row.

    `newline` and `tab` say what these two become; the defaults keep the text on one line. `newline="\\n"` keeps
    lines for a text that is shown as several; CR LF counts as one newline. Idempotent for the default values.
    """
    if text.isascii() and text.isprintable():
        return text

    def visible(match: re.Match[str]) -> str:
        found = match.group()
        if found in ("\n", "\r\n"):
            return newline
        if found == "\t":
            return tab
        return _picture(ord(found))

    return _HIDDEN.sub(visible, text)


def is_clean(text: str) -> bool:
    """Whether `neutralise` would leave the text as it is."""
    return (text.isascii() and text.isprintable()) or _HIDDEN.search(text) is None


def one_line(text: object, limit: int = 4096) -> str:
    """Any JSON value as one safe line of at most `limit` characters; nothing for None."""
    if text is None:
        return ""
    full = text if isinstance(text, str) else str(text)
    return neutralise(full if len(full) <= limit else full[: limit - 1] + "…")
