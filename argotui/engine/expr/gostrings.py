"""Go's strings package where Python's methods differ."""

from __future__ import annotations

import unicodedata
from typing import Final

from argotui.engine.expr.values import bytes_text, rejoined, text_bytes
from argotui.engine.gotext import quote, quote_body

SPACE: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
    "\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
"""What Go counts as white space."""


def upper(text: str) -> str:
    """strings.ToUpper: character by character, so `ß` stays."""
    if text.isascii():
        return text.upper()
    return "".join(map(_upper, text))


def lower(text: str) -> str:
    """strings.ToLower: character by character."""
    if text.isascii():
        return text.lower()
    return "".join(map(_lower, text))


def title(character: str) -> str:
    """unicode.ToTitle of one character."""
    made = character.title()
    return made if len(made) == 1 else _upper(character)


def _upper(character: str) -> str:
    made = character.upper()
    return made if len(made) == 1 else character


def _lower(character: str) -> str:
    if character == "\u0130":
        return "i"
    made = character.lower()
    return made if len(made) == 1 else character


def byte_index(text: str, position: int) -> int:
    """The byte offset of a character position; -1 stays."""
    if position < 0 or text.isascii():
        return position
    return len(text_bytes(text[:position]))


def split(text: str, separator: str, limit: int = -1) -> list[str] | None:
    """strings.SplitN; None (a nil slice) for a limit of 0."""
    if limit == 0:
        return None
    if not separator:
        return explode(text, limit)
    return text.split(separator) if limit < 0 else text.split(separator, limit - 1)


def split_after(text: str, separator: str, limit: int = -1) -> list[str] | None:
    """strings.SplitAfterN: the separators stay at the ends of the parts."""
    parts = split(text, separator, limit)
    if parts is None or not separator:
        return parts
    return [part + separator for part in parts[:-1]] + parts[-1:]


def explode(text: str, limit: int) -> list[str]:
    """The characters, at most `limit` parts of which the last one is the rest."""
    if limit < 0 or limit > len(text):
        return list(text)
    return [*text[: limit - 1], text[limit - 1 :]] if text else []


def replace(text: str, old: str, new: str, count: int = -1) -> str:
    """strings.Replace."""
    return rejoined(text.replace(old, new, count if count >= 0 else -1))


def trim(text: str, cutset: str) -> str:
    """strings.Trim; an empty set of characters cuts nothing."""
    return text.strip(cutset) if cutset else text


def byte_slice(text: str, start: int, end: int) -> str:
    """text[start:end] counted in bytes."""
    if text.isascii():
        return text[start:end]
    return bytes_text(text_bytes(text)[start:end])


def byte_length(text: str) -> int:
    return len(text) if text.isascii() else len(text_bytes(text))


def is_letter(character: str) -> bool:
    return character.isalpha()


def is_space(character: str) -> bool:
    return character in SPACE


def is_upper(character: str) -> bool:
    return unicodedata.category(character) == "Lu"


def is_lower(character: str) -> bool:
    return unicodedata.category(character) == "Ll"


def quoted(text: str) -> str:
    """Go's strconv.Quote; stray bytes are written `\\x80`."""
    if not any("\udc80" <= character <= "\udcff" for character in text):
        return quote(text)
    parts = [f"\\x{ord(c) - 0xDC00:02x}" if "\udc80" <= c <= "\udcff" else quote_body(c) for c in text]
    return f'"{"".join(parts)}"'
