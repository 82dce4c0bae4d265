"""CronWorkflows: when they fire, and what follows from that (§7).  Pure: no clock, no I/O; time is an argument.

schedule = parse_schedule("0 2 * * mon-fri", "Europe/Berlin")    # the grammar, with the texts that say what is wrong
schedule.next(after)                                             # the next firing, or None
"""

from argotui.engine.cron.schedule import (
    Calendar,
    Every,
    Schedule,
    latest_time,
    next_times,
    parse_schedule,
)
from argotui.engine.cron.zones import ScheduleError, Zone, load_zone

__all__ = [
    "Calendar",
    "Every",
    "Schedule",
    "ScheduleError",
    "Zone",
    "latest_time",
    "load_zone",
    "next_times",
    "parse_schedule",
]
