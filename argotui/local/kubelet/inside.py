"""Containers of the executor that do the step's work themselves: tasks of the kubelet, without a process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from argotui.local.runtime.records import ContainerRecord, Ended


class InsideContainer:
    """One such container. It can be signalled like a process, and is taken up again by the next kubelet."""

    def __init__(self, record: ContainerRecord) -> None:
        self._record = record
        self._signalled: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def signal(self, number: int) -> None:
        """Ends the work, whichever signal it is."""
        if not self._signalled.done():
            self._signalled.set_result(number)

    async def run(self, work: Callable[[], Awaitable[Ended]]) -> Ended:
        """Does the work, which writes its own end down; a signal ends it as it would end a process."""
        self._record.append_log("")
        self._record.mark_started()
        task = asyncio.ensure_future(work())
        both: set[asyncio.Future[Any]] = {task, self._signalled}
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
        finally:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        return self._record.write_exit(128 + self._signalled.result())
