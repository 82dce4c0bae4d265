"""AnyString: fields that take a text, a number or a boolean and always give back a text (§0)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any


def any_string(value: Any) -> str | None:
    """The text upstream makes of a parameter's JSON value.

    Numbers pass through a 64-bit float, as upstream's do, and are written without an exponent;
    null stays None (not set); a list or an object becomes the empty text.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number(value)
    return ""


def _number(value: int | float) -> str:
    try:
        text = f"{Decimal(repr(float(value))):f}"
    except OverflowError:
        return str(value)
    return text.removesuffix(".0")
