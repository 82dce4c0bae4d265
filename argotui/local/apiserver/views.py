"""Objects in the form that was asked for.

The metadata form and the table cells of a version are made once and kept with its entry, so that
lists in these forms need no bodies: three thousand workflows are 170 MB as objects and 2 MB as rows.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec

from argotui.local.apiserver import history, tables
from argotui.local.apiserver.accept import Form, View
from argotui.local.apiserver.served import Collection
from argotui.local.apiserver.storage.entry import Entry
from argotui.local.apiserver.storage.store import Store
from argotui.model.documents import Document

encode = msgspec.json.Encoder().encode
_META_API = "meta.k8s.io/v1"
_BATCH_ENTRIES = 500
_BATCH_BYTES = 4 << 20


class _Whole(msgspec.Struct):
    """As much of an object as its metadata form needs; the rest is skipped, not decoded."""

    metadata: msgspec.Raw


_whole = msgspec.json.Decoder(_Whole).decode


def metadata_form(entry: Entry, body: bytes | None) -> bytes:
    """The object as PartialObjectMetadata. `body` may be None when the entry has it already."""
    if entry.head is None:
        assert body is not None
        head = b'{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":'
        entry.head = head + bytes(_whole(body).metadata) + b"}"
    return entry.head


def one(collection: Collection, entry: Entry, body: bytes, view: View) -> bytes:
    """One object as the answer to a request."""
    if view.form is not Form.TABLE:
        return form(collection, entry, body, view)
    return table(collection, entry, form(collection, entry, body, view), columns=True)


def form(collection: Collection, entry: Entry, body: bytes | None, view: View) -> bytes:
    """An object, its metadata, or its table row."""
    if view.form is Form.OBJECT:
        assert body is not None
        return body
    if view.form is Form.METADATA:
        return metadata_form(entry, body)
    included: bytes | None = b"null"
    if view.include != "None":
        included = body if view.include == "Object" else metadata_form(entry, body)
    cells = encode(tables.cells(collection, entry, body))
    return b"".join((b'{"cells":', cells, b',"object":', included or b"null", b"}"))


def table(collection: Collection, entry: Entry, row: bytes, *, columns: bool) -> bytes:
    """A Table of one row, as events and single objects need it."""
    metadata: Document = {"resourceVersion": str(entry.seq)}
    return b"".join((*_table_head(collection, metadata, columns=columns), row, b"]}"))


def _table_head(collection: Collection, metadata: Document, *, columns: bool) -> list[bytes]:
    definitions = encode(tables.columns(collection)) if columns else b"null"
    head = b'{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":'
    return [head, encode(metadata), b',"columnDefinitions":', definitions, b',"rows":[']


def _needs_body(entry: Entry, view: View) -> bool:
    if view.form is Form.OBJECT or view.include == "Object":
        return True
    if view.form is Form.METADATA:
        return entry.head is None
    return entry.cells is None or (view.include == "Metadata" and entry.head is None)


async def forms(store: Store, collection: Collection, entries: list[Entry], view: View) -> AsyncIterator[list[bytes]]:
    """The forms of committed entries, some at a time: what is read of bodies stays within bounds."""
    batch: list[Entry] = []
    size = 0
    for entry in entries:
        batch.append(entry)
        size += entry.size if _needs_body(entry, view) else 0
        if len(batch) >= _BATCH_ENTRIES or size >= _BATCH_BYTES:
            yield await _batch(store, collection, batch, view)
            batch, size = [], 0
    yield await _batch(store, collection, batch, view)


async def _batch(store: Store, collection: Collection, entries: list[Entry], view: View) -> list[bytes]:
    bodies = await history.bodies(store, [entry for entry in entries if _needs_body(entry, view)])
    return [form(collection, entry, bodies.get(entry.seq), view) for entry in entries]


def list_head(collection: Collection, view: View, metadata: Document) -> bytes:
    """The beginning of a list; forms divided by commas and `]}` complete it."""
    if view.form is Form.TABLE:
        return b"".join(_table_head(collection, metadata, columns=True))
    kind, version = collection.list_kind, collection.resource.api_version
    if view.form is Form.METADATA:
        kind, version = "PartialObjectMetadataList", _META_API
    head = f'{{"kind":"{kind}","apiVersion":"{version}","metadata":'.encode()
    return b"".join((head, encode(metadata), b',"items":['))


def event_line(type_: str, form: bytes) -> bytes:
    """A line of a watch."""
    return b"".join((b'{"type":"', type_.encode(), b'","object":', form, b"}\n"))
