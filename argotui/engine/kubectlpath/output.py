"""Values as kubectl prints them."""

from __future__ import annotations

from typing import Any, Final

from argotui.engine.gojson import exact
from argotui.engine.gotext import general_float
from argotui.engine.kubectlpath.errors import PathError

_DEEPEST: Final = 150
_LARGEST_INT: Final = 2**63


def printed(value: Any) -> str:
    """One result: texts as they are, lists and maps as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict | list):
        try:
            return exact(value)
        except ValueError as error:
            raise PathError(str(error)) from None
    if value is None:
        return "null"
    return go_text(value)


def go_text(value: Any, depth: int = 0) -> str:
    """A value as Go's `%v` prints it."""
    if depth > _DEEPEST:
        raise PathError("the value is nested too deeply")
    match value:
        case dict():
            return "map[" + " ".join(f"{key}:{go_text(value[key], depth + 1)}" for key in sorted(value)) + "]"
        case list():
            return "[" + " ".join(go_text(item, depth + 1) for item in value) + "]"
        case bool():
            return "true" if value else "false"
        case int() if -_LARGEST_INT <= value < _LARGEST_INT:
            return str(value)
        case int() | float():
            return general_float(float(value))
        case str():
            return value
    return "<nil>"


def type_name(value: Any) -> str:
    """The Go type under which the value was decoded."""
    match value:
        case dict():
            return "map[string]interface {}"
        case list():
            return "[]interface {}"
        case bool():
            return "bool"
        case int():
            return "int64"
        case float():
            return "float64"
    return "string"
