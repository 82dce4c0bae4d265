"""sprig's functions of lists, defaults and reflection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from argotui.engine.expr.context import Context
from argotui.engine.expr.equality import deep_equal
from argotui.engine.expr.errors import Fault
from argotui.engine.expr.gotypes import ANYS, LISTS
from argotui.engine.expr.sprig.convert import int_of, is_empty, kind_name, listed
from argotui.engine.expr.sprig.texts import Table
from argotui.engine.expr.values import Slice, is_list, type_name


def _counted(context: Context, made: list[Any]) -> list[Any]:
    context.meter.grow(len(made))
    return made


def _push(context: Context, values: Any, value: Any) -> list[Any]:
    return _counted(context, [*listed(values, "Cannot push on type "), value])


def _prepend(context: Context, values: Any, value: Any) -> list[Any]:
    return _counted(context, [value, *listed(values, "Cannot prepend on type ")])


def _edge(name: str, index: int) -> Callable[[Context, Any], Any]:
    def run(_context: Context, values: Any) -> Any:
        found = listed(values, f"Cannot find {name} on type ")
        return found[index] if found else None

    return run


def _part(name: str, cut: slice) -> Callable[[Context, Any], list[Any]]:
    def run(context: Context, values: Any) -> list[Any]:
        found = listed(values, f"Cannot find {name} on type ")
        return _counted(context, [*found[cut]]) if found else Slice(ANYS, is_nil=True)

    return run


def _reverse(context: Context, values: Any) -> list[Any]:
    return _counted(context, [*listed(values, "Cannot find reverse on type ")[::-1]])


def _compact(context: Context, values: Any) -> list[Any]:
    return _counted(context, [item for item in listed(values, "Cannot compact on type ") if not is_empty(item)])


def _uniq(context: Context, values: Any) -> list[Any]:
    made: list[Any] = []
    for item in listed(values, "Cannot find uniq on type "):
        if not _within(context, item, made):
            made.append(item)
    return _counted(context, made)


def _within(context: Context, needle: Any, values: Any) -> bool:
    context.meter.spend(1 + len(values))
    return any(deep_equal(needle, item, context.meter) for item in values)


def _without(context: Context, values: Any, *omitted: Any) -> list[Any]:
    found = listed(values, "Cannot find without on type ")
    return _counted(context, [item for item in found if not _within(context, item, omitted)])


def _has(context: Context, needle: Any, values: Any) -> bool:
    return values is not None and _within(context, needle, listed(values, "Cannot find has on type "))


def _slice(_context: Context, values: Any, *bounds: Any) -> Any:
    found = listed(values, "list should be type of slice or array but ")
    if not found:
        return None
    start = int_of(bounds[0]) if bounds else 0
    end = int_of(bounds[1]) if len(bounds) > 1 else len(found)
    if not 0 <= start <= end <= len(found):
        raise Fault("reflect.Value.Slice: slice index out of bounds")
    part = values[start:end]
    return Slice(values.type, part) if isinstance(values, Slice) else part


def _concat(context: Context, *lists: Any) -> list[Any]:
    made: list[Any] = []
    for values in lists:
        if not is_list(values) and values is not None:
            raise Fault(f"Cannot concat type {kind_name(values)} as list")
        made.extend(listed(values, ""))
    return _counted(context, made) if made else Slice(ANYS, is_nil=True)


def _chunk(context: Context, size: int, values: Any) -> Slice:
    found = listed(values, "Cannot chunk type ")
    if size <= 0:
        raise Fault("runtime error: makeslice: len out of range")
    _counted(context, found)
    return Slice(LISTS, ([*found[start : start + size]] for start in range(0, len(found), size)))


# --- defaults ---------------------------------------------------------------------------------------


def _default(_context: Context, fallback: Any, *given: Any) -> Any:
    return fallback if not given or is_empty(given[0]) else given[0]


def _coalesce(_context: Context, *values: Any) -> Any:
    return next((value for value in values if not is_empty(value)), None)


def _type_is_like(_context: Context, target: str, value: Any) -> bool:
    return type_name(value) in (target, "*" + target)


def _listing(_context: Context, *values: Any) -> list[Any]:
    return [*values]


_LIST: Final = "interface {}) []interface {}"
_MUST_LIST: Final = "interface {}) ([]interface {}, error)"
_ADD: Final = "interface {}, interface {}) []interface {}"
_MUST_ADD: Final = "interface {}, interface {}) ([]interface {}, error)"
_ONE: Final = "interface {}) interface {}"
_MUST_ONE: Final = "interface {}) (interface {}, error)"


def _both(name: str, plain: str, must: str, run: Callable[..., Any]) -> Table:
    """A function and its twin with `must`, which fails in the same way here."""
    return {name: (plain, run), f"must{name[0].upper()}{name[1:]}": (must, run)}


LISTS_TABLE: Final[Table] = {
    **_both("append", _ADD, _MUST_ADD, _push),
    **_both("push", _ADD, _MUST_ADD, _push),
    **_both("prepend", _ADD, _MUST_ADD, _prepend),
    **_both("first", _ONE, _MUST_ONE, _edge("first", 0)),
    **_both("last", _ONE, _MUST_ONE, _edge("last", -1)),
    **_both("rest", _LIST, _MUST_LIST, _part("rest", slice(1, None))),
    **_both("initial", _LIST, _MUST_LIST, _part("initial", slice(None, -1))),
    **_both("reverse", _LIST, _MUST_LIST, _reverse),
    **_both("compact", _LIST, _MUST_LIST, _compact),
    **_both("uniq", _LIST, _MUST_LIST, _uniq),
    **_both(
        "without",
        "interface {}, ...interface {}) []interface {}",
        "interface {}, ...interface {}) ([]interface {}, error)",
        _without,
    ),
    **_both("has", "interface {}, interface {}) bool", "interface {}, interface {}) (bool, error)", _has),
    **_both(
        "slice",
        "interface {}, ...interface {}) interface {}",
        "interface {}, ...interface {}) (interface {}, error)",
        _slice,
    ),
    **_both("chunk", "int, interface {}) [][]interface {}", "int, interface {}) ([][]interface {}, error)", _chunk),
    "concat": ("...interface {}) interface {}", _concat),
    "list": ("...interface {}) []interface {}", _listing),
    "tuple": ("...interface {}) []interface {}", _listing),
    "default": ("interface {}, ...interface {}) interface {}", _default),
    "empty": ("interface {}) bool", lambda _context, value: is_empty(value)),
    "coalesce": ("...interface {}) interface {}", _coalesce),
    "all": ("...interface {}) bool", lambda _context, *values: not any(map(is_empty, values))),
    "any": ("...interface {}) bool", lambda _context, *values: not all(map(is_empty, values))),
    "ternary": ("interface {}, interface {}, bool) interface {}", lambda _context, a, b, test: a if test else b),
    "typeOf": ("interface {}) string", lambda _context, value: type_name(value)),
    "typeIs": ("string, interface {}) bool", lambda _context, target, value: target == type_name(value)),
    "typeIsLike": ("string, interface {}) bool", _type_is_like),
    "kindOf": ("interface {}) string", lambda _context, value: kind_name(value)),
    "kindIs": ("string, interface {}) bool", lambda _context, target, value: target == kind_name(value)),
    "deepEqual": (
        "interface {}, interface {}) bool",
        lambda context, left, right: deep_equal(left, right, context.meter),
    ),
}
