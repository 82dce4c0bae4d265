"""Values put together along their shape, values with some fields taken out, values that do not fit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from argotui.engine import gotext
from argotui.local.apiserver.fields import fieldset
from argotui.local.apiserver.fields.comparing import ABSENT, UnfitValue, items_of, step_of
from argotui.local.apiserver.fields.fieldset import Fields
from argotui.local.apiserver.fields.shapes import SCALAR, Kind, Shape


def _is_empty(value: Any) -> bool:
    return not isinstance(value, dict | list) or not value


def merge(shape: Shape, live: Any, applied: Any) -> Any:
    """`live` with everything that `applied` gives; either may be ABSENT. Nothing of the two is changed."""
    if applied is ABSENT:
        return live
    shape = shape.of(applied)
    if shape.kind is Kind.SCALAR or shape.atomic or (_is_empty(live) and _is_empty(applied)):
        return applied
    if shape.kind is Kind.LIST:
        return _merge_items(shape, live, applied)
    left = live if isinstance(live, dict) else {}
    right = applied if isinstance(applied, dict) else {}
    return {
        key: merge(shape.child(key) or SCALAR, left.get(key, ABSENT), right.get(key, ABSENT))
        for key in {**left, **right}
    }


def _merge_items(shape: Shape, live: Any, applied: Any) -> list[Any]:
    """Items of `live` keep their places, those of both come in the order of `applied`."""
    left, right = items_of(shape, live), items_of(shape, applied)
    if repeated := next((step for step, items in right.items() if len(items) > 1), None):
        raise UnfitValue(f"duplicate entries for key {fieldset.path_text((repeated,))}")
    element = shape.element or SCALAR
    found: list[Any] = []
    for step in _order(shape, live if isinstance(live, list) else [], list(right)):
        if isinstance(step, str):
            before = left.get(step, [])
            # duplicates have no one value that the new one could be merged with
            found.append(merge(element, before[0] if len(before) == 1 else ABSENT, right[step][0]))
        else:
            found.append(live[step])
    return found


def _order(shape: Shape, live: list[Any], wanted: list[str]) -> Iterator[str | int]:
    """The merged list: steps of applied items, and places of those that only `live` has."""
    steps = [step_of(shape, item) for item in live]
    shared = iter([step for step in wanted if step in steps])
    due = next(shared, None)
    told: set[str] = set()
    left = right = 0
    while left < len(steps) or right < len(wanted):
        step = steps[left] if left < len(steps) else None
        both = step is not None and right < len(wanted)
        if both and step == wanted[right]:
            left += 1  # the item stands in the same place in both
            due = wanted[right]
        elif both and step in wanted and due not in (None, step):
            left += 1  # an item of both, but not the one whose turn it is
            continue
        elif step is not None and step not in wanted:
            yield left
            left += 1
            continue
        elif step in told:
            left += 1
        if right < len(wanted):
            told.add(wanted[right])
            yield wanted[right]
            due = next(shared, None) if wanted[right] == due else due
            right += 1


def remove(shape: Shape, value: Any, gone: Fields) -> Any:
    """`value` without the fields of a set; null when nothing is left of it, for it may still be managed itself."""
    shape = shape.of(value)
    if not value or shape.kind is Kind.SCALAR or not isinstance(value, dict | list):
        return value
    if shape.atomic:
        return None
    left: Any
    if isinstance(value, dict):
        left = {key: kept for key, child in value.items() if (kept := _kept(shape, key, child, gone)) is not ABSENT}
    else:
        left = [kept for item in value if (kept := _kept_item(shape, item, gone)) is not ABSENT]
    return left or None


def _kept(shape: Shape, key: str, value: Any, gone: Fields) -> Any:
    return _without(shape.child(key) or SCALAR, value, gone.get(fieldset.field(key)))


def _kept_item(shape: Shape, item: Any, gone: Fields) -> Any:
    return _without(shape.element or SCALAR, item, gone.get(step_of(shape, item)))


def _without(shape: Shape, value: Any, gone: Fields | None) -> Any:
    if gone is None:
        return value
    return ABSENT if fieldset.ends(gone) else remove(shape, value, gone)


def name_declared(shape: Shape, fields: Fields) -> Fields:
    """The set with every declared field on the way to one of its paths: such a field goes with what is in it."""
    found: Fields = {}
    for step, node in fields.items():
        if step == ".":
            found[step] = node
            continue
        below = _below(shape, step)
        children = name_declared(below, node)
        if children and step[:2] == "f:" and step[2:] in shape.fields:
            children["."] = {}
        found[step] = children
    return found


def _below(shape: Shape, step: str) -> Shape:
    below = shape.child(step[2:]) if step[:2] == "f:" else shape.element
    return below or SCALAR


def faults(shape: Shape, value: Any, path: str = "") -> Iterator[str]:
    """Where an applied value does not have the shape of its kind, in Kubernetes' words."""
    shape = shape.of(value)
    if value is None:
        return
    if shape.kind is Kind.SCALAR:
        if why := _scalar_fault(shape.scalar, value):
            yield f"{path}: {why}"
    elif shape.kind is Kind.LIST:
        if isinstance(value, list):
            yield from _list_faults(shape, value, path)
        else:
            yield f"{path}: expected list, got {_shown(value)}"
    elif isinstance(value, dict):
        for key, child in value.items():
            declared = shape.child(key)
            if declared is None:
                yield f"{path}.{key}: field not declared in schema"
            else:
                yield from faults(declared, child, f"{path}.{key}")
    else:
        yield f"{path}: expected map, got {_shown(value)}"


def _list_faults(shape: Shape, value: list[Any], path: str) -> Iterator[str]:
    seen = set()
    for index, item in enumerate(value):
        place = f"[{index}]"
        if not shape.atomic:
            try:
                step = step_of(shape, item)
            except UnfitValue as unfit:
                yield f"{path}: element {index}: {unfit}"
                return
            place = fieldset.path_text((step,))
            if step in seen:
                yield f"{path}: duplicate entries for key {place}"
            seen.add(step)
        yield from faults(shape.element or SCALAR, item, f"{path}{place}")


def _scalar_fault(wanted: str, value: Any) -> str:
    if wanted == "numeric" and (isinstance(value, bool) or not isinstance(value, int | float)):
        return f"expected numeric (int or float), got {_go_type(value)}"
    if wanted == "string" and not isinstance(value, str):
        return f"expected string, got &value.valueUnstructured{{Value:{_go_literal(value)}}}"
    if wanted == "boolean" and not isinstance(value, bool):
        return f"expected boolean, got {_shown(value)}"
    return f"expected any scalar, got {_shown(value)}" if isinstance(value, dict | list) else ""


def _go_type(value: Any) -> str:
    types = {bool: "bool", str: "string", dict: "map[string]interface {}", list: "[]interface {}"}
    return types.get(type(value), "float64")


def _go_literal(value: Any) -> str:
    """A value as Go's %#v prints it."""
    if isinstance(value, dict):
        return (
            f"map[string]interface {{}}{{{', '.join(f'{_go_literal(k)}:{_go_literal(v)}' for k, v in value.items())}}}"
        )
    if isinstance(value, list):
        return f"[]interface {{}}{{{', '.join(map(_go_literal, value))}}}"
    return gotext.quote(value) if isinstance(value, str) else "interface {}(nil)" if value is None else _plain(value)


def _plain(value: Any) -> str:
    """A value as Go's %v prints it."""
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{_plain(value[key])}' for key in sorted(value))}]"
    if isinstance(value, list):
        return f"[{' '.join(map(_plain, value))}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "<nil>" if value is None else str(value)


def _shown(value: Any) -> str:
    return f"&{{{_plain(value)}}}"[:1024]
