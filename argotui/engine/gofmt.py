"""Go's printf for one int argument: the `format` of `withSequence` (§2.7)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from argotui.engine.gotext import quote_body

_VERB: Final = re.compile(r"%(?P<flags>[-+# 0]*)(?P<star>\*)?(?P<width>\d*)(?P<index>\[\d+\])?(?P<verb>.)?", re.DOTALL)
_BASES: Final = {"d": "d", "x": "x", "X": "X", "o": "o", "O": "o", "b": "b"}
_PREFIXES: Final = {"x": "0x", "X": "0X", "o": "0", "b": "0b"}


def sprintf(pattern: str, number: int) -> str:
    """`fmt.Sprintf(pattern, number)` for an int, wrong patterns included (`%!s(int=0)`, `%!(EXTRA int=0)`)."""
    parts: list[str] = []
    position = 0
    used = reordered = False
    while (found := _VERB.search(pattern, position)) is not None:
        parts.append(pattern[position : found.start()])
        position = found.end()
        verb = found["verb"]
        if _is_too_wide(found["width"]):
            parts.append("%!(NOVERB)")
            position = len(pattern)  # Go reads no further
        elif verb is None:
            parts.append("%!(NOVERB)")
        elif verb == "%":
            parts.append("%")
        elif found["star"] or (used and not found["index"]):
            parts.append(f"%!{verb}(BADINDEX)" if found["star"] and used else f"%!{verb}(MISSING)")
            used = True
        else:
            parts.append(_formatted(found, number))
            used, reordered = True, reordered or bool(found["index"])
    parts.append(pattern[position:])
    if not used and not reordered:
        parts.append(f"%!(EXTRA int={number})")
    return "".join(parts)


def _is_too_wide(width: str) -> bool:
    """Go gives up at the digit that follows a number above a million."""
    return len(width) > 8 or int(width[:-1] or 0) > 1_000_000


def _formatted(found: re.Match[str], number: int) -> str:
    verb, flags = found["verb"], found["flags"]
    width = int(found["width"] or 0)
    if verb in _BASES or verb == "v":
        return _padded(_integer("d" if verb == "v" else verb, flags, number, width), flags, width)
    special = _SPECIAL.get(verb)
    if special is None:
        return f"%!{verb}(int={number})"
    return _padded(special(number), flags.replace("0", ""), width)


def _integer(verb: str, flags: str, number: int, width: int) -> str:
    digits = format(abs(number), _BASES[verb])
    sign = "-" if number < 0 else "+" if "+" in flags else " " if " " in flags else ""
    prefix = "0o" if verb == "O" else _PREFIXES.get(verb, "") if "#" in flags else ""
    if prefix == "0" and digits.startswith("0"):
        prefix = ""
    if "0" in flags and "-" not in flags:
        digits = digits.zfill(width - len(sign))
    return sign + prefix + digits


def _padded(text: str, flags: str, width: int) -> str:
    return text.ljust(width) if "-" in flags else text.rjust(width)


def _plain_character(number: int) -> str:
    return chr(number) if 0 <= number < 0x110000 else "\ufffd"


def _character(number: int) -> str:
    character = _plain_character(number)
    if character == "'":
        return "'\\''"
    return "'\"'" if character == '"' else f"'{quote_body(character)}'"


def _unicode(number: int) -> str:
    return f"U+{number % 2**64:04X}"


_SPECIAL: Final[dict[str, Callable[[int], str]]] = {
    "q": _character,
    "c": _plain_character,
    "U": _unicode,
    "T": lambda _number: "int",
}
