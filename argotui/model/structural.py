"""Structural schemas made from the manifest models: what they look like on the wire, described.

Everything is inline, as CustomResourceDefinitions want it; recursion is cut where it begins.
"""

from __future__ import annotations

import ast
import inspect
import sys
import types
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin, get_type_hints

from argotui.model.manifest.parts import Part, Shape, wire_name

Schema = dict[str, Any]
_SCALARS: dict[Any, Schema] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
}
_ANYTHING: Schema = {"x-kubernetes-preserve-unknown-fields": True}


@cache
def descriptions(model: type[Part]) -> dict[str, str]:
    """Field name in Python to the text below the field, including inherited fields."""
    found: dict[str, str] = {}
    for owner in reversed(model.__mro__):
        if issubclass(owner, Part) and owner is not Part:
            found |= _texts(owner.__module__).get(owner.__name__, {})
    return found


@cache
def _texts(module: str) -> dict[str, dict[str, str]]:
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {node.name: _class_texts(node) for node in tree.body if isinstance(node, ast.ClassDef)}


def _class_texts(node: ast.ClassDef) -> dict[str, str]:
    found: dict[str, str] = {}
    for field, text in zip(node.body, node.body[1:], strict=False):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(text, ast.Expr)
            and isinstance(text.value, ast.Constant)
        ):
            found[field.target.id] = str(text.value.value)
    return found


@cache
def _hints(model: type[Part]) -> dict[str, Any]:
    return get_type_hints(model, include_extras=True)


class WireField(NamedTuple):
    """One field of a model as it appears on the wire."""

    name: str
    description: str
    annotation: Any
    required: bool
    metadata: tuple[Any, ...]
    """Bounds that are given on the field itself."""


@cache
def fields(model: type[Part]) -> tuple[WireField, ...]:
    """The fields of a model in their order."""
    texts, hints = descriptions(model), _hints(model)
    return tuple(
        WireField(
            info.alias or wire_name(name), texts.get(name, ""), hints[name], info.is_required(), tuple(info.metadata)
        )
        for name, info in model.model_fields.items()
    )


def inner_model(annotation: Any) -> type[Part] | None:
    """The model below an annotation: of the field itself, of list elements or of map values."""
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return annotation
    for argument in get_args(annotation):
        if found := inner_model(argument):
            return found
    return None


def _schema(annotation: Any, of_model: Callable[[type[Part]], Schema]) -> Schema:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _annotated(arguments, of_model)
    if origin in (Union, types.UnionType):
        members = [argument for argument in arguments if argument is not type(None)]
        return _schema(members[0], of_model)
    if origin is list:
        return {"type": "array", "items": _schema(arguments[0], of_model)}
    if origin is dict:
        return {"type": "object", "additionalProperties": _schema(arguments[1], of_model)}
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return of_model(annotation)
    return dict(_SCALARS.get(annotation, _ANYTHING))


def _annotated(arguments: tuple[Any, ...], of_model: Callable[[type[Part]], Schema]) -> Schema:
    for extra in arguments[1:]:
        if isinstance(extra, Shape):
            return dict(extra.schema)
    return _schema(arguments[0], of_model)


def _object(model: type[Part], of_model: Callable[[type[Part]], Schema]) -> Schema:
    schema: Schema = {"description": inspect.cleandoc(model.__doc__ or ""), "type": "object"}
    if properties := {field.name: _property(field, of_model) for field in fields(model)}:
        schema["properties"] = properties
    if required := [field.name for field in fields(model) if field.required]:
        schema["required"] = required
    return schema


def _property(field: WireField, of_model: Callable[[type[Part]], Schema]) -> Schema:
    inner = _schema(field.annotation, of_model) | _limits(field.metadata)
    return {**inner, "description": field.description}


def _limits(metadata: tuple[Any, ...]) -> Schema:
    """Small bounds given on the field itself; the ranges of 32 and 64 bit are said by the format."""
    found: Schema = {}
    for extra in metadata:
        for bound, word in (("ge", "minimum"), ("le", "maximum")):
            value = getattr(extra, bound, None)
            if isinstance(value, int) and abs(value) < 2**16:
                found[word] = value
    return found


def structural(model: type[Part], _above: tuple[type[Part], ...] = ()) -> Schema:
    """The structural schema of a model; a model inside itself becomes an object of any content.

    Shared parts are the same dict more than once: do not change the result.
    """
    if model in _above:
        return {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return _cached(model, _above) if _recursive(model) else _cached(model, ())


@cache
def _cached(model: type[Part], above: tuple[type[Part], ...]) -> Schema:
    return _object(model, lambda inner: structural(inner, (*above, model)))


@cache
def _recursive(model: type[Part]) -> bool:
    """Whether a part of the model, at any depth, contains itself."""
    return any(part in parts_of(part) for part in {model} | parts_of(model))


@cache
def parts_of(model: type[Part]) -> frozenset[type[Part]]:
    """All models below a model, at any depth; itself only when it is below itself."""
    seen: set[type[Part]] = set()
    waiting = [model]
    while waiting:
        for field in fields(waiting.pop()):
            inner = inner_model(field.annotation)
            if inner and inner not in seen:
                seen.add(inner)
                waiting.append(inner)
    return frozenset(seen)
