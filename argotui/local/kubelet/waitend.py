"""How the `wait` container of a step, which needs no process, comes to its end."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable

from argotui.executor.template import ExecutorError
from argotui.local.inotify import Inotify
from argotui.local.kubelet.executors import WaitContainer
from argotui.local.kubelet.writer import GATHER_SECONDS
from argotui.local.runtime.records import ContainerRecord, Ended

FAILED = 64
"""Exit code of an executor that cannot do its work."""


class WaitEnd:
    """It ends after the mains, or when somebody kills it."""

    def __init__(self) -> None:
        self.mains_over = asyncio.Event()
        self._killed = asyncio.Event()

    def kill(self) -> None:
        """What SIGKILL does to it."""
        self._killed.set()

    async def follow(
        self, wait: WaitContainer, record: ContainerRecord, news: Inotify | None, finish: Callable[[], Awaitable[Ended]]
    ) -> Ended:
        """Reports what the step does until its end. finish: collects the results, once the mains are over."""
        reporting = asyncio.create_task(self._report(wait, record, news, finish))
        killed = asyncio.create_task(self._killed.wait())
        try:
            await asyncio.wait({reporting, killed}, return_when=asyncio.FIRST_COMPLETED)
            if reporting.done():
                return reporting.result()
        finally:
            killed.cancel()
            reporting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await reporting
        await wait.begin()  # results were to come, though now they never will
        return record.write_exit(128 + signal.SIGKILL)

    async def _report(
        self, wait: WaitContainer, record: ContainerRecord, news: Inotify | None, finish: Callable[[], Awaitable[Ended]]
    ) -> Ended:
        beginning = asyncio.create_task(self._announce(wait))
        try:
            async with wait.following(news):
                await self.mains_over.wait()
            await beginning
        except ExecutorError as error:
            return record.write_exit(FAILED, "", str(error))
        finally:
            beginning.cancel()
        return await finish()

    async def _announce(self, wait: WaitContainer) -> None:
        """That results are to come is no news where they come at once."""
        try:
            async with asyncio.timeout(GATHER_SECONDS):
                await self.mains_over.wait()
        except TimeoutError:
            await wait.begin()
