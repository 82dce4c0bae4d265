"""When a CronWorkflow runs next, for whoever asks (§7)."""

from __future__ import annotations

from datetime import datetime

from argotui.engine.cron.schedule import next_firing
from argotui.engine.cron.spec import Malformed, created, moment_of, rules_of, status_of
from argotui.engine.cron.zones import ScheduleError
from argotui.model.dialect import today
from argotui.model.documents import Document


def next_run(cron: Document, now: datetime) -> datetime | None:
    """The next firing after `now`, UTC; None when there is none, or when the schedule cannot be read.

    Schedules without a zone are taken as UTC, which the local controller runs in.  A suspended one fires too, and
    then does not run.
    """
    cron = today(cron)
    anchor = moment_of(status_of(cron).get("lastScheduledTime")) or created(cron) or now
    try:
        found = [next_firing(schedule, anchor, now) for schedule in rules_of(cron).parsed()]
    except (Malformed, ScheduleError):
        return None
    return min((moment for moment in found if moment is not None), default=None)
