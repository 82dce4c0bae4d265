"""Go's regular expressions in `when` conditions, compiled by Python (§2.8)."""

from __future__ import annotations

import re
from typing import Final

from argotui.engine.when.tokens import WhenError

_UNSUPPORTED: Final = re.compile(r"(?<!\\)\(\?(?:=|!|<=|<!|>)")


def compile_pattern(text: str) -> re.Pattern[str]:
    """Compile a Go regular expression. Raises WhenError with Go's text for the usual mistakes."""
    unsupported = _UNSUPPORTED.search(text)
    if unsupported is not None:
        raise WhenError(f"error parsing regexp: invalid or unsupported Perl syntax: `{unsupported[0]}`")
    try:
        return re.compile(_python_pattern(text))
    except (re.error, OverflowError, RecursionError) as error:
        raise WhenError(f"error parsing regexp: {_pattern_error(text, error)}") from None


def _python_pattern(text: str) -> str:
    """Go's `$` and `\\z` stand for the very end of the text, Python's `$` also for the last line break."""
    return re.sub(
        r"(\\.|\[(?:\\.|[^\]\\])+\])|(\$)",
        lambda m: r"\Z" if m[2] or m[1] == r"\z" else m[1],
        text,
        flags=re.DOTALL,
    )


def _pattern_error(text: str, error: Exception) -> str:
    message = str(error)
    position = getattr(error, "pos", None) or 0
    if "unterminated character set" in message:
        return f"missing closing ]: `{text[position:]}`"
    if "unterminated subpattern" in message:
        return f"missing closing ): `{text}`"
    if "unbalanced parenthesis" in message:
        return f"unexpected ): `{text}`"
    if "nothing to repeat" in message:
        return f"missing argument to repetition operator: `{text[position : position + 1]}`"
    return f"invalid regexp: `{text}`"
