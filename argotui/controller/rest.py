"""The pause of something that has failed and will be tried again."""

import asyncio
from collections.abc import Callable

_FIRST, _LONGEST = 0.2, 60.0
_LONGEST_OUTAGE = 3.0
"""While the server is away: asking a closed door costs little, and steps wait."""


class Rest:
    """Pauses grow from failure to failure. `over` is called at the end of each."""

    def __init__(self, over: Callable[[], None]) -> None:
        self._over = over
        self._timer: asyncio.TimerHandle | None = None
        self.failures = 0
        """In a row; whoever succeeds sets it back."""

    @property
    def is_on(self) -> bool:
        """A pause is under way."""
        return self._timer is not None

    def begin(self, *, transient: bool) -> float:
        """After a failure: the seconds until `over`. transient: the server has no answer for the moment."""
        pause = min(_FIRST * 2.0 ** min(self.failures, 16), _LONGEST_OUTAGE if transient else _LONGEST)
        self.failures += 1
        self._timer = asyncio.get_running_loop().call_later(pause, self._end)
        return pause

    def cancel(self) -> None:
        """Nothing follows any more."""
        if self._timer is not None:
            self._timer.cancel()

    def _end(self) -> None:
        self._timer = None
        self._over()
