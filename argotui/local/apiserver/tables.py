"""Columns and cells of Tables (meta.k8s.io/v1)."""

from __future__ import annotations

from typing import Any

import msgspec

from argotui.local.apiserver.served import Collection
from argotui.local.apiserver.storage.entry import Entry
from argotui.model.documents import Document


def columns(collection: Collection) -> list[Document]:
    """The columnDefinitions of a collection."""
    return [
        {"name": "Name", "type": "string", "format": "name", "description": "", "priority": 0},
        {"name": "Created At", "type": "date", "format": "", "description": "", "priority": 0},
    ]


def cells(collection: Collection, entry: Entry, body: bytes) -> list[Any]:
    """The cells of one object."""
    document = msgspec.json.decode(body)
    return [entry.key.name, document["metadata"].get("creationTimestamp", "")]
