"""When a CronWorkflow runs next, for whoever asks (§7)."""

from __future__ import annotations

from datetime import datetime

from argotui.engine.cron.spec import STOPPED, Malformed, rules_of
from argotui.engine.cron.timing import next_look
from argotui.engine.cron.zones import ScheduleError
from argotui.model.dialect import today
from argotui.model.documents import Document, dig


def next_run(cron: Document, now: datetime) -> datetime | None:
    """The next firing after `now`, UTC; None when there is none, or when the schedule cannot be read.

    Schedules without a zone are taken as UTC, which the local controller runs in.  A suspended or stopped one has none:
    it fires, but does not run.
    """
    cron = today(cron)
    try:
        rules = rules_of(cron)
        if rules.suspend or dig(cron, "status", "phase") == STOPPED:
            return None
        return next_look(cron, rules.parsed(), now)
    except (Malformed, ScheduleError):
        return None
