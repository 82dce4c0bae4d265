"""The books of a CronWorkflow: which children are active, how many ended well or badly, which are kept (§7).

Everything is derived from the children that exist, so that a write that a crash prevented is made up for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from argotui.engine.cron.child import reference_to, scheduled_time
from argotui.engine.cron.conditions import count_of
from argotui.engine.cron.spec import ACTIVE, Rules, moment_of, status_of
from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.keys import LABEL_CRON_WORKFLOW
from argotui.model.phase import completed
from argotui.model.times import format_time

SUBMISSION_ERROR = "SubmissionError"
SPEC_ERROR = "SpecError"
_LONGEST_MESSAGE = 1024
"""Characters: what is wrong may be as long as the object itself, and must fit into it beside the rest."""


def is_over(child: Document) -> bool:
    """Whether the workflow has ended."""
    return completed(_phase(child))


def _phase(child: Document) -> str:
    found = status_of(child).get("phase")
    return found if isinstance(found, str) else ""


def booked(cron: Document, children: Sequence[Document]) -> Document:
    """The fields of `status` that change because of what the children do; empty when none does."""
    status = status_of(cron)
    listed = _active(status)
    by_uid = {documents.uid(child): child for child in children}
    known = {reference["uid"] for reference in listed}
    fresh = _fresh(cron, children)
    kept = [each for each in listed if (child := by_uid.get(each["uid"])) is not None and not is_over(child)]
    added = [child for child in children if not is_over(child) and documents.uid(child) not in known]
    ended = [by_uid[uid] for uid in known if uid in by_uid and is_over(by_uid[uid])]
    ended += [child for child in fresh if is_over(child) and documents.uid(child) not in known]
    changes: Document = {}
    if added or len(kept) != len(listed):
        changes["active"] = [*kept, *(reference_to(child) for child in sorted(added, key=_age))] or None
    changes |= _counted(status, ended)
    if fresh:
        changes["lastScheduledTime"] = format_time(max(filter(None, (scheduled_time(cron, each) for each in fresh))))
        changes |= {"phase": ACTIVE} if not status.get("phase") else {}
        changes |= without_condition(status, SUBMISSION_ERROR)
    return changes


def _fresh(cron: Document, children: Iterable[Document]) -> list[Document]:
    """Children of firings later than the last one in the status: it could not be written yet."""
    last = moment_of(status_of(cron).get("lastScheduledTime"))
    found = [(scheduled_time(cron, child), child) for child in children]
    return [child for moment, child in found if moment is not None and (last is None or moment > last)]


def _active(status: Document) -> list[Document]:
    return [each for each in status.get("active") or () if isinstance(each, dict) and isinstance(each.get("uid"), str)]


def _age(child: Document) -> tuple[str, str]:
    return documents.created(child), documents.name(child)


def _counted(status: Document, ended: Iterable[Document]) -> Document:
    phases = [_phase(child) for child in ended]
    good = phases.count("Succeeded")
    bad = len(phases) - good
    changes: Document = {}
    if good:
        changes["succeeded"] = count_of(status, "succeeded") + good
    if bad:
        changes["failed"] = count_of(status, "failed") + bad
    return changes


def surplus(cron: Document, children: Iterable[Document], rules: Rules) -> list[Document]:
    """Ended children beyond the history limits, the oldest ones; those the status still calls active wait."""
    active = {reference["uid"] for reference in _active(status_of(cron))}
    ended = [
        child
        for child in children
        if is_over(child)
        and not documents.deleted(child)
        and documents.uid(child) not in active
        and documents.labels(child).get(LABEL_CRON_WORKFLOW) == documents.name(cron)
    ]
    good = [child for child in ended if _phase(child) == "Succeeded"]
    bad = [child for child in ended if _phase(child) != "Succeeded"]
    return [*_oldest(good, rules.successful_kept), *_oldest(bad, rules.failed_kept)]


def _oldest(children: list[Document], kept: int) -> list[Document]:
    return sorted(children, key=_finished, reverse=True)[kept:]


def _finished(child: Document) -> tuple[datetime | float, ...]:
    found = moment_of(status_of(child).get("finishedAt"))
    return (0.0 if found is None else found.timestamp(),)


def with_condition(status: Document, kind: str, message: str) -> Document:
    """`conditions` with this one added or renewed; nothing when it is there already."""
    condition = {"type": kind, "status": "True", "message": message[:_LONGEST_MESSAGE]}
    found = _conditions(status)
    if condition in found:
        return {}
    if any(each.get("type") == kind for each in found):
        return {"conditions": [condition if each.get("type") == kind else each for each in found]}
    return {"conditions": [*found, condition]}


def without_condition(status: Document, kind: str) -> Document:
    """`conditions` without this one; nothing when it is not there."""
    found = _conditions(status)
    rest = [each for each in found if each.get("type") != kind]
    return {} if len(rest) == len(found) else {"conditions": rest or None}


def _conditions(status: Document) -> list[dict[str, Any]]:
    return [each for each in status.get("conditions") or () if isinstance(each, dict)]
