"""Go's JSON decoder as far as it shows: its error texts, and how it re-encodes what it read."""

from __future__ import annotations

import json
import re
from json.encoder import encode_basestring
from typing import Any, Final

import msgspec

from argotui.engine.gotext import json_float

_ESCAPES: Final = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)
_ESCAPED: Final = re.compile("[<>&\u2028\u2029]")
_SPACE: Final = " \t\r\n"
_DEEPEST: Final = 150
_MAX_DEPTH: Final = 10_000
"""How deep Go's decoder goes."""
_LITERALS: Final = {"t": "true", "f": "false", "n": "null"}


def text(value: Any) -> str:
    """Compact JSON with sorted keys, numbers as float64, and `<`, `>`, `&` escaped: what Go prints for a
    value that it decoded without knowing its type."""
    return _encode(value)


def exact(value: Any, depth: int = 0) -> str:
    """As `text`, but integers of 64 bits stay as they are, and the depth is limited. Raises ValueError."""
    if depth > _DEEPEST:
        raise ValueError("the value is nested too deeply")
    if isinstance(value, dict):
        return "{" + ",".join(f"{quoted(key)}:{exact(value[key], depth + 1)}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(exact(item, depth + 1) for item in value) + "]"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63:
        return str(value)
    return _encode(value)


def compact(raw: str) -> str:
    """A valid JSON text without blanks, its numbers and the order of its keys untouched; `<>&` escaped."""
    parts: list[str] = []
    position = 0
    while position < len(raw):
        character = raw[position]
        if character == '"':
            end = _string_end(raw, position)
            parts.append(raw[position:end].translate(_ESCAPES))
            position = end
            continue
        if character not in _SPACE:
            parts.append(character)
        position += 1
    return "".join(parts)


def quoted(value: str) -> str:
    """A JSON string as Go writes it."""
    written = encode_basestring(value)
    return written.translate(_ESCAPES) if _ESCAPED.search(written) else written


def struct_text(value: Any, order: tuple[str, ...]) -> str:
    """A JSON object with the keys in the given order (that of a Go struct), absent ones left out."""
    fields = [f"{quoted(key)}:{_encode(value[key])}" for key in order if value.get(key) is not None]
    return "{" + ",".join(fields) + "}"


def _encode(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{quoted(key)}:{_encode(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_encode, value)) + "]"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    return json_float(float(value))


def _string_end(raw: str, start: int) -> int:
    position = start + 1
    while raw[position] != '"':
        position += 2 if raw[position] == "\\" else 1
    return position + 1


class GoJSONError(ValueError):
    """A text that Go's decoder refuses; the message is Go's."""


def check(raw: str) -> None:
    """Raise GoJSONError unless the text is one JSON value."""
    try:
        msgspec.json.decode(raw)
    except (ValueError, RecursionError):  # stricter than Go in some things, and its messages are others
        _Scanner(raw).run()


class _Scanner:
    """Finds the first character that cannot stand where it stands; no recursion, so depth is no matter."""

    def __init__(self, raw: str) -> None:
        self._raw = raw
        self._position = 0
        self._open: list[str] = []
        self._is_fresh = False
        """Whether nothing has been read of the innermost object or list yet."""

    def run(self) -> None:
        self._value()
        while self._open:
            if self._is_fresh:
                self._first()
            else:
                self._inside()
        self._skip()
        if self._position < len(self._raw):
            raise self._bad("after top-level value")

    def _skip(self) -> None:
        while self._position < len(self._raw) and self._raw[self._position] in _SPACE:
            self._position += 1

    def _peek(self) -> str:
        self._skip()
        return self._now()

    def _now(self, where: str = "") -> str:
        """The character at hand. At the end Go's scanner sees a blank, which `where` it may not stand is the error."""
        if self._position < len(self._raw):
            return self._raw[self._position]
        raise GoJSONError(f"invalid character ' ' {where}" if where else "unexpected end of JSON input")

    def _bad(self, where: str) -> GoJSONError:
        return GoJSONError(f"invalid character {_shown(self._raw[self._position])} {where}")

    def _value(self) -> None:
        character = self._peek()
        if character in "{[":
            self._open.append(character)
            if len(self._open) > _MAX_DEPTH:
                raise self._bad("exceeded max depth")
            self._position += 1
            self._is_fresh = True
        elif character == '"':
            self._string()
        elif character in _LITERALS:
            self._literal(_LITERALS[character])
        elif character == "-" or _digit(character):
            self._number()
        else:
            raise self._bad("looking for beginning of value")

    def _first(self) -> None:
        """The first member of an object or list that was just opened, or its end."""
        self._is_fresh = False
        in_object = self._open[-1] == "{"
        if self._peek() == ("}" if in_object else "]"):
            self._close()
        elif in_object:
            self._key()
        else:
            self._value()

    def _key(self) -> None:
        if self._peek() != '"':
            raise self._bad("looking for beginning of object key string")
        self._string()
        if self._peek() != ":":
            raise self._bad("after object key")
        self._position += 1
        self._value()

    def _inside(self) -> None:
        """After one member of the innermost object or list: another one, or its end."""
        character = self._peek()
        in_object = self._open[-1] == "{"
        if character == ",":
            self._position += 1
            if in_object:
                self._key()
            else:
                self._value()
        elif character == ("}" if in_object else "]"):
            self._close()
        else:
            raise self._bad("after object key:value pair" if in_object else "after array element")

    def _close(self) -> None:
        self._position += 1
        self._open.pop()

    def _literal(self, word: str) -> None:
        for expected in word[1:]:
            self._position += 1
            where = f"in literal {word} (expecting {_shown(expected)})"
            if self._now(where) != expected:
                raise self._bad(where)
        self._position += 1

    def _string(self) -> None:
        self._position += 1
        while (character := self._now()) != '"':
            if character == "\\":
                self._escape()
            elif character < " ":
                raise self._bad("in string literal")
            self._position += 1
        self._position += 1

    def _escape(self) -> None:
        self._position += 1
        if self._now("in string escape code") == "u":
            for _ in range(4):
                self._position += 1
                where = "in \\u hexadecimal character escape"
                if self._now(where) not in "0123456789abcdefABCDEF":
                    raise self._bad(where)
        elif self._now() not in 'bfnrt\\/"':
            raise self._bad("in string escape code")

    def _number(self) -> None:
        if self._now() == "-":
            self._position += 1
            self._digits("in numeric literal", once=self._now("in numeric literal") == "0")
        else:
            self._digits("in numeric literal", once=self._now() == "0")
        if self._next_is("."):
            self._position += 1
            self._digits("after decimal point in numeric literal")
        if self._next_is("e") or self._next_is("E"):
            self._position += 1
            where = "in exponent of numeric literal"
            if self._now(where) in "+-":
                self._position += 1
            self._digits(where)

    def _next_is(self, character: str) -> bool:
        return self._raw[self._position : self._position + 1] == character

    def _digits(self, where: str, *, once: bool = False) -> None:
        if not _digit(self._now(where)):
            raise self._bad(where)
        self._position += 1
        while not once and self._position < len(self._raw) and _digit(self._raw[self._position]):
            self._position += 1


def _digit(character: str) -> bool:
    return "0" <= character <= "9"


def _shown(character: str) -> str:
    if character == "'":
        return "'\\''"
    if character == '"':
        return "'\"'"
    return f"'{character}'" if character.isprintable() else repr(character)
