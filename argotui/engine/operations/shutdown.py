"""Suspend, stop and terminate (§6.2)."""

from __future__ import annotations

import json

from argotui.engine.operations.drafts import drop_actor
from argotui.engine.operations.refusal import OperationRefused
from argotui.model import documents
from argotui.model.documents import Document, clone
from argotui.model.keys import LABEL_COMPLETED
from argotui.model.phase import completed


def suspend(workflow: Document) -> Document:
    """Starts nothing new until resumed; what runs goes on."""
    if documents.labels(workflow).get(LABEL_COMPLETED) == "true":
        raise OperationRefused("cannot suspend completed workflows")
    if (workflow.get("spec") or {}).get("suspend"):
        return workflow
    result: Document = clone(workflow)
    result["spec"] = {**(result.get("spec") or {}), "suspend": True}
    drop_actor(result)
    return result


def stop(workflow: Document) -> Document:
    """A merge patch: ends what runs, then runs the exit handlers."""
    return _shutdown(workflow, "Stop")


def terminate(workflow: Document) -> Document:
    """A merge patch: ends what runs, without exit handlers."""
    return _shutdown(workflow, "Terminate")


def _shutdown(workflow: Document, strategy: str) -> Document:
    if completed((workflow.get("status") or {}).get("phase") or ""):
        name, namespace = json.dumps(documents.name(workflow)), json.dumps(documents.namespace(workflow))
        raise OperationRefused(f"cannot shutdown a completed workflow: workflow: {name}, namespace: {namespace}")
    return {"spec": {"shutdown": strategy}}
