"""Ending the containers of a pod: SIGTERM, a grace period, SIGKILL."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass

_KILL_AGAIN_SECONDS = 1.0


@dataclass(frozen=True)
class Verdict:
    """Why the kubelet itself ends a pod; both are "" when somebody has deleted it."""

    reason: str = ""
    message: str = ""


class Stopping:
    """Knows which containers run, and ends them. `event` is set once the whole pod has to end."""

    def __init__(self, send: Callable[[str, int], Awaitable[None]]) -> None:
        self.event = asyncio.Event()
        self.verdict: Verdict | None = None
        self._send = send
        self._running: dict[str, asyncio.Event] = {}
        self._until: float | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def runs(self, name: str) -> None:
        """A container has been started; when the pod is ending already, it is ended at once."""
        self._running[name] = asyncio.Event()
        if self._until is not None:
            self.end_soon([name], self._until - asyncio.get_running_loop().time())

    def ran(self, name: str) -> None:
        """A container has ended."""
        ended = self._running.pop(name, None)
        if ended is not None:
            ended.set()

    def begin(self, verdict: Verdict, grace: float) -> None:
        """Ends the pod. The first verdict stands; a later and shorter grace counts."""
        until = asyncio.get_running_loop().time() + grace
        if self._until is not None and until >= self._until:
            return
        self.verdict = self.verdict or verdict
        self._until = until
        self.event.set()
        self.end_soon(list(self._running), grace)

    def end_soon(self, names: Collection[str], grace: float) -> None:
        """`end_some` in the background."""
        task = asyncio.get_running_loop().create_task(self.end_some(names, grace))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def end_some(self, names: Collection[str], grace: float) -> None:
        """Returns when those of the containers that run have ended; without grace they are killed at once."""
        events = [(name, self._running[name]) for name in names if name in self._running]
        await asyncio.gather(*(self._end(name, event, grace) for name, event in events))

    async def done(self) -> None:
        """Returns when everything that is being ended has ended."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def abandon(self) -> None:
        """Ends nothing any more; what has been sent has been sent."""
        for task in self._tasks:
            task.cancel()

    async def _end(self, name: str, ended: asyncio.Event, grace: float) -> None:
        if grace > 0:
            await self._send(name, signal.SIGTERM)
            if await _within(ended, grace):
                return
        while not ended.is_set():
            await self._send(name, signal.SIGKILL)
            # a process in the kernel's hands cannot be killed at once; and one may start just now
            await _within(ended, _KILL_AGAIN_SECONDS)


async def _within(event: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True
