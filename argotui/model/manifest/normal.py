"""A checked document as it is sent: any-strings are texts (§0)."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, get_args, get_origin

from argotui.model.anystring import any_string
from argotui.model.documents import Document
from argotui.model.manifest.parts import AnyString, Part, Shape
from argotui.model.structural import fields, inner_model, parts_of

_ANY = next(extra for extra in get_args(AnyString) if isinstance(extra, Shape))


def normalise(model: type[Part], document: Document) -> None:
    """Change a document that fits the model in place; iterative work per level, depth is limited already."""
    texts, inner = _plan(model)
    for name in texts:
        value = document.get(name)
        if isinstance(value, list):
            document[name] = [any_string(item) for item in value]
        elif value is not None:
            document[name] = any_string(value)
    for name, part, is_map in inner:
        value = document.get(name)
        for item in value.values() if is_map and isinstance(value, dict) else _objects(value):
            normalise(part, item)


def _objects(value: Any) -> list[Document]:
    """The objects of a field: itself, or the elements of its lists (and lists of lists)."""
    if isinstance(value, list):
        return [item for element in value for item in _objects(element)]
    return [value] if isinstance(value, dict) else []


@cache
def _plan(model: type[Part]) -> tuple[tuple[str, ...], tuple[tuple[str, type[Part], bool], ...]]:
    """Fields that are any-strings; fields below which there are some, and whether these are maps."""
    texts = tuple(field.name for field in fields(model) if _is_any(field.annotation))
    inner = [(field.name, inner_model(field.annotation), _is_map(field.annotation)) for field in fields(model)]
    return texts, tuple((name, part, is_map) for name, part, is_map in inner if part and _holds(part))


def _is_map(annotation: Any) -> bool:
    return any(get_origin(member) is dict for member in (annotation, *get_args(annotation)))


@cache
def _holds(model: type[Part]) -> bool:
    return any(_is_any(field.annotation) for part in {model} | parts_of(model) for field in fields(part))


def _is_any(annotation: Any) -> bool:
    if get_origin(annotation) is Annotated:
        return _ANY in get_args(annotation)
    return any(_is_any(argument) for argument in get_args(annotation))
