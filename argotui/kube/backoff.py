"""Pauses between attempts."""

import random


class Backoff:
    """Each pause is twice the one before, up to `longest` seconds; `reset()` after a success.

    The pauses are spread, because all clients of a server that comes back would otherwise return as one.
    """

    def __init__(self, first: float, longest: float) -> None:
        self._first = first
        self._longest = longest
        self._pause = first

    def next(self, at_least: float = 0.0) -> float:
        """Seconds to wait now; never less than the server asked for (`at_least`)."""
        pause, self._pause = self._pause, min(self._pause * 2, self._longest)
        return max(pause * random.uniform(0.5, 1.0), at_least * random.uniform(1.0, 1.2))

    def reset(self) -> None:
        """The next pause is the first one again."""
        self._pause = self._first
