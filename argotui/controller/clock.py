"""Clocks: what time it is for people, and how long ago something was even if the machine slept."""

import time
from datetime import UTC, datetime


def now() -> datetime:
    """The wall clock, aware, UTC."""
    return datetime.now(UTC)


def elapsed() -> float:
    """Seconds that also pass while the machine is suspended: a lease does not wait for a closed lid."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()
