"""Who an object that a workflow or a CronWorkflow makes belongs to: deleted with its maker (§4.2, §2.15)."""

from __future__ import annotations

from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.keys import API_VERSION


def owned_by(owner: Document, kind: str = "Workflow") -> Document:
    """The owner reference that names a workflow, or another of Argo's objects, as the object's controller."""
    return {
        "apiVersion": API_VERSION,
        "kind": kind,
        "name": documents.name(owner),
        "uid": documents.uid(owner),
        "controller": True,
        "blockOwnerDeletion": True,
    }
