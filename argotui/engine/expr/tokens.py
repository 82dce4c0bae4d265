"""Tokens of an expression."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from argotui.engine.gotext import quote


class Kind(StrEnum):
    """The values are what upstream's messages call them."""

    IDENTIFIER = "Identifier"
    NUMBER = "Number"
    STRING = "String"
    BYTES = "Bytes"
    OPERATOR = "Operator"
    BRACKET = "Bracket"
    EOF = "EOF"


@dataclass(frozen=True, slots=True)
class Token:
    """value: the text; of a string, its content; of bytes, one character a byte. offset: in characters."""

    kind: Kind
    value: str
    offset: int

    def __str__(self) -> str:
        return f"{self.kind}({quote(self.value)})" if self.value else str(self.kind)

    def is_operator(self, *values: str) -> bool:
        return self.kind is Kind.OPERATOR and self.value in values

    def is_bracket(self, value: str) -> bool:
        return self.kind is Kind.BRACKET and self.value == value


def is_letter(character: str) -> bool:
    """May begin a name."""
    return character == "_" or character == "$" or character.isalpha()


def is_name_part(character: str) -> bool:
    """May stand in a name."""
    return character != "" and (is_letter(character) or character.isdecimal())


def is_name(text: str) -> bool:
    return text != "" and is_letter(text[0]) and all(map(is_name_part, text))
