"""Who an object that a workflow makes belongs to: deleted with its workflow (§4.2, §2.15)."""

from __future__ import annotations

from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.keys import API_VERSION


def owned_by(workflow: Document) -> Document:
    """The owner reference that names the workflow as the object's controller."""
    return {
        "apiVersion": API_VERSION,
        "kind": "Workflow",
        "name": documents.name(workflow),
        "uid": documents.uid(workflow),
        "controller": True,
        "blockOwnerDeletion": True,
    }
