"""Derives the tables of Kubernetes' own types.

    python -m tests.unit.apiserver.derive_types             writes types.json again, from the official Python client
    python -m tests.unit.apiserver.derive_types MODULES     writes wire.json again too; MODULES is the folder with the
                                                            Go modules k8s.io/api@V and k8s.io/apimachinery@V

types.json has field names and types only. A type is `s` string, `B` base64, `i` integer, `f` number,
`b` boolean, `t` time, `any`, `q` quantity, `x` integer or string, the name of a type, `[T` a list,
`{T` a map. A `!` in front of a field's type marks it as required.

wire.json has the numbers of the fields in the protobuf encoding. `name>Message` is a field whose
fields belong to the surrounding object in JSON.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from kubernetes.client import models

from argotui.model import resources

_FOLDER = Path(__file__).parents[3] / "argotui/local/apiserver"
TYPES = _FOLDER / "types.json"
WIRE = _FOLDER / "wire.json"

_SCALARS = {
    "str": "s", "int": "i", "float": "f", "bool": "b", "datetime": "t", "object": "any", "bytes": "B",
}  # fmt: skip
_QUANTITY_MAPS = {"limits", "requests", "capacity", "allocatable", "overhead", "used", "hard", "allocatedResources"}
_QUANTITIES = {"sizeLimit", "divisor"}
_INT_OR_STRING = {"port", "targetPort", "maxUnavailable", "minAvailable"}
_ALSO = (
    "V1ObjectMeta", "V1DeleteOptions", "V1Binding", "V1SelfSubjectReview", "V1TokenReview",
    "V1SelfSubjectAccessReview", "V1SelfSubjectRulesReview", "V1SubjectAccessReview", "V1LocalSubjectAccessReview",
    "AuthenticationV1TokenRequest",
)  # fmt: skip
_PROTOS = (
    "api@*/core/v1", "api@*/batch/v1", "api@*/coordination/v1", "api@*/policy/v1", "api@*/rbac/v1",
    "api@*/authentication/v1", "api@*/authorization/v1", "apimachinery@*/pkg/apis/meta/v1",
)  # fmt: skip

Table = dict[str, dict[str, str]]


def _class_of(kind: str) -> str:
    return {"Event": "CoreV1Event"}.get(kind, f"V1{kind}")


def _short(name: str) -> str:
    return re.sub(r"^(Core|Rbac|Authentication)?V1(?=[A-Z])", "", name)


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


def derive() -> Table:
    """Type name -> field -> type, for every built-in kind that is served and what they hold."""
    todo = [_class_of(r.kind) for r in resources.ALL if r not in resources.ARGO] + list(_ALSO)
    found: Table = {}
    while todo:
        name = todo.pop()
        if _short(name) in found:
            continue
        cls = getattr(models, name)
        found[_short(name)] = _describe(cls)
        for text in cls.openapi_types.values():
            todo += [inner for inner in re.findall(r"\w+", text) if hasattr(models, inner)]
    return dict(sorted(found.items()))


def _messages(text: str) -> dict[str, list[tuple[str, str, str]]]:
    """Message -> [(type, field, number)] of one .proto file."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for name, body in re.findall(r"^message (\w+) \{\n(.*?)^\}", text, re.MULTILINE | re.DOTALL):
        found[name] = re.findall(r"^  (?:optional |repeated )?([\w.]+|map<[^>]+>) (\w+) = (\d+);", body, re.MULTILINE)
    return found


def derive_wire(modules: Path, types: Table) -> Table:
    """Type name -> field number -> field name, for the types of `types` and those whose fields are inlined in them."""
    messages: dict[str, list[tuple[str, str, str]]] = {}
    for pattern in _PROTOS:
        for file in sorted(modules.glob(f"{pattern}/generated.proto")):
            for name, fields in _messages(file.read_text()).items():
                messages.setdefault(name, fields)
    table: Table = {}
    todo = [(name, types[name]) for name in types if name in messages]
    while todo:
        name, known = todo.pop()
        row: dict[str, str] = {}
        for proto_type, field, number in messages[name]:
            inner = proto_type.rpartition(".")[2]
            if field in known:
                row[number] = field
            elif inner in messages:
                row[number] = f"{field}>{inner}"
                if inner not in table:
                    todo.append((inner, known))
        table[name] = row
    return dict(sorted(table.items()))


def text(table: Table) -> str:
    """The file's text: one type on a line."""
    lines = [f'"{name}":{json.dumps(fields, separators=(",", ":"))}' for name, fields in table.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    TYPES.write_text(text(derive()))
    if len(sys.argv) > 1:
        WIRE.write_text(text(derive_wire(Path(sys.argv[1]), derive())))
