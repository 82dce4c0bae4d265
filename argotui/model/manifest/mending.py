"""The nearest document that fits its model, so that everything else about a faulty one can be said at once."""

from __future__ import annotations

from typing import Any, NamedTuple

from pydantic import ValidationError

from argotui.model.documents import Document, clone
from argotui.model.manifest.findings import MOST, nearest_field, owner_of
from argotui.model.manifest.parts import Part
from argotui.model.manifest.spots import Step

_ROUNDS = 3
"""A field that gets its right name is looked at again under it."""


class Mended(NamedTuple):
    """doubtful: the templates and other objects in which problems may be due to the mending."""

    document: Document
    doubtful: tuple[tuple[Step, ...], ...]


def mend(model: type[Part], document: Document) -> Mended | None:
    """Renames fields that are nearly right, and leaves out what cannot be understood; None when that is not enough."""
    mended: Document = clone(document)
    doubtful: list[tuple[Step, ...]] = []
    for _ in range(_ROUNDS):
        errors = _errors(model, mended)
        if len(errors) > MOST:
            return None
        if not errors:
            return Mended(mended, tuple(dict.fromkeys(doubtful)))
        for detail in errors:
            steps: tuple[Step, ...] = tuple(detail["loc"])
            owner = _at(mended, steps[:-1])
            if not isinstance(owner, dict) or len(steps) < 2:
                return None
            if not _mend(model, owner, steps, detail["type"]):
                doubtful.append(_doubt(steps))
    return None


def _errors(model: type[Part], document: Document) -> list[Any]:
    try:
        model.model_validate(document)
    except ValidationError as error:
        return error.errors(include_url=False, include_context=False)
    return []


def _mend(model: type[Part], owner: Document, steps: tuple[Step, ...], kind: str) -> bool:
    """Whether the field got its right name; otherwise it is left out, or empty where it must be there."""
    name = str(steps[-1])
    if kind == "missing":
        owner[name] = ""
        return False
    value = owner.pop(name, None)
    holder = owner_of(model, steps) if kind == "extra_forbidden" else None
    near = nearest_field(holder, name) if holder else None
    if near and near not in owner:
        owner[near] = value
        return True
    return False


def _doubt(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """What a fault makes unsure: its template, else the object that it is in."""
    for position, step in enumerate(steps[:-1]):
        if step == "templates" and isinstance(steps[position + 1], int):
            return steps[: position + 2]
    return steps[:-1]


def _at(value: Any, steps: tuple[Step, ...]) -> Any:
    for step in steps:
        if isinstance(value, dict) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value
