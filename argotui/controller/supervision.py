"""Tasks that must not die unnoticed: whatever ends one is logged, and it is started again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from argotui.controller.lease import LeaseLost

log = logging.getLogger(__name__)

_LONGEST_PAUSE = 30.0


async def supervised(name: str, work: Callable[[], Awaitable[Any]]) -> None:
    """Runs `work` for ever. Only cancellation and the loss of the lease get out."""
    pause = 0.5
    while True:
        try:
            await work()
            log.error("%s: ended, though it should not; started again in %g s", name, pause)
        except LeaseLost:
            raise
        except Exception:
            log.exception("%s: failed; started again in %g s", name, pause)
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)


class Crew:
    """Short tasks that somebody must wait for or end: none is lost, none is forgotten, none fails in silence."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Runs `work` in a task of its own."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None and not isinstance(error, LeaseLost):
            log.error("%s: failed", task.get_name(), exc_info=error)

    async def settled(self) -> None:
        """Returns when no task is left."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def dismiss(self) -> None:
        """Cancels all and waits for their end."""
        for task in self._tasks:
            task.cancel()
        await self.settled()
