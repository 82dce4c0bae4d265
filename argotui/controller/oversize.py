"""The end of a workflow whose status no longer fits into an object (§1.7)."""

from datetime import datetime

from argotui.model import keys
from argotui.model.documents import Document, resource_version
from argotui.model.phase import Phase
from argotui.model.times import format_time


def error_patch(workflow: Document, message: str, now: datetime) -> Document:
    """A merge patch on `workflow` as it is stored: phase Error, complete, its nodes left as they are."""
    conditions = [
        each for each in (workflow.get("status") or {}).get("conditions") or [] if each.get("type") != "Completed"
    ]
    return {
        "metadata": {
            "resourceVersion": resource_version(workflow),
            "labels": {keys.LABEL_COMPLETED: "true", keys.LABEL_PHASE: Phase.ERROR.value},
        },
        "status": {
            "phase": Phase.ERROR.value,
            "message": message,
            "finishedAt": format_time(now),
            "conditions": [*conditions, {"type": "Completed", "status": "True"}],
        },
    }
