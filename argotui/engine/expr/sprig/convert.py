"""Conversions that sprig makes before it works: numbers out of anything, texts out of anything."""

from __future__ import annotations

import re
from typing import Any, Final

from argotui.engine.expr.context import Context
from argotui.engine.expr.errors import Fault
from argotui.engine.expr.gonumbers import MAX_INT, MIN_INT, NumberError, as_float, parse_float, parse_int, to_int
from argotui.engine.expr.gostring import shown
from argotui.engine.expr.values import (
    Int64,
    Named,
    bytes_text,
    elements,
    is_list,
    is_map,
    is_nil,
    is_number,
    type_of,
)

_DECIMAL: Final = re.compile(r"([-+]?\d*)(?:\.\d*)?\Z", re.ASCII)


def int_of(value: Any) -> int:
    """An int out of a number, bool or text; 0 out of everything else, as sprig has it."""
    if isinstance(value, bool) or is_number(value):
        return to_int(value)
    if isinstance(value, Named):
        return value.value
    if isinstance(value, str) and value:
        try:
            return parse_int(_whole(value), 0)
        except NumberError:
            return 0
    return 0


def _whole(text: str) -> str:
    """The part before the decimal point of a plain number."""
    match = _DECIMAL.match(text) if "." in text else None
    if match is None:
        return text
    return match[1] + "0" if match[1] in ("", "-", "+") else match[1]


def int64(value: Any) -> Int64:
    return Int64(int_of(value))


def float_of(value: Any) -> float:
    """A float out of a number, bool or text; 0.0 out of everything else."""
    if isinstance(value, bool) or is_number(value):
        return as_float(value)
    if isinstance(value, Named):
        return float(value.value)
    if isinstance(value, str):
        try:
            return parse_float(value)
        except NumberError:
            return 0.0
    return 0.0


def clamped(text: str, base: int = 10) -> int:
    """The number that Go's parser leaves behind although it reports an error: 0, or the nearest end."""
    try:
        return parse_int(text, base)
    except NumberError as error:
        if error.args[0] != "range":
            return 0
        return MIN_INT if text.startswith("-") else MAX_INT


def text_of(context: Context, value: Any) -> str:
    """sprig's toString."""
    return bytes_text(value) if isinstance(value, bytes) else shown(value, context.meter)


def texts_of(context: Context, value: Any) -> list[str]:
    """sprig's toStrings: the elements of a list without nil, or the value alone."""
    if is_list(value):
        context.meter.spend(len(value))
        return [text_of(context, item) for item in elements(value) if item is not None]
    return [] if value is None else [text_of(context, value)]


def is_empty(value: Any) -> bool:
    """sprig's empty: nil, false, 0, and what has no elements."""
    if is_nil(value):
        return True
    if isinstance(value, str) or is_list(value) or is_map(value):
        return len(value) == 0
    if isinstance(value, bool) or is_number(value):
        return not value
    return isinstance(value, Named) and value.value == 0


def kind_name(value: Any) -> str:
    """Go's kind of a value."""
    kind = type_of(value)
    return "invalid" if kind is None else kind.kind


def listed(value: Any, message: str) -> list[Any]:
    """The elements of a list. Raises Fault; the kind's name ends the message."""
    if is_list(value):
        return elements(value)
    if value is None:
        raise Fault("runtime error: invalid memory address or nil pointer dereference")
    raise Fault(message + kind_name(value))
