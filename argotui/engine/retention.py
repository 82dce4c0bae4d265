"""When a completed workflow is deleted: its ttlStrategy, and the controller's retentionPolicy (§8.6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from argotui.model import documents
from argotui.model.dialect import today_spec
from argotui.model.documents import Document, dig
from argotui.model.keys import LABEL_ARCHIVING_STATUS, LABEL_COMPLETED
from argotui.model.phase import Phase, completed
from argotui.model.times import parse_time

PHASES: Final = {"completed": Phase.SUCCEEDED, "failed": Phase.FAILED, "errored": Phase.ERROR}
"""Field of a retentionPolicy -> the phase that it counts."""

_SLACK: Final = timedelta(seconds=1)
"""The status holds whole seconds: nothing is deleted before its time."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How many workflows of each phase are kept, the newest ones; a field that is left out of a policy keeps none."""

    completed: int = 0
    failed: int = 0
    errored: int = 0

    def keeps(self, phase: str) -> int | None:
        """The number for a phase, None for one that is not counted."""
        for field, counted in PHASES.items():
            if phase == counted:
                return int(getattr(self, field))
        return None


@dataclass(frozen=True, slots=True)
class Ended:
    """What is remembered of a completed workflow. expires: when its ttlStrategy deletes it, None never."""

    namespace: str
    name: str
    uid: str
    phase: str
    created: str
    expires: datetime | None

    @classmethod
    def of(cls, workflow: Document) -> Ended | None:
        """None for a workflow that must not be deleted (yet)."""
        if not is_done(workflow):
            return None
        return cls(
            documents.namespace(workflow),
            documents.name(workflow),
            documents.uid(workflow),
            str(dig(workflow, "status", "phase") or ""),
            documents.created(workflow),
            expires(workflow),
        )


def is_done(workflow: Mapping[str, Any]) -> bool:
    """Complete, archived if that was asked for, and not being deleted already."""
    labels = documents.labels(workflow)
    return (
        labels.get(LABEL_COMPLETED) == "true"
        and labels.get(LABEL_ARCHIVING_STATUS) != "Pending"
        and not documents.deleted(workflow)
    )


def expires(workflow: Document) -> datetime | None:
    """When the workflow's ttlStrategy deletes it; an Error is no failure in this sense."""
    finished = parse_time(dig(workflow, "status", "finishedAt"))
    seconds = _seconds(_strategy(workflow), str(dig(workflow, "status", "phase") or ""))
    if finished is None or seconds is None:
        return None
    try:
        return finished + timedelta(seconds=seconds) + _SLACK
    except OverflowError:
        return None


def _strategy(workflow: Document) -> Mapping[str, Any]:
    for spec in (workflow.get("spec"), dig(workflow, "status", "storedWorkflowTemplateSpec")):
        found = today_spec(spec).get("ttlStrategy") if isinstance(spec, dict) else None
        if isinstance(found, dict):
            return found
    return {}


def _seconds(strategy: Mapping[str, Any], phase: str) -> int | None:
    if not completed(phase):
        return None
    own = {Phase.FAILED: "secondsAfterFailure", Phase.SUCCEEDED: "secondsAfterSuccess"}
    for field in (own.get(Phase(phase)), "secondsAfterCompletion"):
        seconds = strategy.get(field) if field else None
        if isinstance(seconds, int) and not isinstance(seconds, bool):
            return seconds
    return None


def surplus(ended: Iterable[Ended], policy: Retention | None) -> list[Ended]:
    """Those that the policy does not keep, the oldest first."""
    if policy is None:
        return []
    by_phase: dict[str, list[Ended]] = {}
    for workflow in ended:
        by_phase.setdefault(workflow.phase, []).append(workflow)
    found: list[Ended] = []
    for phase, all_of_it in by_phase.items():
        kept = policy.keeps(phase)
        if kept is not None and len(all_of_it) > kept:
            all_of_it.sort(key=_age)
            found += all_of_it[: len(all_of_it) - kept]
    return sorted(found, key=_age)


def _age(workflow: Ended) -> tuple[str, str, str]:
    return workflow.created, workflow.namespace, workflow.name
