"""When a pod, or the step in it, has run for too long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime


class Deadlines:
    """`activeDeadlineSeconds` of the pod, and the step's deadline, which its executor is told."""

    def __init__(self) -> None:
        self._seconds: float | None = None
        self._pod: asyncio.TimerHandle | None = None
        self._step: asyncio.TimerHandle | None = None

    def arm_pod(self, started: datetime, seconds: float, passed: Callable[[], None]) -> None:
        """Counted from the pod's start; the seconds may be changed while the pod runs."""
        if seconds == self._seconds:
            return
        if self._pod is not None:
            self._pod.cancel()
        self._seconds = seconds
        self._pod = _at(started.timestamp() + seconds, passed)

    def arm_step(self, moment: datetime, passed: Callable[[], None]) -> None:
        """At a moment."""
        self._step = _at(moment.timestamp(), passed)

    def cancel(self) -> None:
        """Nobody follows the pod any more."""
        for timer in (self._pod, self._step):
            if timer is not None:
                timer.cancel()


def _at(moment: float, action: Callable[[], None]) -> asyncio.TimerHandle:
    """Calls `action` at a moment, given in seconds since 1970."""
    return asyncio.get_running_loop().call_later(max(0.0, moment - datetime.now(UTC).timestamp()), action)
