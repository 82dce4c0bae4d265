"""The workflows that CronWorkflows own, as far as their books need them."""

from __future__ import annotations

from argotui.kube.reflector import Delta, DeltaType
from argotui.model import documents
from argotui.model.documents import Document

_STATUS = ("phase", "finishedAt")


def slim(workflow: Document) -> Document:
    """A workflow without what only its own run needs: thousands of nodes would be kept for nothing."""
    spec, status = workflow.get("spec"), workflow.get("status")
    return {
        "apiVersion": workflow.get("apiVersion"),
        "kind": workflow.get("kind"),
        "metadata": workflow.get("metadata"),
        "spec": {"shutdown": spec["shutdown"]} if isinstance(spec, dict) and spec.get("shutdown") else {},
        "status": {key: status[key] for key in _STATUS if key in status} if isinstance(status, dict) else {},
    }


def parent_uid(workflow: Document) -> str:
    """The uid of the CronWorkflow that controls a workflow, empty when none does."""
    owner = documents.owner(workflow)
    return str(owner.get("uid") or "") if owner is not None and owner.get("kind") == "CronWorkflow" else ""


class Children:
    """Workflows by the CronWorkflow that controls them."""

    def __init__(self) -> None:
        self._groups: dict[str, dict[str, Document]] = {}

    def apply(self, delta: Delta) -> str:
        """Takes over a change; the uid of the CronWorkflow that has to look, empty when none has."""
        parent, own = parent_uid(delta.object), documents.uid(delta.object)
        if not parent:
            return ""
        group = self._groups.setdefault(parent, {})
        before = group.pop(own, None)
        if delta.type is DeltaType.DELETED:
            if not group:
                del self._groups[parent]
            return parent
        group[own] = delta.object
        return parent if before is None or _matters(before, delta.object) else ""

    def of(self, parent: str) -> dict[str, Document]:
        """By uid."""
        return self._groups.get(parent, {})


def _matters(before: Document, now: Document) -> bool:
    return before["status"] != now["status"] or documents.deleted(before) != documents.deleted(now)
