"""Reads a template. What is accepted, and the texts of refusals, are those of kubectl's parser."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from argotui.engine.gotext import AtoiError, atoi
from argotui.engine.kubectlpath.errors import PathError
from argotui.engine.kubectlpath.quotes import unquote
from argotui.engine.kubectlpath.syntax import (
    Block,
    Descent,
    Field,
    Filter,
    Literal,
    Slice,
    Step,
    Steps,
    Union,
    Wildcard,
    Word,
)

_LINE_ENDS: Final = "\r\n"
_TERMINATORS: Final = frozenset(" \t\r\n.,[]$@{}")
_KEY: Final = re.compile(r"'([^']*)'\Z")
_SLICE: Final = re.compile(r"(-?[0-9]*)(:-?[0-9]*)?(:-?[0-9]*)?\Z")
_COMPARISON: Final = re.compile(r"([^!<>=]+)([!<>=~]+)(.+?)\Z")
_NUMBER: Final = re.compile(r"[+-]?[0-9.]*")


@lru_cache(maxsize=256)
def parse(text: str) -> tuple[Block, ...]:
    """The blocks of a template. Raises PathError."""
    return tuple(_Reader(text).blocks())


def _inside(text: str) -> Steps:
    """The steps of a text as if it stood in braces; what follows a brace within it is nobody's business."""
    first = parse("{" + text + "}")[0]
    return () if isinstance(first, str) else first


class _Reader:
    """A text and a place in it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def blocks(self) -> list[Block]:
        """Everything up to the end of the text."""
        found: list[Block] = []
        while self._at < len(self._text):
            opening = self._text.find("{", self._at)
            if opening < 0:
                return [*found, self._text[self._at :]]
            if opening > self._at:
                found.append(self._text[self._at : opening])
            self._at = opening + 1
            found.append(tuple(self._action()))
        return found

    def _starts(self, prefix: str) -> bool:
        return self._text.startswith(prefix, self._at)

    def _peek(self) -> str:
        """The next character, "" at the end."""
        return self._text[self._at : self._at + 1]

    def _action(self) -> list[Step]:
        """The steps up to the closing brace."""
        steps: list[Step] = []
        while not self._starts("}"):
            character = self._peek()
            if not character or character in _LINE_ENDS:
                raise PathError("unclosed action")
            if character in " @$":  # "this object": what comes next starts from it anyway
                self._at += 1
            else:
                steps.extend(self._steps(character, steps))
        self._at += 1
        return steps

    def _steps(self, character: str, before: list[Step]) -> Steps:
        if self._starts("[?("):
            return (self._filter(),)
        if self._starts(".."):
            return self._descent(before)
        if character == "[":
            return self._bracket()
        if character in "\"'":
            return (Literal(self._quoted(character)),)
        if character == ".":
            self._at += 1
            return (self._field(),)
        if character in "+-" or character.isdecimal():
            return (self._number(),)
        if character == "_" or character.isalpha():
            return (self._word(),)
        raise PathError(f"unrecognized character in action: U+{ord(character):04X} '{character}'")

    def _descent(self, before: list[Step]) -> Steps:
        if before and isinstance(before[-1], Descent):
            raise PathError("invalid multiple recursive descent")
        self._at += 2
        character = self._peek()
        if character == "_" or character.isalnum():
            return (Descent(), self._field())
        return (Descent(),)

    def _field(self) -> Step:
        start = self._at
        while self._at < len(self._text) and self._text[self._at] not in _TERMINATORS:
            self._at += 2 if self._text[self._at] == "\\" else 1
        self._at = min(self._at, len(self._text))
        name = self._text[start : self._at]
        return Wildcard() if name == "*" else Field(name.replace("\\", ""))

    def _word(self) -> Step:
        start = self._at
        while self._at < len(self._text) and self._text[self._at] not in _TERMINATORS:
            self._at += 1
        name = self._text[start : self._at]
        return Literal(name == "true") if name in ("true", "false") else Word(name)

    def _number(self) -> Literal:
        found = _NUMBER.match(self._text, self._at)
        text = found[0] if found else ""
        self._at += len(text)
        try:
            return Literal(atoi(text))
        except AtoiError:
            pass
        try:
            return Literal(float(text))
        except ValueError:
            raise PathError(f"cannot parse number {text}") from None

    def _quoted(self, quote: str) -> str:
        start = self._at
        end = start
        while True:
            end = self._text.find(quote, end + 1)
            if end < 0 or "\n" in self._text[start:end]:
                raise PathError("unterminated quoted string")
            if self._text[end - 1] != "\\":
                break
        self._at = end + 1
        return unquote(self._text[start : end + 1])

    def _bracket(self) -> Steps:
        end = self._text.find("]", self._at)
        if end < 0 or "\n" in self._text[self._at : end]:
            raise PathError("unterminated array")
        text = self._text[self._at + 1 : end]
        self._at = end + 1
        members = text.split(",")
        if len(members) > 1:
            return (Union(tuple(_inside(f"[{member.strip(' ')}]") for member in members)),)
        key = _KEY.match(text)
        if key:
            return _inside(f".{key[1]}")
        return (_slice(text),)

    def _filter(self) -> Filter:
        start = self._at + 3
        end = self._filter_end(start)
        text = self._text[start:end]
        self._at = end + 2
        found = _COMPARISON.match(text)
        if found is None:
            return Filter(_inside(text), "exists", ())
        return Filter(_inside(found[1]), found[2], _inside(found[3]))

    def _filter_end(self, start: int) -> int:
        """Where the closing parenthesis stands: outside of the first pair of quotes."""
        pair, closed = "", False
        for position in range(start, len(self._text)):
            character = self._text[position]
            if character == "\n":
                break
            if character in "\"'":
                if not pair:
                    pair = character
                elif character == pair and self._text[position - 1] != "\\":
                    closed = True
            elif character == ")" and bool(pair) == closed:
                if self._text[position + 1 : position + 2] != "]":
                    raise PathError("unclosed array expect ]")
                return position
        raise PathError("unterminated filter")


def _slice(text: str) -> Slice:
    found = _SLICE.match(":" if text == "*" else text)
    if found is None:
        raise PathError(f"invalid array index {text}")
    start = _bound(found[1])
    single = found[2] is None
    stop = (start or 0) + 1 if single else _bound(found[2][1:])
    return Slice(start, stop, _bound((found[3] or "")[1:]), single)


def _bound(text: str) -> int | None:
    if not text:
        return None
    try:
        return atoi(text)
    except AtoiError:
        raise PathError(f"array index {text} is not a number") from None
