"""What goes wrong in an expression: where it is, and how upstream words it."""

from __future__ import annotations


class ExprError(Exception):
    """An expression that cannot be read, compiled or evaluated.

    message: upstream's text without the position. line, column: from 1, counted in characters; 0 when the
    fault has no place. `str()` is upstream's first line, `message (line:column)`. excerpt: the line at
    fault and a pointer below it, or "".
    """

    def __init__(self, message: str, line: int = 0, column: int = 0, excerpt: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column
        self.excerpt = excerpt

    def __str__(self) -> str:
        return f"{self.message} ({self.line}:{self.column})" if self.line else self.message


class Fault(Exception):
    """A fault inside an operation or a function that does not know its place in the text.

    The node that asked for the operation turns it into an ExprError.
    """


class LimitFault(Fault):
    """An evaluation that went over one of its limits; no fallback may hide it."""


class Source:
    """The text of an expression; turns offsets into errors."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def error(self, message: str, offset: int) -> ExprError:
        """The error at a character offset. On an empty line upstream prints no position, so neither is one here."""
        before = self.text[:offset]
        start = before.rfind("\n") + 1
        end = self.text.find("\n", start)
        shown = self.text[start:] if end < 0 else self.text[start:end]
        if not shown:
            return ExprError(message)
        line, column = before.count("\n") + 1, len(before) - start + 1
        excerpt = f" | {shown}\n | {'.' * (column - 1)}^".replace("\t", " ")
        return ExprError(message, line, column, excerpt)
