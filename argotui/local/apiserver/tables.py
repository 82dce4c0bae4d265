"""Columns and cells of Tables (meta.k8s.io/v1).

Cells are made once for each version of an object and kept with its entry; ages are written as ages
only when the row is sent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from argotui.local.apiserver import jsonpath, printers
from argotui.local.apiserver.printers import Column, Moment
from argotui.local.apiserver.served import Collection
from argotui.local.apiserver.storage.entry import Entry
from argotui.model.documents import Document
from argotui.model.duration import human
from argotui.model.times import parse_time

_NAME = Column("Name", format="name", description="Name of the object.")
_AGE: Document = {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}


@dataclass(frozen=True)
class _Printer:
    columns: tuple[Column, ...]
    row: Callable[[bytes], list[Any]]
    """Cells of a body; ages as Moment."""


def columns(collection: Collection) -> list[Document]:
    """The columnDefinitions of a collection."""
    return [column.as_document() for column in _printer(collection).columns]


def cells(collection: Collection, entry: Entry, body: bytes | None) -> list[Any]:
    """The cells of one object, as of now. `body` may be None when the entry has its cells already."""
    row = entry.cells
    if row is None:
        assert body is not None
        row = entry.cells = _printer(collection).row(body)
    return [_aged(cell) if isinstance(cell, Moment) else cell for cell in row]


def _aged(moment: Moment) -> str:
    try:
        when = parse_time(moment.text)
    except ValueError:
        return "<invalid>"
    if when is None:
        return "<unknown>"
    seconds = (datetime.now(UTC) - when).total_seconds()
    return moment.wording.format(human(int(seconds * 1e9)))


def _printer(collection: Collection) -> _Printer:
    found = collection.cache.get("printer")
    if found is None:
        found = collection.cache["printer"] = _made(collection)
    assert isinstance(found, _Printer)
    return found


def _made(collection: Collection) -> _Printer:
    if not collection.builtin:
        return _custom(collection)
    named, make = printers.PRINTERS.get(collection.id, printers.PLAIN)

    def row(body: bytes) -> list[Any]:
        document = msgspec.json.decode(body)
        return [document["metadata"]["name"], *make(document)]

    return _Printer(
        (_NAME, *named) if collection.id != "events" else named, _event_row(row) if collection.id == "events" else row
    )


def _event_row(row: Callable[[bytes], list[Any]]) -> Callable[[bytes], list[Any]]:
    """Events start with the time and end with the name."""
    return lambda body: [*(cells := row(body))[1:], cells[0]]


def _custom(collection: Collection) -> _Printer:
    """The additionalPrinterColumns of a definition."""
    wanted = collection.version_spec().get("additionalPrinterColumns") or [_AGE]
    named = tuple(
        Column(
            column["name"],
            type=column.get("type", "string"),
            format=column.get("format", ""),
            description=column.get("description", ""),
            priority=column.get("priority", 0),
        )
        for column in wanted
    )
    paths = [jsonpath.parse(column["jsonPath"]) for column in wanted]
    decode = _part_decoder(paths)

    def row(body: bytes) -> list[Any]:
        part = decode(body)
        name = part["metadata"]["name"]
        return [name, *(_cell(part, path, column.type) for path, column in zip(paths, named, strict=True))]

    return _Printer((_NAME, *named), row)


def _part_decoder(paths: list[tuple[jsonpath.Step, ...]]) -> Callable[[bytes], Document]:
    """Decodes no more of an object than the paths need: a list of workflows has megabytes of node status."""
    wanted: dict[str, Any] = {"metadata": {"name": {}}}
    for path in paths:
        level: dict[str, Any] | None = wanted
        for kind, argument in path:
            if kind != "field" or level is None:
                break
            level = level.setdefault(argument, {})
        else:
            continue
        if level is not None:
            level["*"] = {}
    decoder = msgspec.json.Decoder(_struct("Part", wanted))
    return lambda body: msgspec.to_builtins(decoder.decode(body))


def _struct(name: str, wanted: dict[str, Any]) -> Any:
    if not wanted or "*" in wanted:
        return Any
    renamed = {f"f{index}": key for index, key in enumerate(wanted)}
    fields = [
        (field, _struct(f"{name}_{field}", wanted[key]) | msgspec.UnsetType, msgspec.UNSET)
        if wanted[key] and "*" not in wanted[key]
        else (field, Any, msgspec.UNSET)
        for field, key in renamed.items()
    ]
    return msgspec.defstruct(name, fields, rename=renamed)


def _cell(part: Document, path: tuple[jsonpath.Step, ...], type_: str) -> Any:
    found = jsonpath.find(part, path)
    if not found or found[0] is None:
        return None
    value = found[0]
    if type_ == "date":
        return Moment(value) if isinstance(value, str) else "<unknown>"
    if type_ in ("integer", "number", "boolean"):
        return value if isinstance(value, int | float) else None
    if isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()
