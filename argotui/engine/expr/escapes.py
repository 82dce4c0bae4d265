"""Escape sequences in string and bytes literals."""

from __future__ import annotations

import re
from typing import Final

_SIMPLE: Final = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    "'": "'",
    '"': '"',
    "`": "`",
    "?": "?",
}
_ESCAPE: Final = re.compile(
    r"\\(?:u\{(?P<braced>[0-9a-fA-F]{1,6})\}|[xX](?P<two>[0-9a-fA-F]{2})|u(?P<four>[0-9a-fA-F]{4})"
    r"|U(?P<eight>[0-9a-fA-F]{8})|(?P<octal>[0-3][0-7]{2})|(?P<simple>[abfnrtv\\'\"`?])|(?P<other>.?))",
    re.DOTALL,
)


class EscapeError(ValueError):
    """A literal that cannot be read; the text is upstream's."""


def unescape(body: str) -> str:
    """The content of a string literal without its quotes. Line ends become `\\n`. Raises EscapeError."""
    body = body.replace("\r\n", "\n").replace("\r", "\n")
    return _ESCAPE.sub(_character, body) if "\\" in body else body


def unescape_bytes(body: str) -> bytes:
    """The content of a bytes literal; `\\xff` is a byte here and `\\u` is refused. Raises EscapeError."""
    body = body.replace("\r\n", "\n").replace("\r", "\n")
    parts: list[bytes] = []
    position = 0
    for match in _ESCAPE.finditer(body):
        parts.append(body[position : match.start()].encode("utf-8", "surrogateescape"))
        parts.append(_byte(match))
        position = match.end()
    parts.append(body[position:].encode("utf-8", "surrogateescape"))
    return b"".join(parts)


def _character(match: re.Match[str]) -> str:
    if match["simple"]:
        return _SIMPLE[match["simple"]]
    if match["octal"]:
        return chr(int(match["octal"], 8))
    digits = match["braced"] or match["two"] or match["four"] or match["eight"]
    if digits is None:
        raise _bad(match["other"])
    code = int(digits, 16)
    if code > 0x10FFFF:
        raise EscapeError("unable to unescape string")
    return "\ufffd" if 0xD800 <= code <= 0xDFFF else chr(code)


def _byte(match: re.Match[str]) -> bytes:
    if match["simple"]:
        return _SIMPLE[match["simple"]].encode()
    if match["two"]:
        return bytes((int(match["two"], 16),))
    if match["octal"]:
        return bytes((int(match["octal"], 8),))
    raise _bad(match["other"] or "")


def _bad(other: str) -> EscapeError:
    if not other:
        return EscapeError("unable to unescape string")
    if other in "0123":
        return EscapeError("unable to unescape octal sequence in string")
    return EscapeError("unable to unescape string")
