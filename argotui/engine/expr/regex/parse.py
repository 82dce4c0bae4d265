"""Parser of Go's regular expressions; what it refuses, it refuses with Go's text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from argotui.engine.expr.errors import Fault
from argotui.engine.expr.regex.chars import PERL, POSIX, SCRIPTS, CharSet, category, variants
from argotui.engine.expr.regex.tree import Assertion, Char, Choice, Group, Node, Place, Repeat, Sequence, copies

MAX_PATTERN: Final = 4096
MAX_HEIGHT: Final = 50
_MAX_REPEAT: Final = 1000

_COUNT: Final = re.compile(r"\{(0|[1-9][0-9]*)(?:(,)(0|[1-9][0-9]*)?)?\}")
_NAMED: Final = re.compile(r"\(\?P?<")
_NAME: Final = re.compile(r"[A-Za-z0-9_]+\Z", re.ASCII)
_ESCAPES: Final = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_ASSERTIONS: Final = {"A": Place.BEGIN_TEXT, "z": Place.END_TEXT, "b": Place.WORD, "B": Place.NO_WORD}


@dataclass(frozen=True, slots=True)
class Flags:
    """fold `i`, lines `m`, dot_line `s`, lazy `U`."""

    fold: bool = False
    lines: bool = False
    dot_line: bool = False
    lazy: bool = False


@dataclass(slots=True)
class _Level:
    """An open bracket: what stood before it in the alternative, and what it is."""

    flags: Flags
    number: int
    name: str = ""
    options: list[Node] = field(default_factory=list)
    items: list[Node] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Pattern:
    """root; names: of the groups, "" for one without; index 0 is the whole match."""

    text: str
    root: Node
    names: tuple[str, ...]


def parse(text: str) -> Pattern:
    """Parse a pattern. Raises Fault with Go's text."""
    if len(text) > MAX_PATTERN:
        raise _fault("expression too large", text[:64])
    return _Parser(text).parsed()


def _fault(what: str, where: str) -> Fault:
    return Fault(f"error parsing regexp: {what}: `{where}`")


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._flags = Flags()
        self._names = [""]
        self._levels = [_Level(self._flags, 0)]
        self._repeat_start: int | None = None

    def parsed(self) -> Pattern:
        while self._at < len(self._text):
            start = self._at
            repeated = self._step(self._text[start])
            self._repeat_start = start if repeated else None
        if len(self._levels) > 1:
            raise _fault("missing closing )", self._text)
        return Pattern(self._text, self._closed(self._levels[0]), tuple(self._names))

    @property
    def _items(self) -> list[Node]:
        return self._levels[-1].items

    def _rest(self) -> str:
        return self._text[self._at :]

    def _step(self, character: str) -> bool:
        """Read one element; True when it was a repetition operator."""
        if character in "*+?{":
            return self._repetition(character)
        if character == "(":
            self._open()
        elif character == ")":
            self._close()
        elif character == "[":
            self._class()
        elif character == "\\":
            self._escape()
        else:
            self._at += 1
            self._simple(character)
        return False

    def _simple(self, character: str) -> None:
        if character == "|":
            level = self._levels[-1]
            level.options.append(Sequence(tuple(level.items)))
            level.items = []
        elif character == "^":
            self._items.append(Assertion(Place.BEGIN_LINE if self._flags.lines else Place.BEGIN_TEXT))
        elif character == "$":
            self._items.append(Assertion(Place.END_LINE if self._flags.lines else Place.END_TEXT))
        elif character == ".":
            self._items.append(Char(_ALL if self._flags.dot_line else _NO_LINE))
        else:
            self._literal(character)

    def _literal(self, character: str) -> None:
        if self._flags.fold and variants(character):
            self._items.append(Char(CharSet(((character, character),), folded=True)))
        else:
            self._items.append(Char(character))

    # --- repetitions --------------------------------------------------------------------------------

    def _repetition(self, character: str) -> bool:
        start = self._at
        if character == "{":
            match = _COUNT.match(self._text, start)
            if match is None:
                self._at += 1
                self._literal("{")
                return False
            low, high = _bounds(match)
            self._at = match.end()
        else:
            low, high = (1 if character == "+" else 0), (1 if character == "?" else None)
            self._at += 1
        if character == "{" and (low > _MAX_REPEAT or (high is not None and (high > _MAX_REPEAT or low > high))):
            raise _fault("invalid repeat count", self._text[start : self._at])
        lazy = self._flags.lazy
        if self._text.startswith("?", self._at):
            self._at += 1
            lazy = not lazy
        if self._repeat_start is not None:
            raise _fault("invalid nested repetition operator", self._text[self._repeat_start : self._at])
        if not self._items:
            raise _fault("missing argument to repetition operator", self._text[start : self._at])
        node = Repeat(self._items[-1], low, high, not lazy)
        if character == "{" and max(low, high or 0) >= 2 and copies(node) > _MAX_REPEAT:
            raise _fault("invalid repeat count", self._text[start : self._at])
        self._items[-1] = node
        return True

    # --- groups -------------------------------------------------------------------------------------

    def _open(self) -> None:
        if len(self._levels) > MAX_HEIGHT:
            raise _fault("expression nests too deeply", self._text)
        if not self._rest().startswith("(?"):
            self._at += 1
            self._push("")
            return
        named = _NAMED.match(self._text, self._at)
        if named is not None and len(self._rest()) > len(named[0]):
            self._named(named.end())
        else:
            self._flag_group()

    def _push(self, name: str) -> None:
        self._names.append(name)
        self._levels.append(_Level(self._flags, len(self._names) - 1, name))

    def _named(self, start: int) -> None:
        end = self._text.find(">", start)
        if end < 0:
            raise _fault("invalid named capture", self._rest())
        name = self._text[start:end]
        if not _NAME.match(name):
            raise _fault("invalid named capture", self._text[self._at : end + 1])
        self._at = end + 1
        self._push(name)

    def _flag_group(self) -> None:
        start = self._at
        position = start + 2
        wanted = {"fold": self._flags.fold, "lines": self._flags.lines}
        wanted |= {"dot_line": self._flags.dot_line, "lazy": self._flags.lazy}
        on, seen, minus = True, False, False
        while position < len(self._text):
            character = self._text[position]
            position += 1
            if character in _FLAG_NAMES:
                wanted[_FLAG_NAMES[character]] = on
                seen = True
            elif character == "-" and not minus:
                on, seen, minus = False, False, True
            elif character in ":)" and not (minus and not seen):
                self._at = position
                if character == ":":
                    self._levels.append(_Level(self._flags, -1))
                self._flags = Flags(**wanted)
                return
            else:
                break
        raise _fault("invalid or unsupported Perl syntax", self._text[start:position])

    def _close(self) -> None:
        self._at += 1
        if len(self._levels) == 1:
            raise _fault("unexpected )", self._text)
        level = self._levels.pop()
        body = self._closed(level)
        self._flags = level.flags
        self._items.append(Group(level.number, level.name, body) if level.number > 0 else body)

    @staticmethod
    def _closed(level: _Level) -> Node:
        last = Sequence(tuple(level.items))
        return Choice((*level.options, last)) if level.options else last

    # --- escapes ------------------------------------------------------------------------------------

    def _escape(self) -> None:
        follower = self._text[self._at + 1 : self._at + 2]
        if follower and follower in _ASSERTIONS:
            self._items.append(Assertion(_ASSERTIONS[follower]))
            self._at += 2
        elif follower == "C":
            raise _fault("invalid escape sequence", "\\C")
        elif follower == "Q":
            self._quoted()
        else:
            found = self._class_escape()
            if found is not None:
                self._items.append(Char(found))
            else:
                self._literal(self._escaped_character())

    def _quoted(self) -> None:
        start = self._at + 2
        end = self._text.find("\\E", start)
        literal = self._text[start:] if end < 0 else self._text[start:end]
        for character in literal:
            self._literal(character)
        self._at = len(self._text) if end < 0 else end + 2

    def _class_escape(self) -> CharSet | None:
        """`\\d`, `\\pL`, `\\p{Lu}` and their like; None when the escape stands for one character."""
        follower = self._text[self._at + 1 : self._at + 2]
        if follower and follower.lower() in PERL and follower in "dswDSW":
            self._at += 2
            return CharSet(PERL[follower.lower()], negated=follower.isupper(), folded=self._flags.fold)
        if follower in ("p", "P"):
            return self._unicode_class(follower == "P")
        return None

    def _unicode_class(self, negated: bool) -> CharSet | None:
        start = self._at
        head = self._text[start + 2 : start + 3]
        if not head:
            raise _fault("invalid character class range", self._text[start:])
        if head == "{":
            end = self._text.find("}", start)
            if end < 0:
                raise _fault("invalid character class range", self._text[start:])
            name, self._at = self._text[start + 3 : end], end + 1
        else:
            name, self._at = head, start + 3
        if name.startswith("^"):
            name, negated = name[1:], not negated
        found = category(name)
        if found is None:
            if name.lower() in SCRIPTS:
                raise Fault(f"character class of a script ({self._text[start : self._at]}) is not supported")
            raise _fault("invalid character class range", self._text[start : self._at])
        return CharSet(categories=(found,), negated=negated, folded=self._flags.fold)

    def _escaped_character(self) -> str:
        start = self._at
        if start + 1 >= len(self._text):
            raise _fault("trailing backslash at end of expression", "")
        character = self._text[start + 1]
        self._at = start + 2
        if character in _ESCAPES:
            return _ESCAPES[character]
        if character in "01234567":
            return self._octal(start, character)
        if character == "x":
            return self._hexadecimal(start)
        if character < "\x80" and not character.isalnum():
            return character
        raise _fault("invalid escape sequence", self._text[start : self._at])

    def _octal(self, start: int, character: str) -> str:
        digits = re.compile("[0-7]{0,2}").match(self._text, self._at)
        more = digits[0] if digits is not None else ""
        if character != "0" and not more:
            raise _fault("invalid escape sequence", self._text[start : self._at])
        self._at += len(more)
        return chr(int(character + more, 8))

    def _hexadecimal(self, start: int) -> str:
        match = re.compile(r"\{([0-9a-fA-F]+)\}|([0-9a-fA-F]{2})").match(self._text, self._at)
        code = int(match[1] or match[2], 16) if match is not None and len(match[0]) < 40 else 0x110000
        if match is None or code > 0x10FFFF:
            raise _fault("invalid escape sequence", self._text[start : self._bad_hexadecimal()])
        self._at = match.end()
        return chr(code)

    def _bad_hexadecimal(self) -> int:
        """Where a wrong `\\x` ends in the message: after the first character that does not fit."""
        position = self._at
        if self._text.startswith("{", position):
            position += 1
            while position < len(self._text) and self._text[position] in "0123456789abcdefABCDEF":
                position += 1
            return position + 1
        return min(position + 2, len(self._text))

    # --- classes in brackets ------------------------------------------------------------------------

    def _class(self) -> None:
        start = self._at
        self._at += 1
        negated = self._text.startswith("^", self._at)
        self._at += negated
        ranges: list[tuple[str, str]] = []
        inner: list[CharSet] = []
        first = True
        while first or not self._text.startswith("]", self._at):
            if self._at >= len(self._text):
                raise _fault("missing closing ]", self._text[start:])
            first = False
            found = self._posix_class() or (self._class_escape() if self._rest().startswith("\\") else None)
            if found is not None:
                inner.append(found)
            else:
                ranges.append(self._range(start))
        self._at += 1
        self._items.append(Char(CharSet(tuple(ranges), (), negated, self._flags.fold, tuple(inner))))

    def _posix_class(self) -> CharSet | None:
        if not self._text.startswith("[:", self._at):
            return None
        end = self._text.find(":]", self._at + 2)
        if end < 0:
            return None
        name = self._text[self._at + 2 : end]
        ranges = POSIX.get(name.removeprefix("^"))
        if ranges is None:
            raise _fault("invalid character class range", self._text[self._at : end + 2])
        self._at = end + 2
        return CharSet(ranges, negated=name.startswith("^"), folded=self._flags.fold)

    def _range(self, start: int) -> tuple[str, str]:
        begin = self._at
        low = high = self._class_character(start)
        rest = self._rest()
        if len(rest) >= 2 and rest[0] == "-" and rest[1] != "]":
            self._at += 1
            high = self._class_character(start)
            if high < low:
                raise _fault("invalid character class range", self._text[begin : self._at])
        return low, high

    def _class_character(self, start: int) -> str:
        if self._at >= len(self._text):
            raise _fault("missing closing ]", self._text[start:])
        if self._text[self._at] == "\\":
            return self._escaped_character()
        self._at += 1
        return self._text[self._at - 1]


_FLAG_NAMES: Final = {"i": "fold", "m": "lines", "s": "dot_line", "U": "lazy"}
_NO_LINE: Final = CharSet((("\n", "\n"),), negated=True)
_ALL: Final = CharSet((("\0", "\U0010ffff"),))


def _bounds(match: re.Match[str]) -> tuple[int, int | None]:
    low = int(match[1][:6])
    if not match[2]:
        return low, low
    return low, None if match[3] is None else int(match[3][:6])
