"""Upper, lower, snake, kebab and Pascal case, and other work on single characters."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Final

from argotui.engine.expr.gostrings import is_letter, is_lower, is_space, is_upper, lower, title, upper
from argotui.engine.expr.values import text_bytes

_LATIN: Final = "latin-1"


def titled(text: str) -> str:
    """Go's strings.Title: every word begins with a title letter."""
    parts: list[str] = []
    before = " "
    for character in text:
        parts.append(title(character) if _separates(before) else character)
        before = character
    return "".join(parts)


def _separates(character: str) -> bool:
    if character < "\x80":
        return not (character.isalnum() or character == "_")
    return is_space(character)


def untitled(text: str) -> str:
    """Every word begins with a lower letter."""
    parts: list[str] = []
    start = True
    for character in text:
        if is_space(character):
            start = True
        elif start:
            character, start = lower(character), False
        parts.append(character)
    return "".join(parts)


def swapped(text: str) -> str:
    """Upper becomes lower and the other way round; at the start of a word title case."""
    parts: list[str] = []
    start = True
    for character in text:
        if is_upper(character) or unicodedata.category(character) == "Lt":
            parts.append(lower(character))
            start = False
        elif is_lower(character):
            parts.append(title(character) if start else upper(character))
            start = False
        else:
            parts.append(character)
            start = is_space(character)
    return "".join(parts)


def initials(text: str) -> str:
    """The first byte of each word, taken for a character."""
    parts: list[str] = []
    gap = True
    for character in text_bytes(text).decode(_LATIN):
        if is_space(character):
            gap = True
        elif gap:
            parts.append(character)
            gap = False
    return "".join(parts)


def without_space(text: str) -> str:
    """Every byte that is no space, taken for a character; a text without spaces stays as it is."""
    characters = text_bytes(text).decode(_LATIN)
    kept = [character for character in characters if not is_space(character)]
    return text if len(kept) == len(characters) else "".join(kept)


def pascal(text: str) -> str:
    """`http_server` -> `HttpServer`; leading connectors stay, and the last one doubles when nothing follows."""
    rest = text.lstrip("".join({c for c in text if _connects(c)}))
    lead = text[: len(text) - len(rest)]
    if not rest:
        return text + text[-1:]
    parts = [lead]
    first_upper = is_upper(rest[0])
    current = upper(rest[0])
    for character in rest[1:]:
        before, current = current, character
        if _connects(current) and _connects(before):
            parts.append(before)
            continue
        if _connects(before):
            first_upper, current = is_upper(current), upper(current)
            continue
        if first_upper:
            if is_upper(current):
                current = lower(current)
            else:
                first_upper = False
        parts.append(before)
    return "".join((*parts, current))


def _connects(character: str) -> bool:
    return character in "-_" or is_space(character)


# --- snake and kebab case ---------------------------------------------------------------------------


def lowered(text: str, connector: str) -> str:
    """`HTTPServer` -> `http_server`: words are found by case, numbers belong to the word before them."""
    return _Lowering(text, connector).result()


_NUMBER, _UPPER, _ALPHABET, _CONNECTOR, _PUNCTUATION, _OTHER, _NONE = range(7)


class _Lowering:
    """Puts connectors between the words of a text."""

    def __init__(self, text: str, connector: str) -> None:
        self._rest = text
        self._connector = connector
        self._parts: list[str] = []

    def result(self) -> str:
        kind, word = self._next()
        while self._rest:
            if kind != _CONNECTOR:
                self._put(kind, word)
            before, last = kind, word
            kind, word = self._next()
            if before == _NUMBER:
                kind, word = self._run_on(kind, word)
                self._separate(kind)
            elif before == _CONNECTOR:
                self._put(before, last)
            elif before != _PUNCTUATION:
                kind, word = self._after_word(kind, word)
        self._put(kind, word)
        return "".join(self._parts)

    def _after_word(self, kind: int, word: str) -> tuple[int, str]:
        """After a word of letters: a number joins it, unless lower letters follow the number."""
        if kind != _NUMBER:
            if kind not in (_CONNECTOR, _PUNCTUATION):
                self._parts.append(self._connector)
            return kind, word
        if not self._rest:
            return kind, word
        number = word
        kind, word = self._next()
        if kind != _ALPHABET:
            self._put(_NUMBER, number)
            if kind not in (_CONNECTOR, _PUNCTUATION):
                self._parts.append(self._connector)
            return kind, word
        self._parts.append(self._connector)
        self._put(_NUMBER, number)
        kind, word = self._run_on(kind, word)
        self._separate(kind)
        return kind, word

    def _run_on(self, kind: int, word: str) -> tuple[int, str]:
        while kind in (_ALPHABET, _NUMBER):
            self._put(kind, word)
            kind, word = self._next()
        return kind, word

    def _separate(self, kind: int) -> None:
        if kind not in (_NONE, _PUNCTUATION, _CONNECTOR):
            self._parts.append(self._connector)

    def _put(self, kind: int, word: str) -> None:
        if kind == _CONNECTOR:
            self._parts.append(self._connector * len(word))
        elif kind == _UPPER:
            self._parts.append("".join(lower(c) if is_upper(c) else c for c in word))
        else:
            self._parts.append(word)

    def _next(self) -> tuple[int, str]:
        """The kind of the next word, and the word."""
        if not self._rest:
            return _NONE, ""
        kind, length = _word(self._rest)
        word, self._rest = self._rest[:length], self._rest[length:]
        return kind, word


def _word(text: str) -> tuple[int, int]:
    first = text[0]
    if is_upper(first):
        return _UPPER, _upper_word(text)
    for kind, belongs in _KINDS:
        if belongs(first):
            return kind, _length(text, belongs)
    return _OTHER, _length(text, _is_other)


def _length(text: str, belongs: Callable[[str], bool], start: int = 1) -> int:
    while start < len(text) and belongs(text[start]):
        start += 1
    return start


def _upper_word(text: str) -> int:
    """`HTTPStatus` begins with the word `HTTP`, `Status` with `Status`."""
    if len(text) > 1 and is_upper(text[1]):
        length = _length(text, is_upper, 2)
        return length - 1 if length < len(text) and _is_alphabet(text[length]) else length
    return _length(text, _is_small)


def _is_alphabet(character: str) -> bool:
    """A letter of a script with words; not of Chinese and its like."""
    if not is_letter(character):
        return False
    return not any(low <= character <= high for low, high in _IDEOGRAPHS)


_IDEOGRAPHS: Final = (("\u4e00", "\u9fcc"), ("\u3400", "\u4d85"), ("\U00020000", "\U0002b81d"))


def _is_small(character: str) -> bool:
    return _is_alphabet(character) and not is_upper(character)


def _is_punctuation(character: str) -> bool:
    return unicodedata.category(character).startswith("P")


def _is_number(character: str) -> bool:
    return unicodedata.category(character).startswith("N")


def _is_other(character: str) -> bool:
    return not (_connects(character) or _is_alphabet(character) or _is_number(character) or _is_punctuation(character))


_KINDS: Final[tuple[tuple[int, Callable[[str], bool]], ...]] = (
    (_CONNECTOR, _connects),
    (_PUNCTUATION, _is_punctuation),
    (_ALPHABET, _is_small),
    (_NUMBER, _is_number),
)
