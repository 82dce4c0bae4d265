"""The moment at which a workflow wants to be looked at again."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from argotui.controller import clock

_LONGEST_WAIT = 30.0
"""The wall clock may jump while the loop's does not, so it is read again this often (seconds)."""

_MARGIN = 0.001


class Alarm:
    """Calls `fire` once when the moment set last has come, never before it."""

    def __init__(self, fire: Callable[[], None], now: Callable[[], datetime] = clock.now) -> None:
        self._fire = fire
        self._now = now
        self._moment: datetime | None = None
        self._handle: asyncio.TimerHandle | None = None

    @property
    def moment(self) -> datetime | None:
        """What it is set to, None when it is off."""
        return self._moment

    def set(self, moment: datetime) -> None:
        """Sets it to `moment` (aware) in place of any earlier one; the past is now."""
        self._moment = moment
        self._arm()

    def clear(self) -> None:
        """Turns it off."""
        self._moment = None
        self._arm()

    def _arm(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        if self._moment is not None:
            wait = (self._moment - self._now()).total_seconds() + _MARGIN
            loop = asyncio.get_running_loop()
            self._handle = loop.call_later(max(0.0, min(wait, _LONGEST_WAIT)), self._ring)

    def _ring(self) -> None:
        self._handle = None
        if self._moment is not None and self._moment <= self._now():
            self._moment = None
            self._fire()
        else:
            self._arm()
