"""The value of a number literal."""

from __future__ import annotations

from argotui.engine.expr.gonumbers import NumberError, parse_float, parse_int
from argotui.engine.gotext import quote


class LiteralError(ValueError):
    """A literal that is no number of 64 bits; the text is upstream's."""


def number_value(literal: str) -> int | float:
    """The int or float of a literal. Raises LiteralError."""
    text = literal.replace("_", "")
    lower = text.lower()
    if lower.startswith("0x"):
        return _integer(text, "hex", 0)
    if "." in lower or "e" in lower:
        return _float(text)
    for prefix, name in (("0b", "binary"), ("0o", "octal")):
        if lower.startswith(prefix):
            return _integer(text, name, 0)
    return _integer(text, "integer", 10)


def _integer(text: str, name: str, base: int) -> int:
    try:
        return parse_int(text, base)
    except NumberError as error:
        raise LiteralError(_refusal(name, "Int", text, error)) from None


def _float(text: str) -> float:
    try:
        return parse_float(text)
    except NumberError as error:
        raise LiteralError(_refusal("float", "Float", text, error)) from None


def _refusal(name: str, function: str, text: str, error: NumberError) -> str:
    reason = "value out of range" if error.args[0] == "range" else "invalid syntax"
    return f"invalid {name} literal: strconv.Parse{function}: parsing {quote(text)}: {reason}"
