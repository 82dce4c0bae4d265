"""Which firing is due: on time, or missed and still worth making up for (§7).

Upstream keeps the next firing in a timer, so a restart loses what fell into it.  Here a firing is due when it
lies after everything that was settled before, whoever looks and whenever: the same moments give the same children.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from argotui.engine.cron.child import scheduled_time
from argotui.engine.cron.schedule import Schedule, latest_time, next_firing
from argotui.engine.cron.spec import Rules, created, moment_of, status_of
from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.keys import ANNOTATION_CRON_LAST_SCHEDULE

GRACE: Final = timedelta(seconds=60)
"""What fired so short a time ago is on time: a restart, a busy machine or a sleeping laptop loses nothing.

What is older was missed, and `startingDeadlineSeconds` says whether it still runs."""

_WRONG_CLOCK: Final = timedelta(days=1)
"""A last run that lies farther in the future was started under a wrong clock, and holds up nothing."""

_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Watch:
    """How far one process has come with one CronWorkflow.

    key: its schedule.  settled: firings up to here were decided.  closed: what fired up to here and did not run
    is not made up for, because the schedule was another one, or because it cannot be submitted.
    """

    key: str
    settled: datetime
    closed: datetime = _LONG_AGO


def watched(watch: Watch | None, cron: Document, rules: Rules, now: datetime) -> Watch:
    """The watch with which a look at `now` begins; None is a process that sees the CronWorkflow first."""
    if watch is None:
        return _first(cron, rules, now)
    if watch.key != rules.key:
        return Watch(rules.key, now, now)
    return replace(watch, settled=min(watch.settled, now))  # the clock may have been set back


def _first(cron: Document, rules: Rules, now: datetime) -> Watch:
    used = documents.annotations(cron).get(ANNOTATION_CRON_LAST_SCHEDULE, rules.key)
    if used != rules.key:
        return Watch(rules.key, now, now)
    grace = GRACE if rules.deadline is None else min(GRACE, rules.deadline)
    return Watch(rules.key, now - grace)


def last_run(cron: Document, children: Iterable[Document], now: datetime) -> datetime | None:
    """The latest firing that has a child, also when the status does not know of it yet."""
    found = [moment_of(status_of(cron).get("lastScheduledTime")), *(scheduled_time(cron, each) for each in children)]
    return max((moment for moment in found if moment is not None and moment < now + _WRONG_CLOCK), default=None)


def due(
    cron: Document, rules: Rules, schedules: Sequence[Schedule], watch: Watch, last: datetime | None, now: datetime
) -> datetime | None:
    """The firing to run now: only the latest one, None when there is none."""
    begun = max(created(cron) or _LONG_AGO, last or _LONG_AGO)
    anchor = anchor_of(cron, now)
    on_time = latest_time(schedules, anchor, max(begun, watch.settled, now - GRACE), now)
    if on_time is not None or last is None or not rules.deadline:
        return on_time
    return latest_time(schedules, anchor, max(begun, watch.closed, now - rules.deadline), now)


def next_look(cron: Document, schedules: Iterable[Schedule], now: datetime) -> datetime | None:
    """The next firing after `now`, None when there is none for years."""
    anchor = anchor_of(cron, now)
    found = (next_firing(schedule, anchor, now) for schedule in schedules)
    return min((moment for moment in found if moment is not None), default=None)


def anchor_of(cron: Document, now: datetime) -> datetime:
    """Where the rhythm of `@every` begins: neither a restart nor a run of another schedule shifts it."""
    return created(cron) or now
