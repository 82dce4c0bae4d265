"""JSON as Go's encoding/json writes and reads it."""

from __future__ import annotations

import base64
import json
import math
import re
from typing import Any, Final

from argotui.engine.expr.errors import Fault, LimitFault
from argotui.engine.expr.gotime.moment import Location, Moment
from argotui.engine.expr.limits import MAX_VALUE_DEPTH, Meter
from argotui.engine.expr.semver import Version
from argotui.engine.expr.values import AnyMap, Function, Named, Slice, clean, type_name
from argotui.engine.gojson import GoJSONError, check, quoted
from argotui.engine.gotext import general_float, json_float

_OPEN_CLOSE: Final = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[{]|[\]}]', re.DOTALL)
_STRAY: Final = re.compile("[\udc80-\udcff]")


def encode(value: Any, meter: Meter, *, indent: bool = False, escape_html: bool = True) -> str:
    """Go's json.Marshal, or MarshalIndent with two spaces. Raises Fault for what JSON cannot say."""
    writer = _Writer(meter, indent, escape_html)
    writer.value(value, 0)
    return meter.text("".join(writer.parts))


class _Writer:
    def __init__(self, meter: Meter, indent: bool, escape_html: bool) -> None:
        self._meter = meter
        self._indent = indent
        self._escape_html = escape_html
        self.parts: list[str] = []

    def value(self, value: Any, depth: int) -> None:
        self._meter.spend()
        if depth > MAX_VALUE_DEPTH:
            raise LimitFault("value is nested too deeply")
        if isinstance(value, AnyMap | Function):
            raise Fault(f"json: unsupported type: {type_name(value)}")
        if isinstance(value, list):
            self._list(value, depth)
        elif isinstance(value, dict):
            self._map(value, depth)
        else:
            self.parts.append(self._leaf(value))

    def _break(self, depth: int) -> str:
        return "\n" + "  " * depth if self._indent else ""

    def _list(self, value: list[Any], depth: int) -> None:
        if isinstance(value, Slice) and value.is_nil:
            self.parts.append("null")
            return
        if not value:
            self.parts.append("[]")
            return
        for index, item in enumerate(value):
            self.parts.append(("," if index else "[") + self._break(depth + 1))
            self.value(item, depth + 1)
        self.parts.append(self._break(depth) + "]")

    def _map(self, value: dict[str, Any], depth: int) -> None:
        if not value:
            self.parts.append("{}")
            return
        colon = ": " if self._indent else ":"
        for index, key in enumerate(sorted(value)):
            self.parts.append(("," if index else "{") + self._break(depth + 1) + self._text(key) + colon)
            self.value(value[key], depth + 1)
        self.parts.append(self._break(depth) + "}")

    def _leaf(self, value: Any) -> str:
        if isinstance(value, str):
            return self._text(value)
        if value is None or isinstance(value, bool):
            return "null" if value is None else "true" if value else "false"
        if isinstance(value, float):
            if not math.isfinite(value):
                raise Fault(f"json: unsupported value: {general_float(value)}")
            return json_float(value)
        if isinstance(value, int):
            return str(int(value))
        return self._special(value)

    def _special(self, value: Any) -> str:
        if isinstance(value, bytes):
            return f'"{base64.b64encode(value).decode()}"'
        if isinstance(value, Named):
            return str(value.value)
        if isinstance(value, Moment):
            if not 0 <= value.civil().year <= 9999:
                why = "Time.MarshalJSON: year outside of range [0,9999]"
                raise Fault(f"json: error calling MarshalJSON for type time.Time: {why}")
            return f'"{value.rfc3339()}"'
        if isinstance(value, Location):
            return "{}"
        if isinstance(value, Version):
            return self._text(str(value))
        raise Fault(f"json: unsupported type: {type_name(value)}")

    def _text(self, text: str) -> str:
        self._meter.allow_text(len(text))
        made = quoted(text) if self._escape_html else json.dumps(text, ensure_ascii=False)
        return made if made.isascii() else _STRAY.sub(r"\\ufffd", _line_ends(made))


def _line_ends(text: str) -> str:
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def decode(text: str, meter: Meter) -> Any:
    """Go's json.Unmarshal into any: all numbers are float64. Raises Fault with Go's text."""
    meter.spend(1 + len(text) // 16)
    meter.allow_text(len(text))
    if _depth(text) > MAX_VALUE_DEPTH:
        raise LimitFault("JSON is nested too deeply")
    try:
        value = json.loads(text, parse_int=_number, parse_float=_number, parse_constant=_refuse)
    except ValueError:
        try:
            check(text)
        except GoJSONError as error:
            raise Fault(str(error)) from None
        raise Fault("invalid JSON") from None
    return _cleaned(value) if "\\u" in text or not text.isascii() else value


def _number(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise Fault(f"json: cannot unmarshal number {text} into Go value of type float64")
    return value


def _refuse(text: str) -> float:
    raise ValueError(text)


def _depth(text: str) -> int:
    """How deep brackets stand within each other, those in strings left out."""
    if text.count("[") + text.count("{") <= MAX_VALUE_DEPTH:
        return 0
    depth = deepest = 0
    for match in _OPEN_CLOSE.finditer(text):
        mark = match[0]
        if mark in ("[", "{"):
            depth += 1
            deepest = max(deepest, depth)
        elif mark in ("]", "}"):
            depth -= 1
    return deepest


def _cleaned(value: Any) -> Any:
    """Half surrogate pairs and stray bytes become U+FFFD."""
    if isinstance(value, str):
        return _STRAY.sub("\ufffd", clean(value))
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    if isinstance(value, dict):
        return {_cleaned(key): _cleaned(item) for key, item in value.items()}
    return value
