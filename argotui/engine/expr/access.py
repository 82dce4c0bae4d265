"""Members, indexes, slices and `in`."""

from __future__ import annotations

from typing import Any

from argotui.engine.expr.equality import equal
from argotui.engine.expr.errors import Fault
from argotui.engine.expr.gostring import shown
from argotui.engine.expr.gotypes import ANYS, GROUPS, INT_SET, TEXT_MAP
from argotui.engine.expr.limits import Meter
from argotui.engine.expr.methods import method
from argotui.engine.expr.operators import as_text, to_integer
from argotui.engine.expr.values import (
    AnyMap,
    Slice,
    TypedMap,
    Uint8,
    bytes_text,
    is_list,
    is_map,
    operand_name,
    text_bytes,
    type_name,
    type_of,
)


def fetch(base: Any, key: Any) -> Any:
    """`base[key]` and `base.key`: a missing key of a map is nil, all other failures raise Fault."""
    if type(base) is dict and isinstance(key, str):
        return base.get(key)
    if isinstance(key, str):
        found = method(base, key)
        if found is not None:
            return found
    if is_list(base) or isinstance(base, str):
        return _indexed(base, to_integer(key))
    if is_map(base):
        return _entry(base, key)
    _assert_field(base, key)
    raise Fault(f"cannot fetch {shown(key)} from {type_name(base)}")


def _assert_field(base: Any, key: Any) -> None:
    """Times and the like have fields and methods only, whose names are texts."""
    kind = type_of(base)
    if kind is not None and kind.kind in ("struct", "ptr"):
        as_text(key)


def _indexed(base: Any, index: int) -> Any:
    sequence = text_bytes(base) if isinstance(base, str) else base
    length = len(sequence)
    if index < 0:
        index += length
    if not 0 <= index < length:
        raise Fault(f"index out of range: {index} (array length is {length})")
    return Uint8(sequence[index]) if isinstance(sequence, bytes) else sequence[index]


def _entry(base: Any, key: Any) -> Any:
    if isinstance(base, AnyMap):
        if key in base:
            return base.get(key)
        return Slice(ANYS, is_nil=True) if base.type is GROUPS else None
    key = text_key(key)
    if isinstance(base, TypedMap) and key not in base:
        return "" if base.type is TEXT_MAP else None
    return base.get(key)


def text_key(key: Any) -> str:
    """A key of a map with text keys; nil stands for the empty one."""
    if key is None:
        return ""
    if isinstance(key, str):
        return key
    raise Fault(f"reflect.Value.MapIndex: value of type {operand_name(key)} is not assignable to type string")


def _int_key(key: Any) -> int:
    if key is None:
        return 0
    if type(key) is int:
        return key
    raise Fault(f"reflect.Value.MapIndex: value of type {type_name(key)} is not assignable to type int")


def get(base: Any, key: Any) -> Any:
    """The function `get`: nil instead of most failures."""
    if base is None:
        return None
    found = method(base, key) if isinstance(key, str) else None
    if found is not None:
        return found
    if is_list(base) or isinstance(base, str):
        index = to_integer(key)
        length = len(text_bytes(base) if isinstance(base, str) else base)
        return _indexed(base, index) if -length <= index < length else None
    if is_map(base):
        if isinstance(base, AnyMap):
            return base.get(key)
        return base.get(text_key(key))
    _assert_field(base, key)
    return None


def cut(value: Any, start: tuple[Any] | None, end: tuple[Any] | None) -> Any:
    """`value[start:end]`, of lists, and of texts by bytes. start and end: None when not written."""
    sliceable = is_list(value) or isinstance(value, str)
    if end is None and not sliceable and not is_map(value):
        raise Fault(f"invalid argument for len (type {type_name(value)})")
    if not sliceable:
        raise Fault(f"cannot slice {shown(0 if start is None else start[0])}")
    sequence = text_bytes(value) if isinstance(value, str) else value
    length = len(sequence)
    first = 0 if start is None else to_integer(start[0])
    last = length if end is None else to_integer(end[0])
    first = max(first + length if first < 0 else first, 0)
    last = min(max(last + length if last < 0 else last, 0), length)
    part = sequence[min(first, last) : last]
    if isinstance(value, str):
        return bytes_text(part)
    return Slice(value.type, part) if isinstance(value, Slice) else part


def contains(needle: Any, collection: Any, meter: Meter) -> bool:
    """`needle in collection`."""
    if collection is None:
        return False
    if is_list(collection):
        meter.spend(len(collection))
        return any(equal(item, needle, meter) for item in collection)
    if isinstance(collection, AnyMap):
        return needle in collection
    if isinstance(collection, TypedMap) and collection.type is INT_SET:
        return _int_key(needle) in collection
    if is_map(collection):
        return text_key(needle) in collection
    kind = type_of(collection)
    if kind is not None and kind.kind == "ptr":
        kind = kind.elem
    if kind is not None and kind.kind == "struct":
        if isinstance(needle, str):
            return False
        raise Fault(f"cannot use {type_name(needle)} as field name of {kind.name}")
    raise Fault(f'operator "in" not defined on {type_name(collection)}')
