"""What a YAML parser's complaint means for the person who wrote the file."""

from __future__ import annotations

import re
from typing import Any, NamedTuple


class Mistake(NamedTuple):
    """Position (from 1), what is wrong, and what would be right."""

    line: int
    column: int
    message: str
    suggestion: str | None


_TAG_VALUE = re.compile(r"(?:^|[:\-,\[]\s*)\{\{")
TAG_BEGINS = "{{ begins an object here"
QUOTE_TAG = 'put quotes around a value that begins with {{, as in "{{inputs.parameters.name}}"'
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def unreadable_character(text: str) -> Mistake | None:
    """The first character that YAML does not allow, such as NUL or another control character."""
    found = _FORBIDDEN.search(text)
    if not found:
        return None
    line = text.count("\n", 0, found.start()) + 1
    column = found.start() - text.rfind("\n", 0, found.start())
    message = f"character U+{ord(found[0]):04X} is not allowed in YAML"
    return Mistake(line, column, message, 'remove it, or write it as an escape in double quotes, as in "\\u0007"')


def explain(error: Exception, text: str) -> Mistake:
    """The mistake behind a parser's error."""
    problem = str(getattr(error, "problem", None) or error)
    context = str(getattr(error, "context", None) or "")
    mark: Any = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    start: Any = getattr(error, "context_mark", None) or mark
    if mark is None:
        return Mistake(1, 1, f"not valid YAML: {problem}", None)
    lines = text.split("\n")
    seen = _Seen(problem, context, mark.line, mark.column, start.line, start.column, lines)
    for look in _LOOKS:
        if found := look(seen):
            return found
    return seen.here(f"not valid YAML: {problem}", None)


class _Seen(NamedTuple):
    """The parser's complaint; lines and columns count from 0."""

    problem: str
    context: str
    line: int
    column: int
    start_line: int
    start_column: int
    lines: list[str]

    def text(self, line: int) -> str:
        """A line of the file, empty beyond its end."""
        return self.lines[line] if line < len(self.lines) else ""

    def here(self, message: str, suggestion: str | None) -> Mistake:
        """A mistake where the parser stopped."""
        return Mistake(self.line + 1, self.column + 1, message, suggestion)

    def at_start(self, message: str, suggestion: str | None) -> Mistake:
        """A mistake where that began which the parser was reading."""
        return Mistake(self.start_line + 1, self.start_column + 1, message, suggestion)


def _tab(seen: _Seen) -> Mistake | None:
    for line in (seen.line, seen.line - 1):
        text = seen.text(line) if line >= 0 else ""
        blank = text[: len(text) - len(text.lstrip())]
        if "\t" in blank:
            return Mistake(line + 1, blank.index("\t") + 1, "a tab in the indentation", "indent with blanks")
    return None


def _tag(seen: _Seen) -> Mistake | None:
    for line in (seen.line, seen.start_line, seen.line - 1):
        found = _TAG_VALUE.search(seen.text(line)) if line >= 0 else None
        if found:
            return Mistake(line + 1, found.end() - 1, TAG_BEGINS, QUOTE_TAG)
    return None


def _quote(seen: _Seen) -> Mistake | None:
    if "quoted scalar" in seen.context and "unexpected" in seen.problem:
        return seen.at_start("the quote that opens here is never closed", "close it")
    if "quoted scalar" in seen.context and "separator" in seen.problem:
        return seen.at_start("the quote that opens here is never closed", "close it before the ---")
    return None


def _escape(seen: _Seen) -> Mistake | None:
    if "escape" not in seen.problem:
        return None
    return seen.here(
        "in double quotes a backslash begins an escape, and this is none that YAML knows",
        "use single quotes, or write the backslash twice",
    )


def _colon(seen: _Seen) -> Mistake | None:
    if "mapping values are not allowed" not in seen.problem:
        return None
    if not re.search(r":\s", seen.text(seen.line)[: seen.column]):
        return _misplaced_key(seen)
    hint = "put quotes around a value that contains a colon and a blank"
    return seen.here("a second `: ` in one line", hint)


def _misplaced_key(seen: _Seen) -> Mistake:
    above = seen.line - 1
    while above > 0 and not seen.text(above).strip():
        above -= 1
    text = seen.text(above)
    if text.strip() and ":" not in text and not text.lstrip().startswith("- "):
        indent = len(text) - len(text.lstrip())
        return Mistake(above + 1, indent + 1, "a key without a colon", "write `key: value`")
    return seen.here(
        "a key cannot stand here, because the line above already has a value",
        "give both lines the same indentation, or take the value away",
    )


_INDICATORS = {
    "*": "an alias", "&": "an anchor", "!": "a tag", "@": "nothing that YAML knows",
    "`": "nothing that YAML knows", "%": "a directive",
}  # fmt: skip


def _indicator(seen: _Seen) -> Mistake | None:
    for line, column in ((seen.line, seen.column), (seen.start_line, seen.start_column)):
        char = seen.text(line)[column : column + 1]
        scanning = "alias" in seen.context or "anchor" in seen.context or "tag" in seen.context
        if char in _INDICATORS and ("cannot start" in seen.problem or scanning):
            message = f"a value that begins with {char} means {_INDICATORS[char]}"
            return Mistake(line + 1, column + 1, message, "put quotes around it")
    return None


def _flow(seen: _Seen) -> Mistake | None:
    if "flow sequence" in seen.context:
        return seen.at_start("the list that [ opens here is not closed, or lacks a comma", "close it with ]")
    if "flow mapping" in seen.context:
        return seen.at_start("the object that { opens here is not closed, or lacks a comma", "close it with }")
    return None


def _key(seen: _Seen) -> Mistake | None:
    if "could not find expected ':'" not in seen.problem:
        return None
    return seen.at_start("a key without a colon", "write `key: value`, and indent the lines of a longer text")


def _indentation(seen: _Seen) -> Mistake | None:
    if "block" not in seen.context and "did not find expected key" not in seen.problem:
        return None
    above = f"the block it seems to belong to begins in line {seen.start_line + 1}, column {seen.start_column + 1}"
    return seen.here("the indentation fits nothing above", above)


def _after_quote(seen: _Seen) -> Mistake | None:
    before = seen.text(seen.line)[: seen.column].rstrip()
    if "did not find expected" not in seen.problem or not before.endswith(('"', "'")):
        return None
    return seen.here("text after a closing quote", "put all of the value in quotes, or none of it")


def _directive(seen: _Seen) -> Mistake | None:
    if not seen.text(seen.line).startswith("%"):
        return None
    return Mistake(seen.line + 1, 1, "a line that begins with % is a directive", "indent it, or quote it")


def _dash(seen: _Seen) -> Mistake | None:
    if "block sequence entries" not in seen.problem:
        return None
    return seen.here("a list cannot begin in the line of its key", "begin each element on a line of its own")


def _second(seen: _Seen) -> Mistake | None:
    if "document start" not in seen.problem:
        return None
    return seen.here("text after the end of the document", "separate documents by a line with ---")


_LOOKS = (
    _tab, _tag, _quote, _after_quote, _escape, _colon, _directive, _indicator, _flow, _key, _dash, _indentation,
    _second,
)  # fmt: skip
