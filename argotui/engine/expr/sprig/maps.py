"""sprig's functions of maps, JSON and copies.

`set`, `unset` and `merge` change their first argument, as upstream's do. An evaluation works on a copy of
the environment where an expression mentions one of them, so nothing outside it changes.
"""

from __future__ import annotations

from typing import Any, Final

from argotui.engine.expr.calling import NilMap
from argotui.engine.expr.context import Context
from argotui.engine.expr.errors import Fault, LimitFault
from argotui.engine.expr.gotypes import MAP
from argotui.engine.expr.jsontext import decode, encode
from argotui.engine.expr.limits import MAX_VALUE_DEPTH
from argotui.engine.expr.sprig.convert import is_empty, text_of
from argotui.engine.expr.sprig.texts import Table
from argotui.engine.expr.values import (
    AnyMap,
    Slice,
    TypedMap,
    conversion_name,
    is_list,
    is_map,
    map_items,
    strings,
    type_of,
)


class FrozenMap(TypedMap):
    """A map that no expression can change: the table of functions, which all evaluations share."""

    __slots__ = ()


def _changeable(target: Any) -> dict[str, Any]:
    if isinstance(target, NilMap):
        raise Fault("assignment to entry in nil map")
    if isinstance(target, FrozenMap):
        raise Fault("the map of sprig functions cannot be changed")
    found: dict[str, Any] = target
    return found


def _get(_context: Context, target: Any, key: str) -> Any:
    return target.get(key, "")


def _set(context: Context, target: Any, key: str, value: Any) -> Any:
    context.meter.grow(1)
    _changeable(target)[key] = value
    return target


def _unset(_context: Context, target: Any, key: str) -> Any:
    if not isinstance(target, NilMap):
        _changeable(target).pop(key, None)
    return target


def _pluck(_context: Context, key: str, *targets: Any) -> list[Any]:
    return [target[key] for target in targets if key in target]


def _keys(context: Context, *targets: Any) -> Slice:
    found = [key for target in targets for key, _ in map_items(target)]
    context.meter.grow(len(found))
    return strings(found)


def _values(context: Context, target: Any) -> list[Any]:
    context.meter.grow(len(target))
    return [value for _, value in map_items(target)]


def _pick(_context: Context, target: Any, *keys: str) -> dict[str, Any]:
    return {key: target[key] for key in keys if key in target}


def _omit(_context: Context, target: Any, *keys: str) -> dict[str, Any]:
    return {key: value for key, value in target.items() if key not in keys}


def _dict(context: Context, *parts: Any) -> dict[str, Any]:
    context.meter.grow(len(parts))
    made: dict[str, Any] = {}
    for index in range(0, len(parts), 2):
        made[text_of(context, parts[index])] = parts[index + 1] if index + 1 < len(parts) else ""
    return made


def _dig(_context: Context, *parts: Any) -> Any:
    if len(parts) < 3:
        raise Fault("dig needs at least three arguments")
    *keys, default, found = parts
    _assert_map(found)
    for key in keys:
        if not isinstance(key, str):
            raise Fault(f"interface conversion: interface {{}} is {conversion_name(key)}, not string")
    for index, key in enumerate(keys):
        if index:
            _assert_map(found)
        if key not in found:
            return default
        found = found[key]
    return found


def _assert_map(value: Any) -> None:
    if type_of(value) is not MAP:
        raise Fault(f"interface conversion: interface {{}} is {conversion_name(value)}, not {MAP.name}")


def _merging(*, overwrite: bool) -> Any:
    def run(context: Context, target: Any, *sources: Any) -> Any:
        if isinstance(target, NilMap):
            target = {}
        for source in sources:
            _merge(context, _changeable(target), source, overwrite, 0)
        return target

    return run


def _merge(context: Context, target: dict[str, Any], source: Any, overwrite: bool, depth: int) -> None:
    """Fill in what the target lacks, or what is empty there; nested maps are merged. overwrite: replace."""
    if depth > MAX_VALUE_DEPTH:
        raise LimitFault("value is nested too deeply")
    if target is source:
        return
    for key, value in source.items():
        context.meter.grow(1)
        present = target.get(key)
        if value is None:
            if overwrite:
                target[key] = None
            continue
        if is_map(value) and is_map(present):
            if isinstance(value, dict) and isinstance(present, dict):
                _merge(context, _changeable(present), value, overwrite, depth + 1)
            if not is_empty(present):
                continue
        if is_list(value) and not is_empty(present) and not overwrite:
            continue
        if overwrite or is_empty(present):
            target[key] = value


def copied(value: Any, context: Context, depth: int = 0) -> Any:
    """A deep copy."""
    context.meter.spend()
    if depth > MAX_VALUE_DEPTH:
        raise LimitFault("value is nested too deeply")
    if isinstance(value, FrozenMap):
        return value
    if isinstance(value, Slice):
        return Slice(value.type, [copied(item, context, depth + 1) for item in value], is_nil=value.is_nil)
    if isinstance(value, list):
        return [copied(item, context, depth + 1) for item in value]
    if isinstance(value, dict):
        made = {key: copied(item, context, depth + 1) for key, item in value.items()}
        return TypedMap(value.type, made) if isinstance(value, TypedMap) else made
    if isinstance(value, AnyMap):
        other = AnyMap(value.type)
        for key, item in value.items():
            other.set(key, copied(item, context, depth + 1))
        return other
    return value


def _deep_copy(context: Context, value: Any) -> Any:
    if value is None:
        raise Fault("reflect: call of reflect.Value.Type on zero Value")
    return copied(value, context)


# --- JSON -------------------------------------------------------------------------------------------


def _from_json(context: Context, text: str) -> Any:
    try:
        return decode(text, context.meter)
    except LimitFault:
        raise
    except Fault:
        return None


def _encoder(*, indent: bool = False, escape_html: bool = True, quiet: bool = False) -> Any:
    """quiet: an empty text where JSON has none for the value."""

    def run(context: Context, value: Any) -> str:
        try:
            return encode(value, context.meter, indent=indent, escape_html=escape_html)
        except LimitFault:
            raise
        except Fault:
            if quiet:
                return ""
            raise

    return run


_MERGE: Final = "map[string]interface {}, ...map[string]interface {}) interface {}"
_MUST_MERGE: Final = "map[string]interface {}, ...map[string]interface {}) (interface {}, error)"
_TEXT: Final = "interface {}) string"
_MUST_TEXT: Final = "interface {}) (string, error)"

MAPS: Final[Table] = {
    "dict": ("...interface {}) map[string]interface {}", _dict),
    "get": ("map[string]interface {}, string) interface {}", _get),
    "set": ("map[string]interface {}, string, interface {}) map[string]interface {}", _set),
    "unset": ("map[string]interface {}, string) map[string]interface {}", _unset),
    "hasKey": ("map[string]interface {}, string) bool", lambda _context, target, key: key in target),
    "pluck": ("string, ...map[string]interface {}) []interface {}", _pluck),
    "keys": ("...map[string]interface {}) []string", _keys),
    "values": ("map[string]interface {}) []interface {}", _values),
    "pick": ("map[string]interface {}, ...string) map[string]interface {}", _pick),
    "omit": ("map[string]interface {}, ...string) map[string]interface {}", _omit),
    "merge": (_MERGE, _merging(overwrite=False)),
    "mergeOverwrite": (_MERGE, _merging(overwrite=True)),
    "mustMerge": (_MUST_MERGE, _merging(overwrite=False)),
    "mustMergeOverwrite": (_MUST_MERGE, _merging(overwrite=True)),
    "dig": ("...interface {}) (interface {}, error)", _dig),
    "deepCopy": ("interface {}) interface {}", _deep_copy),
    "mustDeepCopy": ("interface {}) (interface {}, error)", _deep_copy),
    "fromJson": ("string) interface {}", _from_json),
    "mustFromJson": ("string) (interface {}, error)", lambda context, text: decode(text, context.meter)),
    "toJson": (_TEXT, _encoder(quiet=True)),
    "mustToJson": (_MUST_TEXT, _encoder()),
    "toPrettyJson": (_TEXT, _encoder(indent=True, quiet=True)),
    "mustToPrettyJson": (_MUST_TEXT, _encoder(indent=True)),
    "toRawJson": (_TEXT, _encoder(escape_html=False)),
    "mustToRawJson": (_MUST_TEXT, _encoder(escape_html=False)),
}
