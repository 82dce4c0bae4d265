"""What is known of one version of an object without decoding its body again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from argotui.model.documents import Document


class Key(NamedTuple):
    """`collection` is `plural.group` (`pods`, `workflows.argoproj.io`); `namespace` is empty for cluster kinds."""

    collection: str
    namespace: str
    name: str


@dataclass(slots=True, eq=False)
class Entry:
    """One version of an object. `seq` is its resourceVersion and its place in the log."""

    key: Key
    seq: int
    uid: str
    labels: dict[str, str]
    fields: dict[str, str]
    """Values for field selectors beyond metadata.name and metadata.namespace."""
    owners: tuple[str, ...]
    """uids of the owner references."""
    deleting: bool
    finalizers: tuple[str, ...]
    size: int
    """Bytes of the body."""
    cells: list[Any] | None = field(default=None)
    """The row of the object's Table, once somebody asked for it."""
    head: bytes | None = field(default=None)
    """The object as PartialObjectMetadata, likewise."""

    def field(self, path: str) -> str:
        """The value that a field selector compares; empty when the object has none."""
        if path == "metadata.name":
            return self.key.name
        if path == "metadata.namespace":
            return self.key.namespace
        return self.fields.get(path, "")


def _text_at(document: Document, path: str) -> str:
    value: Any = document
    for part in path.split("."):
        if not isinstance(value, dict):
            return ""
        value = value.get(part)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


class _Owner(msgspec.Struct):
    uid: str = ""


class _Metadata(msgspec.Struct):
    uid: str = ""
    labels: dict[str, str] = {}
    ownerReferences: tuple[_Owner, ...] = ()  # noqa: N815 - as on the wire
    deletionTimestamp: str | None = None  # noqa: N815
    finalizers: tuple[str, ...] = ()


class _Object(msgspec.Struct):
    """As much of a stored object as an entry holds; the rest is skipped, not decoded."""

    metadata: _Metadata


_decode_part = msgspec.json.Decoder(_Object).decode
_decode = msgspec.json.Decoder().decode


def entry_of_body(key: Key, seq: int, body: bytes, field_paths: Sequence[str]) -> Entry:
    """The entry of a stored body."""
    if field_paths:
        return entry_of(key, seq, _decode(body), len(body), field_paths)
    metadata = _decode_part(body).metadata
    return Entry(
        key=key,
        seq=seq,
        uid=metadata.uid,
        labels=metadata.labels,
        fields={},
        owners=tuple(owner.uid for owner in metadata.ownerReferences),
        deleting=metadata.deletionTimestamp is not None,
        finalizers=metadata.finalizers,
        size=len(body),
    )


def entry_of(key: Key, seq: int, document: Document, size: int, field_paths: Sequence[str]) -> Entry:
    """The entry of a document that is stored under `key` as version `seq`."""
    metadata = document["metadata"]
    return Entry(
        key=key,
        seq=seq,
        uid=metadata.get("uid", ""),
        labels=metadata.get("labels") or {},
        fields={path: _text_at(document, path) for path in field_paths},
        owners=tuple(owner["uid"] for owner in metadata.get("ownerReferences") or ()),
        deleting="deletionTimestamp" in metadata,
        finalizers=tuple(metadata.get("finalizers") or ()),
        size=size,
    )
