"""Quoted texts in paths: Go's escapes, in double or single quotes."""

from __future__ import annotations

import re
from typing import Final

from argotui.engine.kubectlpath.errors import PathError

_SIMPLE: Final = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", "'": "'", '"': '"',
}  # fmt: skip
_ESCAPE: Final = re.compile(
    r"\\(?:x(?P<two>[0-9a-fA-F]{2})|u(?P<four>[0-9a-fA-F]{4})|U(?P<eight>[0-9a-fA-F]{8})"
    r"|(?P<octal>[0-3][0-7]{2})|(?P<simple>[abfnrtv\\'\"])|(?P<bad>.?))",
    re.DOTALL,
)


def unquote(text: str) -> str:
    """The content of a text with its quotes. Raises PathError."""

    def replaced(found: re.Match[str]) -> str:
        simple = found["simple"]
        if simple and (simple not in "'\"" or simple == text[0]):
            return _SIMPLE[simple]
        digits = found["two"] or found["four"] or found["eight"]
        code = int(digits, 16) if digits else int(found["octal"], 8) if found["octal"] else -1
        if not 0 <= code <= 0x10FFFF or 0xD800 <= code <= 0xDFFF:
            raise PathError(f"unquote string {text} error invalid syntax")
        return chr(code)

    return _ESCAPE.sub(replaced, text[1:-1])
