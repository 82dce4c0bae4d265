"""When a CronWorkflow runs next, for whoever asks (§7)."""

from __future__ import annotations

from datetime import datetime

from argotui.engine.cron.spec import Malformed, rules_of
from argotui.engine.cron.timing import next_look
from argotui.engine.cron.zones import ScheduleError
from argotui.model.dialect import today
from argotui.model.documents import Document


def next_run(cron: Document, now: datetime) -> datetime | None:
    """The next firing after `now`, UTC; None when there is none, or when the schedule cannot be read.

    Schedules without a zone are taken as UTC, which the local controller runs in.  A suspended one fires too, and
    then does not run.
    """
    cron = today(cron)
    try:
        return next_look(cron, rules_of(cron).parsed(), now)
    except (Malformed, ScheduleError):
        return None
