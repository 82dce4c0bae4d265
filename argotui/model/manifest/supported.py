"""Which parts of a document this version does not run."""

from __future__ import annotations

from typing import Any, get_args, get_origin

from argotui.model.dialect import as_written, today
from argotui.model.documents import Document
from argotui.model.keys import API_VERSION
from argotui.model.manifest import spots
from argotui.model.manifest.load import MODELS
from argotui.model.manifest.parts import Part
from argotui.model.manifest.spots import Step
from argotui.model.manifest.support import UNSUPPORTED
from argotui.model.structural import fields

Finding = tuple[str, str]
_DEEPEST = 250
"""Steps of a path; manifests cannot be as deep, and live objects that are were never run."""


def unsupported(document: Document) -> list[Finding]:
    """(path, reason) of everything in `spec` that upstream knows and this version does not run.

    Empty for kinds that are not of Argo Workflows, and for documents that can be run as they are.
    The document need not be valid; what does not fit its model is passed over.
    """
    model = MODELS.get(str(document.get("kind")))
    if model is None or document.get("apiVersion") != API_VERSION:
        return []
    found: list[Finding] = []
    read = today(document)
    _walk(model, {"spec": read.get("spec")}, (), found)
    if read is not document:
        return [(spots.format_path(as_written(document, spots.parse_path(path))), reason) for path, reason in found]
    return found


def _walk(model: type[Part], value: Any, path: tuple[Step, ...], found: list[Finding]) -> None:
    if not isinstance(value, dict) or len(path) > _DEEPEST:
        return
    for field in fields(model):
        below, place = value.get(field.name), (*path, field.name)
        if below is None or below is False or below in ("", [], {}):
            continue
        if reason := _reason(model, field.name):
            found.append((spots.format_path(place), reason))
        else:
            _enter(field.annotation, below, place, found)


def _reason(model: type[Part], name: str) -> str | None:
    keys = (f"{owner.__name__}.{name}" for owner in model.__mro__)
    return next((UNSUPPORTED[key] for key in keys if key in UNSUPPORTED), None)


def _enter(annotation: Any, value: Any, path: tuple[Step, ...], found: list[Finding]) -> None:
    if isinstance(annotation, type) and issubclass(annotation, Part):
        _walk(annotation, value, path, found)
        return
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is list and isinstance(value, list):
        for index, item in enumerate(value):
            _enter(arguments[0], item, (*path, index), found)
    elif origin is dict and isinstance(value, dict):
        for key, item in value.items():
            _enter(arguments[1], item, (*path, key), found)
    elif arguments and origin not in (list, dict):
        _enter(arguments[0], value, path, found)
