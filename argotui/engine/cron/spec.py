"""What a CronWorkflow asks for, read from the live object whatever its shape (§7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from argotui.engine.cron import grammar
from argotui.engine.cron.schedule import Schedule, parse_schedule
from argotui.engine.cron.zones import ScheduleError, load_zone
from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.times import parse_time

MOST_SCHEDULES: Final = 100
"""Different schedules of one CronWorkflow.  Upstream has no limit; each costs time at every look, and an annotation
holds all of them."""

STOPPED: Final = "Stopped"
ACTIVE: Final = "Active"
FORBID: Final = "Forbid"
REPLACE: Final = "Replace"

_SUCCESSFUL_KEPT: Final = 3
_FAILED_KEPT: Final = 1


class Malformed(ValueError):
    """The object is no CronWorkflow: a field has the wrong type."""


@dataclass(frozen=True)
class Rules:
    """The settings of one CronWorkflow.  deadline: how late a missed run may still start, None when it may not."""

    schedules: tuple[str, ...]
    timezone: str
    suspend: bool
    policy: str
    deadline: timedelta | None
    successful_kept: int
    failed_kept: int
    when: str
    stop: str

    @property
    def key(self) -> str:
        """The annotation `last-used-schedule`: changes when the moments of firing do."""
        return ",".join(with_zone(schedule, self.timezone) for schedule in self.schedules)

    def parsed(self) -> tuple[Schedule, ...]:
        """Raises ScheduleError."""
        different = dict.fromkeys(self.schedules)
        if len(different) > MOST_SCHEDULES:
            raise ScheduleError(f"a cron workflow has at most {MOST_SCHEDULES} schedules, found {len(different)}")
        return tuple(parse_schedule(schedule, self.timezone) for schedule in different)


def with_zone(schedule: str, timezone: str) -> str:
    """A schedule as upstream writes it down: the zone in front."""
    return f"CRON_TZ={timezone} {schedule}" if timezone else schedule


def schedule_fault(schedule: str) -> str:
    """What is wrong with a schedule; empty when nothing is."""
    try:
        grammar.parse(schedule)
    except ScheduleError as error:
        return str(error)
    return ""


def timezone_fault(timezone: str) -> str:
    """What is wrong with the name of a time zone; empty when nothing is."""
    try:
        load_zone(timezone.partition(" ")[0])
    except ScheduleError as error:
        return f"provided bad location {timezone}: {error}"
    return ""


def rules_of(cron: Document) -> Rules:
    """The rules of a CronWorkflow in today's form (`model.dialect.today`).  Raises Malformed."""
    spec = cron.get("spec")
    if not isinstance(spec, dict):
        raise Malformed("spec must be an object")
    _check_child(spec)
    seconds = _typed(spec, "startingDeadlineSeconds", int, 0)
    return Rules(
        schedules=tuple(_texts(spec)),
        timezone=_typed(spec, "timezone", str, ""),
        suspend=_typed(spec, "suspend", bool, False),
        policy=_typed(spec, "concurrencyPolicy", str, ""),
        deadline=None if spec.get("startingDeadlineSeconds") is None else _span(seconds),
        successful_kept=_kept(spec, "successfulJobsHistoryLimit", _SUCCESSFUL_KEPT),
        failed_kept=_kept(spec, "failedJobsHistoryLimit", _FAILED_KEPT),
        when=_typed(spec, "when", str, ""),
        stop=_typed(_typed(spec, "stopStrategy", dict, {}), "expression", str, ""),
    )


def _texts(spec: Mapping[str, Any]) -> list[str]:
    listed: list[str] = _typed(spec, "schedules", list, [])
    if not all(isinstance(each, str) for each in listed):
        raise Malformed("spec.schedules must be a list of texts")
    return listed


def _check_child(spec: Mapping[str, Any]) -> None:
    """The parts that children are made of."""
    _typed(spec, "workflowSpec", dict, {})
    metadata = _typed(spec, "workflowMetadata", dict, {})
    _typed(metadata, "finalizers", list, [])
    for key in ("labels", "annotations"):
        _typed(metadata, key, dict, {})


def _span(seconds: int) -> timedelta:
    return timedelta(seconds=min(max(seconds, 0), 10**9))


def _kept(spec: Mapping[str, Any], key: str, default: int) -> int:
    found = _typed(spec, key, int, default)
    return found if found >= 0 else default


def _typed(holder: Mapping[str, Any], key: str, kind: type[Any], default: Any) -> Any:
    found = holder.get(key)
    if found is None:
        return default
    if not isinstance(found, kind) or (kind is int and isinstance(found, bool)):
        raise Malformed(f"{key} must be {_CALLED[kind]}, not {type(found).__name__}")
    return found


_CALLED: Final = {int: "a whole number", str: "a text", bool: "true or false", list: "a list", dict: "an object"}


def status_of(cron: Document) -> Document:
    """`status`, empty when there is none."""
    found = cron.get("status")
    return found if isinstance(found, dict) else {}


def moment_of(text: object) -> datetime | None:
    """A time of the wire; None for one that is missing or cannot be read."""
    try:
        return parse_time(text) if isinstance(text, str) else None
    except ValueError:
        return None


def created(cron: Document) -> datetime | None:
    """When the object was made."""
    return moment_of(documents.created(cron))
