"""Functions of lists and maps, `len`, `type` and `get`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from argotui.engine.expr.access import fetch, get
from argotui.engine.expr.builtins.arguments import INT_KINDS, LIST_KINDS, Types, expect, first_type, kind_of, one_of
from argotui.engine.expr.context import Context
from argotui.engine.expr.equality import equal
from argotui.engine.expr.errors import Fault, LimitFault
from argotui.engine.expr.gostring import shown, shown_as_text
from argotui.engine.expr.gotypes import ANY, ANY_MAP, ANYS, INT, PAIRS, GoType
from argotui.engine.expr.limits import MAX_VALUE_DEPTH
from argotui.engine.expr.ordering import sort_values
from argotui.engine.expr.values import (
    AnyMap,
    Slice,
    elements,
    is_integer,
    is_list,
    is_map,
    map_items,
    operand_name,
    pair,
    type_of,
)

_LENGTHS: Final = LIST_KINDS | {"map", "string"}


def kind_name(value: Any) -> str:
    """Go's kind of a value, pointers followed."""
    kind = type_of(value)
    return kind_of(kind)


def length(value: Any) -> int:
    """The function `len`: characters of a text."""
    if isinstance(value, str) or is_list(value) or is_map(value):
        return len(value)
    raise Fault(f"invalid argument for len (type {operand_name(value)})")


def _type(_context: Context, value: Any) -> str:
    kind = type_of(value)
    if kind is None:
        return "nil"
    if kind.kind == "ptr" and kind.elem is not None:
        kind = kind.elem
    if kind.path:
        return f"{kind.path}.{kind.name.rpartition('.')[2]}"
    return _TYPE_NAMES.get(kind.kind, "unknown")


_TYPE_NAMES: Final = {
    "bool": "bool",
    **dict.fromkeys(INT_KINDS, "int"),
    **dict.fromkeys(("uint", "uint8", "uint16", "uint32", "uint64"), "uint"),
    "float32": "float",
    "float64": "float",
    "string": "string",
    "slice": "array",
    "array": "array",
    "map": "map",
    "func": "func",
    "struct": "struct",
}


def _listed(value: Any, verb: str) -> list[Any]:
    if not is_list(value):
        raise Fault(f"cannot {verb} {kind_name(value)}")
    return elements(value)


def _edge(index: int) -> Callable[[Context, Any], Any]:
    def run(_context: Context, value: Any) -> Any:
        try:
            return fetch(value, index)
        except LimitFault:
            raise
        except Fault:
            return None

    return run


def _take(_context: Context, value: Any, count: Any) -> Any:
    if not is_list(value):
        raise Fault(f"cannot take from {kind_name(value)}")
    if not is_integer(count):
        raise Fault(f"cannot take {kind_name(count)} elements")
    if count < 0:
        raise Fault("reflect.Value.Slice: slice index out of bounds")
    part = value[: int(count)]
    return Slice(value.type, part) if isinstance(value, Slice) else part


def _entries(context: Context, value: Any, what: str) -> list[tuple[Any, Any]]:
    if not is_map(value):
        raise Fault(f"cannot {what.format(kind_name(value))}")
    context.meter.spend(len(value))
    return map_items(value)


def _keys(context: Context, value: Any) -> list[Any]:
    return [key for key, _ in _entries(context, value, "get keys from {}")]


def _values(context: Context, value: Any) -> list[Any]:
    return [item for _, item in _entries(context, value, "get values from {}")]


def _to_pairs(context: Context, value: Any) -> Slice:
    return Slice(PAIRS, (pair(key, item) for key, item in _entries(context, value, "transform {} to pairs")))


def _from_pairs(context: Context, value: Any) -> AnyMap:
    if not is_list(value):
        raise Fault(f"cannot transform {shown_as_text(value, context.meter)} from pairs")
    made = AnyMap()
    for item in elements(value):
        context.meter.spend()
        if not is_list(item):
            raise Fault(f"invalid pair {shown(item, context.meter)}")
        if len(item) != 2:
            raise Fault(f"invalid pair length {shown(item, context.meter)}")
        made.set(*elements(item))
    return made


def _reverse(context: Context, value: Any) -> list[Any]:
    made = _listed(value, "reverse")[::-1]
    context.meter.grow(len(made))
    return [*made]


def _uniq(context: Context, value: Any) -> list[Any]:
    made: list[Any] = []
    for item in _listed(value, "uniq"):
        context.meter.spend(1 + len(made))
        if not any(equal(item, known, context.meter) for known in made):
            made.append(item)
    return made


def _concat(context: Context, *values: Any) -> list[Any]:
    made: list[Any] = []
    for value in values:
        made.extend(_listed(value, "concat"))
        context.meter.grow(len(value))
    return made if made else Slice(ANYS, is_nil=True)


def _flatten(context: Context, value: Any) -> list[Any]:
    made: list[Any] = []
    _flatten_into(made, _listed(value, "flatten"), context, 0)
    context.meter.grow(len(made))
    return made


def _flatten_into(made: list[Any], values: list[Any], context: Context, depth: int) -> None:
    if depth > MAX_VALUE_DEPTH:
        raise LimitFault("recursion depth exceeded")
    for value in values:
        context.meter.spend()
        if is_list(value):
            _flatten_into(made, elements(value), context, depth + 1)
        else:
            made.append(value)


def _sort(context: Context, value: Any, order: Any = "asc") -> list[Any]:
    if not isinstance(order, str):
        raise Fault(f"sort order argument must be a string (got {operand_name(order)})")
    if order not in ("asc", "desc"):
        raise Fault(f"invalid order {order}, expected asc or desc")
    values = [*value] if isinstance(value, list) else []
    made = sort_values(values, values, order == "desc", context.meter)
    context.meter.grow(len(made))
    return made if isinstance(value, list) else Slice(ANYS, is_nil=True)


# --- checks -----------------------------------------------------------------------------------------


def _validate_len(types: Types) -> GoType:
    expect(types, 1)
    one_of(types[0], _LENGTHS, "invalid argument for len (type {})")
    return INT


def _validate_edge(which: str) -> Callable[[Types], GoType]:
    def validate(types: Types) -> GoType:
        expect(types, 1)
        one_of(types[0], LIST_KINDS, f"cannot get {which} element from {{}}")
        kind = first_type(types)
        return kind.elem if kind.is_array and kind.elem is not None else ANY

    return validate


def _validate_take(types: Types) -> GoType:
    expect(types, 2)
    one_of(types[0], LIST_KINDS, "cannot take from {}")
    one_of(types[1], INT_KINDS, "cannot take {} elements")
    return first_type(types)


def _validate_map(message: str) -> Callable[[Types], GoType]:
    return _validate_one(message, frozenset(("map",)), ANYS)


def _validate_list(verb: str) -> Callable[[Types], GoType]:
    return _validate_one(f"cannot {verb} {{}}", LIST_KINDS, ANYS)


def _validate_one(message: str, kinds: frozenset[str], result: GoType) -> Callable[[Types], GoType]:
    def validate(types: Types) -> GoType:
        expect(types, 1)
        one_of(types[0], kinds, message)
        return result

    return validate


def _validate_concat(types: Types) -> GoType:
    if not types:
        raise Fault("invalid number of arguments (expected at least 1, got 0)")
    for kind in types:
        one_of(kind, LIST_KINDS, "cannot concat {}")
    return ANYS


_SORTS: Final = (
    *(f"{kind}, string) []interface {{}}" for kind in ("[]interface {}", "[]int", "[]float64", "[]string")),
    *(f"{kind}) []interface {{}}" for kind in ("[]interface {}", "[]float64", "[]string", "[]int")),
)

COLLECTIONS: Final[dict[str, tuple[Any, Callable[..., Any]]]] = {
    "len": (_validate_len, lambda _context, value: length(value)),
    "type": (("interface {}) string",), _type),
    "first": (_validate_edge("first"), _edge(0)),
    "last": (_validate_edge("last"), _edge(-1)),
    "get": ((), lambda _context, base, key: get(base, key)),
    "take": (_validate_take, _take),
    "keys": (_validate_map("cannot get keys from {}"), _keys),
    "values": (_validate_map("cannot get values from {}"), _values),
    "toPairs": (_validate_map("cannot transform {} to pairs"), _to_pairs),
    "fromPairs": (_validate_one("cannot transform {} from pairs", LIST_KINDS, ANY_MAP), _from_pairs),
    "reverse": (_validate_list("reverse"), _reverse),
    "uniq": (_validate_list("uniq"), _uniq),
    "concat": (_validate_concat, _concat),
    "flatten": (_validate_list("flatten"), _flatten),
    "sort": (_SORTS, _sort),
}
