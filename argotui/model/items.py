"""Items of a loop: their kinds, their text, and how a JSON list of them is read (§0, §1.2).

Upstream keeps each item as the JSON text it was written as, so `1.50` stays `1.50` in a node name.
Python values lose that; `parse_items` therefore marks the few values whose text would change.
"""

from __future__ import annotations

import json
from json import decoder, scanner
from typing import Any, Self


class WrittenNumber(float):
    """A number that remembers how it was written (`1e3`, `1.50`, `-0`)."""

    literal: str

    def __new__(cls, literal: str) -> Self:
        number = super().__new__(cls, literal)
        number.literal = literal
        return number


class WrittenText(str):
    """A text that remembers the escapes it was written with (`\\u00e9`)."""

    literal: str

    def __new__(cls, value: str, literal: str) -> Self:
        text = super().__new__(cls, value)
        text.literal = literal
        return text


def _parse_float(literal: str) -> float:
    plain = float(literal)
    return plain if repr(plain) == literal else WrittenNumber(literal)


def _parse_int(literal: str) -> int | float:
    return WrittenNumber(literal) if literal == "-0" else int(literal)


def _parse_string(text: str, start: int, strict: bool = True) -> tuple[str, int]:
    value, end = decoder.scanstring(text, start, strict)  # type: ignore[attr-defined]
    literal = text[start : end - 1]
    return (value if _quoted(value) == literal else WrittenText(value, literal)), end


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


class _ItemDecoder(json.JSONDecoder):
    def __init__(self) -> None:
        super().__init__(parse_float=_parse_float, parse_int=_parse_int, parse_constant=_refuse)
        self.parse_string = _parse_string
        # The C scanner has its own idea of strings; the Python one asks parse_string.
        self.scan_once = scanner.py_make_scanner(self)  # type: ignore[attr-defined]


def _refuse(literal: str) -> float:
    raise ValueError(f"{literal} is not JSON")


def parse_items(text: str) -> Any:
    """The value of a JSON text (usually a list), its parts remembering how they were written.

    Raises ValueError for anything that is not JSON, NaN and Infinity included, and RecursionError
    never: a text nested too deeply is a ValueError as well.
    """
    try:
        return _ItemDecoder().decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def item_text(item: Any) -> str:
    """The item's part of an expanded node's name: `name(0:THIS)` (§1.2).

    Numbers and booleans as written, maps as sorted `key:value` pairs, lists in brackets with
    blanks; `(` and `)` are removed.  Text keeps its JSON escapes, as upstream's does.
    """
    return _node_text(item).replace("(", "").replace(")", "")


def _node_text(item: Any) -> str:
    if item is None:
        return "[]"
    if isinstance(item, list):
        return "[" + " ".join(item_string(part) for part in item) + "]"
    if isinstance(item, dict):
        return ",".join(sorted(f"{key}:{item_string(value)}" for key, value in item.items()))
    return item_string(item)


def item_string(item: Any) -> str:
    """The item as raw JSON, without the quotes when it is a text (escapes stay)."""
    raw = item_json(item)
    return raw[1:-1] if isinstance(item, str) else raw


def item_json(item: Any) -> str:
    """The item as compact JSON, keys in their order, every part as it was written."""
    if isinstance(item, WrittenText):
        return f'"{item.literal}"'
    if isinstance(item, WrittenNumber):
        return item.literal
    if isinstance(item, dict):
        return "{" + ",".join(f"{json.dumps(k, ensure_ascii=False)}:{item_json(v)}" for k, v in item.items()) + "}"
    if isinstance(item, list):
        return "[" + ",".join(map(item_json, item)) + "]"
    return json.dumps(item, ensure_ascii=False)


def item_kind(item: Any) -> str:
    """`Number`, `Bool`, `List`, `Map` or `String`, as upstream tells them apart (null is a List)."""
    if isinstance(item, bool):
        return "Bool"
    if isinstance(item, int | float):
        return "Number"
    if item is None or isinstance(item, list):
        return "List"
    return "Map" if isinstance(item, dict) else "String"
