"""CronWorkflows, by namespace and name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from argotui.model import documents
from argotui.model.dialect import today
from argotui.model.documents import Document, dig
from argotui.store.named import Key, NamedObject
from argotui.store.text import one_line


@dataclass(frozen=True, slots=True)
class CronRow(NamedObject):
    """One CronWorkflow. Texts are clean; `document` is the object as the cluster has it."""

    key: Key
    document: Document = field(compare=False)
    version: str = ""
    created: str = ""
    schedules: str = ""
    timezone: str = ""
    last: str = ""
    """When it ran last, RFC 3339; empty when it never did."""
    active: int = 0
    state: str = ""
    """`suspended`, `stopped`, or why it cannot run; empty while all is well."""
    is_bad: bool = False


def row_of_cron(cron: Document) -> CronRow:
    """A row from the whole object, whatever its shape."""
    schedules = dig(today(cron), "spec", "schedules")
    problem = _problem(cron)
    return CronRow(
        key=documents.key(cron),
        document=cron,
        version=documents.resource_version(cron),
        created=one_line(documents.created(cron)),
        schedules=one_line(", ".join(map(str, schedules)) if isinstance(schedules, list) else ""),
        timezone=one_line(dig(cron, "spec", "timezone")),
        last=one_line(dig(cron, "status", "lastScheduledTime")),
        active=len(_listed(cron, "active")),
        state=problem or _state(cron),
        is_bad=bool(problem),
    )


def _state(cron: Document) -> str:
    if dig(cron, "status", "phase") == "Stopped":
        return "stopped"
    return "suspended" if dig(cron, "spec", "suspend") is True else ""


def _problem(cron: Document) -> str:
    found = (each for each in _listed(cron, "conditions") if isinstance(each, dict) and each.get("status") == "True")
    return next((one_line(f"{each.get('type')}: {each.get('message')}") for each in found), "")


def _listed(cron: Document, key: str) -> list[Any]:
    found = dig(cron, "status", key)
    return found if isinstance(found, list) else []
