"""The workflow that a CronWorkflow starts at a moment (§7)."""

from __future__ import annotations

from datetime import UTC, datetime

from argotui.engine.operations.submission import submit_from
from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.keys import (
    ANNOTATION_SCHEDULED_TIME,
    API_VERSION,
    LABEL_CREATOR,
    LABEL_CREATOR_EMAIL,
    LABEL_CREATOR_PREFERRED_USERNAME,
)

_CREATOR = (LABEL_CREATOR, LABEL_CREATOR_EMAIL, LABEL_CREATOR_PREFERRED_USERNAME)


def child_name(cron: Document, scheduled: datetime) -> str:
    """The same moment gives the same name, so that nothing can run twice."""
    return f"{documents.name(cron)}-{int(scheduled.timestamp())}"


def child_of(cron: Document, scheduled: datetime) -> Document:
    """The Workflow to create for the firing at `scheduled`."""
    child = submit_from(cron, now=scheduled)
    metadata = child["metadata"]
    del metadata["generateName"]
    found = documents.labels(cron)
    creators = {key: found[key] for key in _CREATOR if key in found}
    metadata["labels"] = {**creators, **metadata["labels"]}
    return {**child, "metadata": {"name": child_name(cron, scheduled), **metadata}}


def scheduled_time(cron: Document, child: Document) -> datetime | None:
    """The firing that `child` was created for; None for one that somebody submitted from the CronWorkflow."""
    name, _, seconds = documents.name(child).rpartition("-")
    if name != documents.name(cron) or not (seconds.isascii() and seconds.isdigit() and len(seconds) <= 11):
        return None
    found = datetime.fromtimestamp(int(seconds), UTC)
    wanted = found.isoformat().replace("+00:00", "Z")
    return found if documents.annotations(child).get(ANNOTATION_SCHEDULED_TIME) == wanted else None


def reference_to(child: Document) -> Document:
    """The entry of `status.active` for a child."""
    return {
        "apiVersion": API_VERSION,
        "kind": "Workflow",
        "name": documents.name(child),
        "namespace": documents.namespace(child),
        "resourceVersion": documents.resource_version(child),
        "uid": documents.uid(child),
    }
