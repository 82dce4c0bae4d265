"""Writing the status of one workflow: joined changes, guarded by resourceVersion, one write in flight."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from argotui.controller.composing import PatchQueue
from argotui.controller.packing import Packing, WorkflowTooLarge
from argotui.controller.transient import is_transient
from argotui.engine.effects import Effect
from argotui.kube.errors import ApiError, KubeError
from argotui.model.documents import Document, resource_version

log = logging.getLogger(__name__)

Send = Callable[[Document], Awaitable[Document]]
"""Patches the workflow with a merge patch, returns the stored object. Raises ApiError, Unreachable."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 5.0
_PLAIN_SHARE = 10
_PACKED_SHARE = 20
"""The pause between writes is this many times what the last one took: §1.7 blobs cost the whole tree each time."""


class WriterOwner(Protocol):
    """The runner of the same workflow, told how writes ended."""

    def written(self, after: Sequence[Effect], changes: Document) -> None:
        """`changes` were stored; `after` may now be carried out."""

    def overtaken(self) -> None:
        """Somebody else changed or deleted the object: what was to be written is void."""

    def refused(self, error: Exception) -> None:
        """The server will not take it, now or later; what was to be written is void."""


class StatusWriter:
    """Belongs to one load of one workflow: `version` starts as that object's and follows our own writes."""

    def __init__(self, owner: WriterOwner, send: Send, stored: Document, current: Callable[[], Document]) -> None:
        self.version = resource_version(stored)
        self._owner = owner
        self._send = send
        self._current = current
        self._packing = Packing(stored)
        self._patches = PatchQueue()
        self._after: list[Effect] = []
        self.uncertain = False
        """A write was not answered, so that it may or may not be stored, and no later one was stored either."""
        self._task: asyncio.Task[None] | None = None
        self._in_flight = False
        self._stopped = False
        self._pause = _FIRST_PAUSE
        self._urgent = asyncio.Event()
        self._not_before = 0.0

    @property
    def in_flight(self) -> bool:
        """A write was sent and is not answered yet, so `version` may be behind."""
        return self._in_flight

    @property
    def idle(self) -> bool:
        """Nothing waits to be written, nothing is being written."""
        return not self._patches and not self._after and (self._task is None or self._task.done())

    def add(self, changes: Document, after: Sequence[Effect]) -> None:
        """Queues `changes`; `after` follows once they, and all before them, are stored."""
        if self._stopped:
            raise RuntimeError("a stopped writer was given something to write")
        self._patches.add(changes)
        self._after.extend(after)
        if "phase" in (changes.get("status") or {}):
            self._urgent.set()  # somebody waits for this
        if (changes or after) and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._drain(), name="status writer")

    async def stop(self) -> None:
        """Drops what was not sent; waits for the answer to what was."""
        self._stopped = True
        self._void()
        task = self._task
        if task is None or task.done():
            return
        if not self._in_flight:
            task.cancel()
        await asyncio.wait([task])

    async def drained(self) -> None:
        """Returns when nothing is left to write."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def cancel(self) -> None:
        """Ends at once, whatever is on its way."""
        self._stopped = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _drain(self) -> None:
        try:
            while self._patches or self._after:
                if self._patches:
                    await self._paced()
                if not await self._write():
                    return
        except Exception as error:  # noqa: BLE001 (told to the owner, which logs it and starts anew)
            self._void()
            self._owner.refused(error)

    async def _paced(self) -> None:
        """Leaves the server its pause. A change of the workflow's phase waits only where nodes are compressed."""
        wait = self._not_before - asyncio.get_running_loop().time()
        if wait <= 0:
            return
        if self._packing.packed:
            await asyncio.sleep(wait)
            return
        try:
            async with asyncio.timeout(wait):
                await self._urgent.wait()
        except TimeoutError:
            return

    async def _write(self) -> bool:
        """One write with all that is pending. False when there is no point in going on."""
        self._urgent.clear()
        after, self._after = self._after, []
        if not self._patches:
            self._owner.written(after, {})
            return True
        patch = self._patches.take()
        if self._patches:  # what follows cannot be joined with it; `after` belongs to the last
            self._after, after = after, []
        started = asyncio.get_running_loop().time()
        body = await self._packing.body(patch, self._current())
        try:
            stored = await self._sent(body)
        except _Again as again:
            if self._stopped:
                return False
            self._patches.put_back(patch)
            self._after = after + self._after
            await asyncio.sleep(again.pause)
            return True
        except ApiError as error:
            self._failed(error)
            return False
        self.version = resource_version(stored)
        self._packing.stored()
        self._pace(started)
        self._owner.written(after, patch)
        return True

    async def _sent(self, body: Document) -> Document:
        guarded = {**body, "metadata": {**(body.get("metadata") or {}), "resourceVersion": self.version}}
        self._in_flight = True
        try:
            stored = await self._send(guarded)
        except KubeError as error:
            if not is_transient(error):
                raise
            log.debug("status write has to wait: %s", error)
            self.uncertain = True
            asked = error.retry_after if isinstance(error, ApiError) else None
            raise _Again(max(self._back_off(), asked or 0.0)) from error
        finally:
            self._in_flight = False
        self._pause, self.uncertain = _FIRST_PAUSE, False
        return stored

    def _back_off(self) -> float:
        pause, self._pause = self._pause, min(self._pause * 2, _LONGEST_PAUSE)
        return pause

    def _failed(self, error: ApiError) -> None:
        self._void()
        if error.is_conflict or error.is_not_found:
            self.uncertain = False  # the version that an earlier attempt was guarded by is history
            self._owner.overtaken()
        elif error.status == 413 or "request is too large" in error.message:
            self._owner.refused(WorkflowTooLarge(error.message))
        else:
            self._owner.refused(error)

    def _void(self) -> None:
        self._patches.clear()
        self._after.clear()

    def _pace(self, started: float) -> None:
        now = asyncio.get_running_loop().time()
        self._not_before = now + (now - started) * (_PACKED_SHARE if self._packing.packed else _PLAIN_SHARE)


class _Again(Exception):
    """The same write is to be tried after `pause` seconds: nobody knows whether it was stored."""

    def __init__(self, pause: float) -> None:
        super().__init__(pause)
        self.pause = pause
