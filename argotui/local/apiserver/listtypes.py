"""Lists that a CustomResourceDefinition calls a set or a map: nothing may be in them twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from argotui.local.apiserver.fields.comparing import UnfitValue, step_of
from argotui.local.apiserver.fields.shapes import Kind, Shape
from argotui.local.apiserver.status import Cause
from argotui.model.documents import Document


def has_list_types(schema: Any) -> bool:
    """Whether there is such a list anywhere in a schema."""
    if isinstance(schema, dict):
        return schema.get("x-kubernetes-list-type") in ("set", "map") or any(map(has_list_types, schema.values()))
    return isinstance(schema, list) and any(map(has_list_types, schema))


def duplicates(shape: Shape, value: Any, path: str = "") -> Iterator[Cause]:
    """What is there twice. The value has been found valid by its schema."""
    shape = shape.of(value)
    if isinstance(value, dict) and shape.kind is Kind.MAP:
        for key, child in value.items():
            below = shape.child(key)
            if below is not None:
                yield from duplicates(below, child, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and shape.kind is Kind.LIST:
        yield from _among(shape, value, path)


def _among(shape: Shape, items: list[Any], path: str) -> Iterator[Cause]:
    seen = set()
    for index, item in enumerate(items):
        place = f"{path}[{index}]"
        if not shape.atomic:
            try:
                step = step_of(shape, item)
            except UnfitValue:
                continue  # an item without keys cannot be there twice
            if step in seen:
                yield Cause("FieldValueDuplicate", f"Duplicate value: {_shown(shape, item)}", place)
            seen.add(step)
        if shape.element is not None:
            yield from duplicates(shape.element, item, place)


def _shown(shape: Shape, item: Any) -> str:
    told: Document = {key: item.get(key) for key in shape.keys} if shape.keys else item
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False)
