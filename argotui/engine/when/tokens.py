"""Tokens of a `when` expression and which token may follow which (§2.8).

The language is that of the Go library govaluate, oddities included: a bare word is a token of kind
VARIABLE, `a.B` an accessor, a quoted text that looks like a date is a time, and any run of other
characters is one operator.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from argotui.engine.gotext import general_float
from argotui.engine.when.times import parse_go_time

Value = Any
"""None, bool, float, str, list of values, or a compiled pattern."""


class WhenError(Exception):
    """An expression that cannot be read or evaluated; the text is upstream's, first line only."""


class Kind(StrEnum):
    """Token kinds; the values are what upstream's messages call them."""

    UNKNOWN = "UNKNOWN"
    PREFIX = "PREFIX"
    NUMERIC = "NUMERIC"
    BOOLEAN = "BOOLEAN"
    STRING = "STRING"
    PATTERN = "PATTERN"
    TIME = "TIME"
    VARIABLE = "VARIABLE"
    ACCESSOR = "ACCESSOR"
    SEPARATOR = "SEPARATOR"
    COMPARATOR = "COMPARATOR"
    LOGICALOP = "LOGICALOP"
    MODIFIER = "MODIFIER"
    CLAUSE = "CLAUSE"
    CLAUSE_CLOSE = "CLAUSE_CLOSE"
    TERNARY = "TERNARY"


@dataclass(frozen=True, slots=True)
class Token:
    """kind and value: text, float, bool, datetime, tuple of names (accessor), code point (brackets)."""

    kind: Kind
    value: Any

    def shown(self) -> str:
        """The value as Go's `%v` prints it."""
        if isinstance(self.value, tuple):
            return f"[{' '.join(self.value)}]"
        return show(self.value)


PREFIXES: Final = frozenset("-!~")
MODIFIERS: Final = frozenset({"+", "-", "*", "/", "%", "**", "&", "|", "^", ">>", "<<"})
LOGICALS: Final = frozenset({"&&", "||"})
COMPARATORS: Final = frozenset({"==", "!=", ">", ">=", "<", "<=", "=~", "!~", "in"})
TERNARIES: Final = frozenset({"?", ":", "??"})

_VALUES: Final = frozenset({Kind.NUMERIC, Kind.BOOLEAN, Kind.VARIABLE, Kind.ACCESSOR, Kind.CLAUSE})
_TEXTS: Final = frozenset({Kind.STRING, Kind.TIME})
_START: Final = _VALUES | _TEXTS | {Kind.PREFIX, Kind.PATTERN}
_AFTER_TIME: Final = frozenset({Kind.MODIFIER, Kind.COMPARATOR, Kind.LOGICALOP, Kind.CLAUSE_CLOSE, Kind.SEPARATOR})
_AFTER_VALUE: Final = _AFTER_TIME | {Kind.TERNARY}

_FOLLOWERS: Final[Mapping[Kind, frozenset[Kind]]] = {
    Kind.UNKNOWN: _START,
    Kind.CLAUSE: _START | {Kind.CLAUSE_CLOSE},
    Kind.CLAUSE_CLOSE: (_START - {Kind.PREFIX, Kind.ACCESSOR}) | _AFTER_VALUE,
    Kind.NUMERIC: _AFTER_VALUE,
    Kind.BOOLEAN: _AFTER_VALUE,
    Kind.STRING: _AFTER_VALUE,
    Kind.TIME: _AFTER_TIME,
    Kind.PATTERN: _AFTER_TIME,
    Kind.VARIABLE: _AFTER_VALUE,
    Kind.MODIFIER: _VALUES | {Kind.PREFIX, Kind.STRING, Kind.CLAUSE_CLOSE},
    Kind.COMPARATOR: _START | {Kind.CLAUSE_CLOSE},
    Kind.LOGICALOP: (_START - {Kind.PATTERN}) | {Kind.CLAUSE_CLOSE},
    Kind.PREFIX: _VALUES | {Kind.CLAUSE_CLOSE},
    Kind.TERNARY: (_START - {Kind.PATTERN}) | {Kind.SEPARATOR},
    Kind.ACCESSOR: _AFTER_VALUE | {Kind.CLAUSE},
    Kind.SEPARATOR: _START - {Kind.PATTERN},
}
_MAY_END: Final = frozenset(
    {
        Kind.CLAUSE_CLOSE,
        Kind.NUMERIC,
        Kind.BOOLEAN,
        Kind.STRING,
        Kind.TIME,
        Kind.PATTERN,
        Kind.VARIABLE,
        Kind.ACCESSOR,
    }
)


def tokenize(text: str) -> list[Token]:
    """Cut an expression into tokens. Raises WhenError; the order of the tokens is not checked yet."""
    return _Reader(text).tokens()


def check_syntax(tokens: list[Token]) -> None:
    """Raise WhenError unless brackets balance and every token may follow its predecessor."""
    opened = sum(token.kind is Kind.CLAUSE for token in tokens)
    if opened != sum(token.kind is Kind.CLAUSE_CLOSE for token in tokens):
        raise WhenError("Unbalanced parenthesis")
    last = Token(Kind.UNKNOWN, None)
    for token in tokens:
        if token.kind not in _FOLLOWERS[last.kind]:
            raise WhenError(_bad_transition(last, token))
        last = token
    if last.kind not in _MAY_END:
        raise WhenError("Unexpected end of expression")


def _bad_transition(last: Token, token: Token) -> str:
    if last.kind is Kind.VARIABLE and token.kind is Kind.CLAUSE:
        return f"Undefined function {last.value}"
    return f"Cannot transition token types from {last.kind} [{last.shown()}] to {token.kind} [{token.shown()}]"


class _Reader:
    """Reads one expression from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._last = Kind.UNKNOWN

    def tokens(self) -> list[Token]:
        found: list[Token] = []
        while self._skip_space():
            token = self._next()
            self._last = token.kind
            found.append(token)
        return found

    def _skip_space(self) -> bool:
        while self._position < len(self._text) and self._text[self._position].isspace():
            self._position += 1
        return self._position < len(self._text)

    def _next(self) -> Token:
        character = self._text[self._position]
        if _is_numeric(character):
            return self._number()
        if character.isalpha():
            return self._word()
        if character in "'\"":
            return self._quoted()
        return self._punctuation(character)

    def _punctuation(self, character: str) -> Token:
        if character == ",":
            self._position += 1
            return Token(Kind.SEPARATOR, ",")
        if character == "[":
            self._position += 1
            return Token(Kind.VARIABLE, self._until(lambda c: c != "]", "Unclosed parameter bracket"))
        if character in "()":
            self._position += 1
            return Token(Kind.CLAUSE if character == "(" else Kind.CLAUSE_CLOSE, ord(character))
        return self._operator()

    def _number(self) -> Token:
        if self._text.startswith("0x", self._position):
            self._position += 2
            digits = self._run(lambda c: c in "0123456789abcdefABCDEF")
            if not digits or len(digits.lstrip("0")) > 16:
                raise WhenError(f"Unable to parse hex value '{digits}' to uint64")
            return Token(Kind.NUMERIC, float(int(digits, 16)))
        digits = self._run(_is_numeric)
        if not digits.isascii() or digits.count(".") > 1 or digits == ".":
            raise WhenError(f"Unable to parse numeric value '{digits}' to float64")
        return Token(Kind.NUMERIC, float(digits))

    def _word(self) -> Token:
        word = self._run(lambda c: c.isalpha() or c.isdigit() or c in "_.")
        if word in ("true", "false"):
            return Token(Kind.BOOLEAN, word == "true")
        if word in ("in", "IN"):
            return Token(Kind.COMPARATOR, "in")
        if "." in word:
            return _accessor(word)
        return Token(Kind.VARIABLE, word)

    def _quoted(self) -> Token:
        self._position += 1
        text = self._until(lambda c: c not in "'\"", "Unclosed string literal")
        moment = parse_go_time(text)
        return Token(Kind.STRING, text) if moment is None else Token(Kind.TIME, moment)

    def _operator(self) -> Token:
        text = self._run(lambda c: not (c.isdigit() or c.isalpha() or c in "()[]'\""))
        if Kind.PREFIX in _FOLLOWERS[self._last] and text in PREFIXES:
            return Token(Kind.PREFIX, text)
        for kind, symbols in _OPERATORS:
            if text in symbols:
                return Token(kind, text)
        raise WhenError(f"Invalid token: '{text}'")

    def _run(self, belongs: Callable[[str], bool]) -> str:
        """The characters that belong, up to a space; a backslash takes the next one as it is."""
        parts: list[str] = []
        while self._position < len(self._text):
            character = self._text[self._position]
            if character == "\\":
                parts.append(self._escaped())
            elif character.isspace() and parts:
                break
            elif belongs(character):
                parts.append(character)
                self._position += 1
            else:
                break
        return "".join(parts)

    def _until(self, belongs: Callable[[str], bool], unclosed: str) -> str:
        """The characters that belong, spaces included, and the terminator is skipped."""
        parts: list[str] = []
        while self._position < len(self._text):
            character = self._text[self._position]
            if character == "\\":
                parts.append(self._escaped())
                continue
            self._position += 1
            if not belongs(character):
                return "".join(parts)
            parts.append(character)
        raise WhenError(unclosed)

    def _escaped(self) -> str:
        character = self._text[self._position + 1 : self._position + 2]
        self._position += 2
        return character


_OPERATORS: Final = (
    (Kind.MODIFIER, MODIFIERS),
    (Kind.LOGICALOP, LOGICALS),
    (Kind.COMPARATOR, COMPARATORS),
    (Kind.TERNARY, TERNARIES),
)


def _is_numeric(character: str) -> bool:
    return character.isdecimal() or character == "."


def _accessor(word: str) -> Token:
    if word.endswith("."):
        raise WhenError(f"Hanging accessor on token '{word}'")
    names = tuple(word.split("."))
    for name in names[1:]:
        if not name or name[0].upper() != name[0]:
            raise WhenError(f"Unable to access unexported field '{name}' in token '{word}'")
    return Token(Kind.ACCESSOR, names)


def show(value: Any) -> str:
    """A value as Go's `%v` prints it."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return general_float(value)
    if isinstance(value, list):
        return f"[{' '.join(show(item) for item in value)}]"
    if isinstance(value, datetime):
        return _show_time(value)
    return str(value)


def _show_time(moment: datetime) -> str:
    zone = moment.strftime("%z")
    fraction = f".{moment.microsecond:06d}".rstrip("0").rstrip(".")
    name = "UTC" if zone == "+0000" else zone
    return f"{moment:%Y-%m-%d %H:%M:%S}{fraction} {zone} {name}"
