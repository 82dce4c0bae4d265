"""Derives the table of Kubernetes' own types from the official Python client.

    python -m tests.unit.apiserver.derive_types     writes argotui/local/apiserver/types.json again

The table has field names and types only. A type is `s` string, `B` base64, `i` integer, `f` number, `b` boolean,
`t` time, `any`, `q` quantity, `x` integer or string, the name of a type, `[T` a list, `{T` a map. A `!`
in front of a field's type marks it as required.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from kubernetes.client import models

from argotui.model import resources

TARGET = Path(__file__).parents[3] / "argotui/local/apiserver/types.json"

_SCALARS = {"str": "s", "int": "i", "float": "f", "bool": "b", "datetime": "t", "object": "any", "bytes": "B"}
_QUANTITY_MAPS = {"limits", "requests", "capacity", "allocatable", "overhead", "used", "hard", "allocatedResources"}
_QUANTITIES = {"sizeLimit", "divisor"}
_INT_OR_STRING = {"port", "targetPort", "maxUnavailable", "minAvailable"}
_SKIPPED = {"V1ObjectMeta", "V1ListMeta", "V1ManagedFieldsEntry"}


def _class_of(kind: str) -> str:
    return {"Event": "CoreV1Event"}.get(kind, f"V1{kind}")


def _short(name: str) -> str:
    if name == "V1ObjectMeta":
        return "ObjectMeta"
    return re.sub(r"^(Core)?V1(?=[A-Z])", "", name)


def _type(text: str, field: str) -> str:
    if found := re.fullmatch(r"[Ll]ist\[(.+)\]", text):
        return "[" + _type(found[1], "")
    if found := re.fullmatch(r"Dict\[str, (.+)\]", text):
        return "{" + ("q" if field in _QUANTITY_MAPS else _type(found[1], ""))
    if text == "object" and field in _INT_OR_STRING:
        return "x"
    if text == "str" and field in _QUANTITIES:
        return "q"
    return _SCALARS.get(text) or _short(text)


def _describe(cls: Any) -> dict[str, str]:
    table = {}
    for attribute, field in cls.attribute_map.items():
        described = cls.model_fields.get(
            attribute
        )  # names that Python reserves are spelled otherwise; none is required
        required = described is not None and described.is_required()
        table[field] = ("!" if required else "") + _type(cls.openapi_types[attribute], field)
    return table


def derive() -> dict[str, dict[str, str]]:
    """The table: type name -> field -> type, for every built-in kind that is served and what they hold."""
    todo = [_class_of(r.kind) for r in resources.ALL if r not in resources.ARGO]
    found: dict[str, dict[str, str]] = {}
    while todo:
        name = todo.pop()
        if name in _SKIPPED or _short(name) in found:
            continue
        cls = getattr(models, name)
        found[_short(name)] = _describe(cls)
        for text in cls.openapi_types.values():
            todo += [inner for inner in re.findall(r"\w+", text) if hasattr(models, inner)]
    return dict(sorted(found.items()))


def text(table: dict[str, dict[str, str]]) -> str:
    """The file's text: one type on a line."""
    lines = [f'"{name}":{json.dumps(fields, separators=(",", ":"))}' for name, fields in table.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    TARGET.write_text(text(derive()))
