"""What goes wrong in a path, in the library's words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from argotui.engine.expr.values import type_of


class PathError(Exception):
    """A path that cannot be read or does not fit the data; most operators swallow it."""


class TokenError(PathError):
    """One whose text is that of a token, which outer tokens do not wrap again."""


class ScriptError(PathError):
    """One of a script; outer scripts do not wrap it again."""


LISTS = ("array", "slice")
COLLECTIONS = ("array", "map", "slice")


def kind(value: Any) -> str:
    """Go's kind of a value; `nil` for nil."""
    found = type_of(value)
    return "nil" if found is None else found.kind


def wrong_target(token: str, value: Any, expected: Sequence[str]) -> TokenError:
    """The data is not of a kind that the token can look into."""
    return TokenError(f"{token}: invalid token target. expected [{' '.join(expected)}] got [{kind(value)}]")


def missing_key(key: str) -> TokenError:
    return TokenError(f"key: invalid token key '{key}' not found")


def out_of_range(token: str) -> TokenError:
    return TokenError(f"{token}: invalid token out of range")


def wrong_argument(token: str, got: str, expected: str) -> TokenError:
    return TokenError(f"{token}: invalid token argument. expected [{expected}] got [{got}]")


def no_format(text: str) -> TokenError:
    return TokenError(f"invalid token. '{text}' does not match any token format")


def unexpected_result(value: Any, expected: str) -> PathError:
    return PathError(f"unexpected expression result. expected [{expected}] got [{kind(value)}]")


def empty_script() -> ScriptError:
    return ScriptError("invalid expression. is empty")


def script_error(error: PathError) -> ScriptError:
    """The error of a script, named as such once."""
    return error if isinstance(error, ScriptError) else ScriptError(f"invalid expression. {error}")
