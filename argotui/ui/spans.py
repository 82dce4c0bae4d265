"""Ages and durations as short text. Beyond a minute a running one ticks once a minute: each tick costs bytes."""

from __future__ import annotations

from datetime import datetime

from argotui.store.nodes import when

MINUTE = 60
HOUR = 3600
DAY = 86400


def coarse(seconds: float) -> str:
    """`42s`, `5m`, `3h12m`, `2d4h`, `41d`: what is still counting."""
    whole = max(0, int(seconds))
    if whole < MINUTE:
        return f"{whole}s"
    return _long(whole, f"{whole // MINUTE}m")


def exact(seconds: float) -> str:
    """`42s`, `5m07s`, `3h12m`, `2d4h`: what has ended."""
    whole = max(0, int(seconds))
    if whole < MINUTE:
        return f"{whole}s"
    return _long(whole, f"{whole // MINUTE}m{whole % MINUTE:02}s")


def _long(whole: int, minutes: str) -> str:
    if whole < HOUR:
        return minutes
    if whole < DAY:
        return f"{whole // HOUR}h{whole % HOUR // MINUTE:02}m"
    days, hours = whole // DAY, whole % DAY // HOUR
    return f"{days}d{hours}h" if days < 10 and hours else f"{days}d"


def age(since: str, now: datetime) -> str:
    """Time since an RFC 3339 moment; empty when there is none."""
    moment = when(since)
    return coarse((now - moment).total_seconds()) if moment else ""


def duration(started: str, finished: str, now: datetime) -> str:
    """How long something took, or has been taking so far."""
    begin, end = when(started), when(finished)
    if begin is None:
        return ""
    return exact((end - begin).total_seconds()) if end else coarse((now - begin).total_seconds())


def ticks(started: str, finished: str) -> bool:
    """Whether the duration still grows."""
    return bool(started) and not finished
