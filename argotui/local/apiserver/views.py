"""Objects in the form that was asked for. A form of a version is made once and shared."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from argotui.local.apiserver import tables
from argotui.local.apiserver.accept import METADATA, Form, View
from argotui.local.apiserver.served import Collection
from argotui.local.apiserver.storage.entry import Entry
from argotui.model.documents import Document

encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
_META_API = "meta.k8s.io/v1"


class _Whole(msgspec.Struct):
    """As much of an object as its metadata form needs; the rest is skipped, not decoded."""

    metadata: msgspec.Raw


_whole = msgspec.json.Decoder(_Whole).decode


def metadata_form(body: bytes) -> bytes:
    """The object as PartialObjectMetadata."""
    head = b'{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":'
    return head + bytes(_whole(body).metadata) + b"}"


def one(collection: Collection, entry: Entry, body: bytes, view: View) -> bytes:
    """One object."""
    if view.form is Form.OBJECT:
        return body
    if view.form is Form.METADATA:
        return metadata_form(body)
    revision = _decode(bytes(_whole(body).metadata)).get("resourceVersion", "")
    return table(collection, [(entry, body)], view, {"resourceVersion": revision})


def listing(collection: Collection, found: Iterable[tuple[Entry, bytes]], view: View, metadata: Document) -> bytes:
    """A list of objects; `metadata` is the list's own."""
    if view.form is Form.TABLE:
        return table(collection, found, view, metadata)
    if view == METADATA:
        kind, version = "PartialObjectMetadataList", _META_API
        items = [metadata_form(body) for _, body in found]
    else:
        kind, version = collection.list_kind, collection.resource.api_version
        items = [body for _, body in found]
    head = f'{{"kind":"{kind}","apiVersion":"{version}","metadata":'.encode()
    return b"".join((head, encode(metadata), b',"items":[', b",".join(items), b"]}\n"))


def table(
    collection: Collection,
    found: Iterable[tuple[Entry, bytes]],
    view: View,
    metadata: Document,
    *,
    columns: bool = True,
) -> bytes:
    """Objects as a meta.k8s.io/v1 Table."""
    rows = [_row(collection, entry, body, view) for entry, body in found]
    definitions = encode(tables.columns(collection)) if columns else b"null"
    head = b'{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":'
    return b"".join(
        (head, encode(metadata), b',"columnDefinitions":', definitions, b',"rows":[', b",".join(rows), b"]}\n")
    )


def _row(collection: Collection, entry: Entry, body: bytes, view: View) -> bytes:
    cells = encode(tables.cells(collection, entry, body))
    included = b"null"
    if view.include != "None":
        included = body if view.include == "Object" else metadata_form(body)
    return b"".join((b'{"cells":', cells, b',"object":', included, b"}"))


def event_line(type_: str, form: bytes) -> bytes:
    """A line of a watch."""
    return b"".join((b'{"type":"', type_.encode(), b'","object":', form, b"}\n"))
