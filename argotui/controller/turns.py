"""Whose turn it is to think. A turn is work without a pause, and thousands of steps make a long one."""

import asyncio
from collections.abc import Awaitable, Callable


class Turns:
    """One workflow thinks in each pass of the event loop, in the order of asking.

    What waits for the network has its turn in between: many workflows that wake at the same moment (the start of a
    term, say) would else keep the Lease from being renewed, lose it, and begin anew for ever.

    ready: returns when nothing is overdue that a long turn must not delay.
    """

    def __init__(self, ready: Callable[[], Awaitable[None]]) -> None:
        self._ready = ready
        self._lock = asyncio.Lock()

    async def take(self) -> None:
        """Returns when the caller has the loop for itself, until it awaits again."""
        await self._lock.acquire()
        try:
            await self._ready()
        finally:
            asyncio.get_running_loop().call_soon(self._lock.release)
