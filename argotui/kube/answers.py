"""What a server answers, as plain documents.

`metadata.managedFields` is dropped from whatever comes in: it is a third of the bytes and nobody here reads it.
"""

from dataclasses import dataclass

import msgspec

from argotui.kube.errors import ApiError, BrokenStream
from argotui.kube.transport import decode
from argotui.model.documents import Document


@dataclass(frozen=True)
class ListPage:
    """One page; `continue_token` is "" on the last one."""

    items: list[Document]
    resource_version: str
    continue_token: str


@dataclass(frozen=True, slots=True)
class WatchEvent:
    """`type` is ADDED, MODIFIED, DELETED or BOOKMARK; errors are raised, never yielded."""

    type: str
    object: Document


def drop_managed_fields(document: Document) -> None:
    """Removes `metadata.managedFields` in place."""
    metadata = document.get("metadata")
    if isinstance(metadata, dict):
        metadata.pop("managedFields", None)


def document_of(text: bytes, path: str) -> Document:
    """The JSON object of an answer. Raises BrokenStream when it is none."""
    try:
        document = decode(text) if text else {}
    except msgspec.DecodeError as error:
        raise BrokenStream(f"{path}: the answer is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise BrokenStream(f"{path}: the answer is not a JSON object")
    drop_managed_fields(document)
    return document


def event_of(line: bytes) -> WatchEvent:
    """One line of a watch. Raises BrokenStream when it is no event, ApiError for an ERROR event."""
    try:
        document = decode(line)
        kind, found = document["type"], document["object"]
        if not isinstance(found, dict):
            raise TypeError("object is not a JSON object")
    except (msgspec.DecodeError, KeyError, TypeError) as error:
        raise BrokenStream(f"not a watch event: {error}: {line[:100]!r}") from error
    if kind == "ERROR":
        raise ApiError.from_status(found)
    drop_managed_fields(found)
    return WatchEvent(str(kind), found)
