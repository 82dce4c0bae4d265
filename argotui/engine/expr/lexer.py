"""Cuts an expression into tokens, one at a time: upstream reports whatever is wrong first in the text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from argotui.engine.expr.errors import ExprError, Source
from argotui.engine.expr.escapes import EscapeError, unescape, unescape_bytes
from argotui.engine.expr.gostrings import SPACE
from argotui.engine.expr.tokens import Kind, Token, is_name_part
from argotui.engine.gotext import quote

_SPACE: Final = frozenset(SPACE)
_WORDS: Final = frozenset(("in", "or", "and", "matches", "contains", "startsWith", "endsWith", "let", "if", "else"))
_NEGATED: Final = frozenset(("in", "matches", "contains", "startsWith", "endsWith"))
_DIGITS: Final = frozenset("0123456789")
_DECIMAL: Final = frozenset("0123456789_")
_PREFIXED: Final = {
    "x": frozenset("0123456789abcdefABCDEF_"),
    "o": frozenset("01234567_"),
    "b": frozenset("01_"),
}
_HEX: Final = frozenset("0123456789abcdefABCDEF")
_OCTAL: Final = frozenset("01234567")
_SIMPLE_ESCAPES: Final = frozenset("abfnrtv\\")


def tokens(source: Source) -> Iterator[Token]:
    """The tokens of an expression, EOF last. Raises ExprError at the place that cannot be read."""
    return _Lexer(source).tokens()


class _Lexer:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._text = source.text
        self._start = 0
        self._at = 0

    def tokens(self) -> Iterator[Token]:
        while self._at < len(self._text):
            self._start = self._at
            character = self._next()
            if character in _SPACE:
                continue
            if character == "/" and self._peek() in ("/", "*"):
                self._comment()
                continue
            yield from self._token(character)
        yield Token(Kind.EOF, "", max(len(self._text) - 1, 0))

    def _token(self, character: str) -> Iterator[Token]:
        if character in "'\"":
            yield self._string(character)
        elif character == "`":
            yield self._raw_string()
        elif character in "bB" and self._peek() in ("'", '"'):
            yield self._bytes(self._next())
        elif character in _DIGITS:
            self._at -= 1
            yield self._number()
        elif character == "#":
            yield from self._pointer()
        elif character == ".":
            yield self._dot()
        elif is_name_part(character):
            yield from self._word()
        else:
            yield self._symbol(character)

    # --- characters ---------------------------------------------------------------------------------

    def _next(self) -> str:
        """The next character; "" at the end, where the position stays."""
        character = self._peek()
        self._at += len(character)
        return character

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _accept(self, wanted: frozenset[str] | str) -> bool:
        character = self._peek()
        if character and character in wanted:
            self._at += 1
            return True
        return False

    def _accept_run(self, wanted: frozenset[str] | str) -> None:
        while self._accept(wanted):
            pass

    def _made(self, kind: Kind, value: str | None = None) -> Token:
        token = Token(kind, self._text[self._start : self._at] if value is None else value, self._start)
        self._start = self._at
        return token

    def _error(self, message: str, *, at_end: bool = False) -> ExprError:
        """at_end: the fault is that the text ended."""
        return self._source.error(message, self._at if at_end else max(self._at - 1, 0))

    # --- tokens -------------------------------------------------------------------------------------

    def _symbol(self, character: str) -> Token:
        if character in "([{)]}":
            return self._made(Kind.BRACKET)
        if character == "?":
            self._accept(".?")
        elif character in "|:":
            self._accept(character)
        elif character in "&!=*<>":
            self._accept("&=*")
        elif character not in ",;%+-^/":
            raise self._error(f"unrecognized character: U+{ord(character):04X}{_shown(character)}")
        return self._made(Kind.OPERATOR)

    def _dot(self) -> Token:
        if self._peek() in _DIGITS:
            self._at -= 1
            return self._number()
        self._accept(".")
        return self._made(Kind.OPERATOR)

    def _number(self) -> Token:
        digits = _DECIMAL
        if self._accept("0") and self._peek().lower() in _PREFIXED:
            digits = _PREFIXED[self._next().lower()]
        self._accept_run(digits)
        end = self._at
        if self._accept("."):
            if self._peek() == ".":
                self._at = end
                return self._made(Kind.NUMBER)
            self._accept_run(digits)
        if self._accept("eE"):
            self._accept("+-")
            self._accept_run(digits)
        if is_name_part(self._peek()):
            self._at += 1
            raise self._error(f"bad number syntax: {quote(self._text[self._start : self._at])}")
        return self._made(Kind.NUMBER)

    def _word(self) -> Iterator[Token]:
        while is_name_part(self._peek()):
            self._at += 1
        word = self._text[self._start : self._at]
        if word == "not":
            yield from self._not()
        else:
            yield self._made(Kind.OPERATOR if word in _WORDS else Kind.IDENTIFIER)

    def _not(self) -> Iterator[Token]:
        """`not`, and the word after it when both are one operator."""
        yield self._made(Kind.OPERATOR)
        self._accept_run(" ")
        self._start = self._at
        while is_name_part(self._peek()):
            self._at += 1
        if self._text[self._start : self._at] in _NEGATED:
            yield self._made(Kind.OPERATOR)
        else:
            self._at = self._start

    def _pointer(self) -> Iterator[Token]:
        self._accept("#")
        yield self._made(Kind.OPERATOR)
        while is_name_part(self._peek()):
            self._at += 1
        if self._at > self._start:
            yield self._made(Kind.IDENTIFIER)

    def _comment(self) -> None:
        if self._next() == "/":
            end = self._text.find("\n", self._at)
            self._at = len(self._text) if end < 0 else end + 1
            return
        end = self._text.find("*/", self._at)
        if end < 0:
            self._at = len(self._text)
            raise self._error("unclosed comment", at_end=True)
        self._at = end + 2

    # --- strings ------------------------------------------------------------------------------------

    def _string(self, delimiter: str) -> Token:
        self._scan_string(delimiter)
        try:
            return self._made(Kind.STRING, unescape(self._text[self._start + 1 : self._at - 1]))
        except EscapeError as error:
            raise self._error(str(error)) from None

    def _bytes(self, delimiter: str) -> Token:
        self._scan_string(delimiter)
        try:
            content = unescape_bytes(self._text[self._start + 2 : self._at - 1])
        except EscapeError as error:
            raise self._error(str(error)) from None
        return self._made(Kind.BYTES, content.decode("latin-1"))

    def _scan_string(self, delimiter: str) -> None:
        while (character := self._next()) != delimiter:
            if character in ("", "\n"):
                raise self._error("literal not terminated", at_end=not character)
            if character == "\\":
                self._scan_escape(delimiter)

    def _scan_escape(self, delimiter: str) -> None:
        character = self._next()
        if character == delimiter or (character and character in _SIMPLE_ESCAPES):
            return
        if character == "u" and self._peek() == "{":
            self._scan_braced()
        elif character and character in _OCTAL:
            self._at -= 1
            self._scan_digits(_OCTAL, 3)
        elif character in ("x", "u", "U"):
            self._scan_digits(_HEX, {"x": 2, "u": 4, "U": 8}[character])
        else:
            raise self._error("invalid char escape", at_end=not character)

    def _scan_digits(self, wanted: frozenset[str], count: int) -> None:
        for _ in range(count):
            if not self._accept(wanted):
                ended = not self._next()
                raise self._error("invalid char escape", at_end=ended)

    def _scan_braced(self) -> None:
        self._at += 1
        for count in range(8):
            if count and self._accept("}"):
                return
            if count == 6 or not self._accept(_HEX):
                raise self._error("invalid char escape")

    def _raw_string(self) -> Token:
        position = self._at
        while True:
            end = self._text.find("`", position)
            if end < 0:
                self._at = len(self._text)
                raise self._error("literal not terminated", at_end=True)
            if self._text[end + 1 : end + 2] != "`":
                break
            position = end + 2
        content = self._text[self._at : end].replace("``", "`")
        self._at = end + 1
        return self._made(Kind.STRING, content)


def _shown(character: str) -> str:
    """The character in quotes as Go's `%#U` adds it; nothing for one that cannot be printed."""
    return f" '{character}'" if character.isprintable() or character == " " else ""
