"""Cuts a path into tokens and reads each of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from argotui.engine.expr.gonumbers import NumberError, parse_int
from argotui.engine.expr.gostrings import SPACE
from argotui.engine.expr.jsonpath.errors import PathError, ScriptError, TokenError, no_format, script_error

Script = Callable[[Any, Any], Any]
"""A compiled script: root and current value -> result."""


@dataclass(frozen=True, slots=True)
class Plain:
    """kind: `root`, `current`, `wildcard`, `recursive` or `length`."""

    kind: str


@dataclass(frozen=True, slots=True)
class Key:
    key: str


@dataclass(frozen=True, slots=True)
class Index:
    index: int


@dataclass(frozen=True, slots=True)
class Filter:
    text: str
    script: Script


@dataclass(frozen=True, slots=True)
class Scripted:
    """`[(@.length-1)]`: the script gives the key or the index."""

    text: str
    script: Script


@dataclass(frozen=True, slots=True)
class Argument:
    """A script inside a union or range."""

    text: str
    script: Script


@dataclass(frozen=True, slots=True)
class Union:
    arguments: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Range:
    start: Any
    end: Any
    step: Any


Token = Plain | Key | Index | Filter | Scripted | Union | Range

_COLON: Final = object()
_COMMA: Final = object()


def parse_selector(path: str, compile_script: Callable[[str], Script]) -> list[Token]:
    """The tokens of a path. Raises PathError."""
    return [_parse(text, compile_script) for text in tokenize(path)]


# --- cutting ----------------------------------------------------------------------------------------


def tokenize(path: str) -> list[str]:
    """The texts of the tokens."""
    if path[:1] not in ("$", "@"):
        raise PathError(f"unexpected token '{path[:1]}' at index 0")
    if len(path) > 1 and path[1] not in ".[":
        raise PathError(f"unexpected token '{_first_byte(path[1])}' at index 1")
    cutter = _Cutter()
    for character in path[1:]:
        cutter.add(character)
    return [path[0], *cutter.finished()]


def _first_byte(character: str) -> str:
    return chr(character.encode("utf-8", "surrogateescape")[0])


class _Cutter:
    """Collects characters into tokens; brackets and quotes keep dots together."""

    def __init__(self) -> None:
        self._found: list[str] = []
        self._text = ""
        self._quotes = 0
        self._scripts = 0
        self._brackets = 0

    def finished(self) -> list[str]:
        if self._text:
            self._found.append(self._text.removeprefix("."))
        return self._found

    def add(self, character: str) -> None:
        if not self._text:
            self._quotes = self._scripts = 0
        self._quotes += character == "'"
        self._scripts += (character == "(") - (character == ")")
        self._brackets += (character == "[") - (character == "]")
        self._text += character
        if self._text == ".":
            return
        if self._text == "..":
            self._take("..", "")
        elif character == "[":
            if self._text not in ("[", ".[") and self._text.count("[") == 1:
                self._take(self._text[:-1].removeprefix("."), "[")
        elif self._inside():
            return
        elif "[" in self._text:
            if character == "]" and self._brackets == 0:
                self._take(self._text.removeprefix("."), "")
        elif character == ".":
            self._take(self._text[:-1].removeprefix("."), ".")

    def _inside(self) -> bool:
        """In quotes or a script."""
        return self._quotes % 2 == 1 or self._scripts != 0

    def _take(self, token: str, rest: str) -> None:
        self._found.append(token)
        self._text = rest


# --- reading ----------------------------------------------------------------------------------------


def _parse(text: str, compile_script: Callable[[str], Script]) -> Token:
    text = text.strip(SPACE)
    if not text:
        raise TokenError("invalid token. token string is empty")
    plain = _PLAIN.get(text)
    if plain is not None:
        return Plain(plain)
    if not text.startswith("["):
        return Key(text)
    if not text.endswith("]"):
        raise no_format(text)
    inner = text[1:-1].strip(SPACE)
    if not inner:
        raise no_format(text)
    if inner == "*":
        return Plain("wildcard")
    if inner.startswith("?"):
        if not (inner.startswith("?(") and inner.endswith(")")):
            raise no_format(text)
        script = inner[2:-1].strip(SPACE)
        return Filter(script, compile_script(script))
    return _Subscript(text, compile_script).token(inner)


_PLAIN: Final = {"$": "root", "@": "current", "*": "wildcard", "..": "recursive", "length": "length"}


def _is_script(text: str) -> bool:
    return len(text) > 2 and text.startswith("(") and text.endswith(")")


def _is_key(text: str) -> bool:
    return len(text) > 1 and text[0] in "'\"" and text[-1] == text[0]


def _number(text: str) -> int | str:
    """The integer, or the text when it is none."""
    try:
        return parse_int(text)
    except NumberError:
        return text


class _Subscript:
    """Reads what stands in square brackets."""

    def __init__(self, whole: str, compile_script: Callable[[str], Script]) -> None:
        self._whole = whole
        self._compile = compile_script
        self._arguments: list[Any] = []
        self._buffer = ""
        self._depth = 0
        self._quote = ""

    def token(self, inner: str) -> Token:
        for position, character in enumerate(inner):
            self._buffer += character
            self._add(position, character)
        if self._buffer:
            self._arguments.append(_number(self._buffer))
        if len(self._arguments) == 1:
            return self._single(self._arguments[0])
        return self._several()

    def _add(self, position: int, character: str) -> None:
        if character == " ":
            if not self._quote and self._depth == 0:
                self._buffer = self._buffer.strip(SPACE)
        elif character == "(":
            self._depth += not self._quote
        elif character == ")":
            self._close_script()
        elif character in "'\"":
            if self._quote in ("", character) and self._depth == 0:
                self._quotation(character)
        elif character in ":," and not self._quote and self._depth == 0:
            self._separator(position, character)

    def _close_script(self) -> None:
        self._depth -= 1
        if self._depth == 0:
            if not _is_script(self._buffer):
                raise ScriptError(f"invalid expression. invalid format '{self._buffer}'")
            self._arguments.append(self._buffer)
            self._buffer = ""

    def _quotation(self, character: str) -> None:
        if len(self._buffer) > 1 and self._buffer[-2] == "\\":
            self._buffer = self._buffer[:-2] + character
            return
        if not self._quote:
            if self._buffer != character:
                raise no_format(self._whole)
            self._quote = character
            return
        self._quote = ""
        if not _is_key(self._buffer):
            raise no_format(self._whole)
        self._arguments.append(self._buffer)
        self._buffer = ""

    def _separator(self, position: int, character: str) -> None:
        text, self._buffer = self._buffer[:-1], ""
        if text:
            number = _number(text)
            if character == ":" and isinstance(number, str):
                raise no_format(self._whole)
            self._arguments.append(number)
        elif character == ":" and position == 0:
            self._arguments.append(None)
        self._arguments.append(_COLON if character == ":" else _COMMA)

    def _single(self, argument: Any) -> Token:
        if isinstance(argument, int):
            return Index(argument)
        if isinstance(argument, str) and _is_key(argument):
            return Key(argument[1:-1])
        if isinstance(argument, str) and _is_script(argument):
            return Scripted(argument[1:-1], self._compile(argument[1:-1]))
        raise no_format(self._whole)

    def _several(self) -> Token:
        colons = self._arguments.count(_COLON)
        commas = self._arguments.count(_COMMA)
        found: list[Any] = []
        after_colon = False
        for argument in self._arguments:
            if argument is _COLON:
                if after_colon:
                    found.append(None)
                after_colon = True
                continue
            if argument is not _COMMA:
                found.append(argument)
            after_colon = False
        if (colons and commas) or not (colons or commas):
            raise no_format(self._whole)
        return self._union(found, commas) if commas else self._range(found, colons)

    def _union(self, found: list[Any], commas: int) -> Token:
        if commas >= len(found):
            raise no_format(self._whole)
        return Union(tuple(self._union_argument(argument) for argument in found))

    def _union_argument(self, argument: Any) -> Any:
        if isinstance(argument, int):
            return argument
        if isinstance(argument, str) and _is_script(argument):
            return self._script(argument)
        if isinstance(argument, str) and _is_key(argument):
            return argument[1:-1]
        raise no_format(self._whole)

    def _range(self, found: list[Any], colons: int) -> Token:
        if colons > 2:
            raise no_format(self._whole)
        if colons == 1 and len(found) == 1:
            found.append(None)
        if len(found) < 2:
            raise TokenError("runtime error: index out of range [1] with length 1")
        bounds = [*found[:3], None][:3]
        return Range(*(self._range_argument(bound) for bound in bounds))

    def _range_argument(self, argument: Any) -> Any:
        if not isinstance(argument, str):
            return argument
        if not _is_script(argument):
            raise ScriptError(f"invalid expression. invalid format '{argument}'")
        return self._script(argument)

    def _script(self, argument: str) -> Argument:
        try:
            return Argument(argument[1:-1], self._compile(argument[1:-1]))
        except PathError as error:
            raise script_error(error) from None
