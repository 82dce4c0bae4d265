"""`resourceRateLimit`: so many pods per second, with so many at once after a pause (§2.6)."""

from collections.abc import Callable

from argotui.engine.config import Rate

MESSAGE = "resource creation rate-limit reached"


class Pace:
    """A token bucket that gives numbers out: everybody has a turn, in the order of asking."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._rate: Rate | None = None
        self._tokens = 0.0
        self._at = 0.0

    def set(self, rate: Rate | None) -> None:
        """A new rate, None for none; a bucket that was not limited before starts full."""
        if rate == self._rate:
            return
        fresh = self._rate is None
        self._rate = rate
        if rate is not None:
            self._tokens = float(rate.burst) if fresh else min(self._tokens, rate.burst)
            self._at = self._clock()

    def turn(self) -> float:
        """Seconds until the caller may create its pod. Every call takes a token, if need be one of the future."""
        rate = self._rate
        if rate is None:
            return 0.0
        now = self._clock()
        self._tokens = min(self._tokens + (now - self._at) * rate.limit, float(rate.burst))
        self._at = now
        self._tokens -= 1
        return max(-self._tokens / rate.limit, 0.0)
