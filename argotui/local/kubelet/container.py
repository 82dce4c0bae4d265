"""One container from its start to its end, also when another kubelet has started it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Callable

from argotui.local.inotify import CLOSED_AFTER_WRITE, Unavailable
from argotui.local.kubelet.context import Node
from argotui.local.runtime import processes, waiter
from argotui.local.runtime.records import EXIT, LOG, ContainerRecord, Ended, Started
from argotui.local.runtime.types import ContainerPlan, Runtime, StartFailure
from argotui.local.supervisor.process import ProcessIdentity, boot_id

log = logging.getLogger(__name__)

UNKNOWN = "ContainerStatusUnknown"
_KILLED = 137
_MARK_SECONDS, _MARK_TRIES = 0.01, 100
_WRAPPER_FAILED = 64


class ContainerRun:
    """Runs a plan; the record on disk decides how much of it is left to do."""

    def __init__(self, plan: ContainerPlan, runtime: Runtime, node: Node) -> None:
        self._plan = plan
        self._record = plan.record
        self._runtime = runtime
        self._node = node
        self._spawned: int | None = None
        self._swept = False

    async def start(self) -> None:
        """Starts the command, unless that was done before. Raises Refused, ImageMissing.

        A command that cannot be started ends the container: what it died of is in its record.
        """
        record = self._record
        if record.started() is not None or record.ended() is not None:
            return
        try:
            launch = await self._runtime.prepare(self._plan)
            self._find_program()
            self._spawned = waiter.start(self._plan, launch, self._node.tools)
        except StartFailure as failure:
            self._failed(failure)
        except OSError as error:
            self._failed(StartFailure(f"failed to start the container: {error.strerror or error}"))

    async def end(self) -> Ended:
        """Waits for the end. The log is complete and nothing of the container runs any more when this returns."""
        record = self._record
        followed = self._node.logs.follow(record.directory) if record.has(LOG) else None
        try:
            async with self._left_behind():
                ended = await self._waited()
            if not self._swept:
                await self._runtime.finished(record)
        finally:
            if followed is not None:
                self._node.logs.finish(followed)
        return await self._explained(ended)

    def _find_program(self) -> None:
        plan = self._plan
        if not plan.command:
            return
        path = dict(plan.environment).get("PATH", self._runtime.search_path)
        try:
            self._runtime.files(plan).find_program(plan.command[0], path, plan.working_dir or "/")
        except StartFailure as failure:
            # upstream's emissary says so, and so do the messages of nodes
            text = f"failed to find name in PATH: {failure}" if plan.wrapped else str(failure)
            raise StartFailure(text) from None

    def _failed(self, failure: StartFailure) -> Ended:
        return self._record.write_exit(*self._account(failure))

    def _account(self, failure: StartFailure) -> tuple[int, str, str]:
        """Exit code, reason and message: the emissary's own where it would have met the failure."""
        if self._plan.wrapped:
            return _WRAPPER_FAILED, "", str(failure)
        return failure.exit_code, failure.reason, str(failure)

    async def _waited(self) -> Ended:
        """Waits for our waiter, and when an earlier one had made the mark before it, for that one."""
        record, seen = self._record, None
        if self._spawned is not None:
            await processes.child_ended(self._spawned)
        while True:
            ended = record.ended()
            started = await self._mark() if ended is None else None
            identity = started.waiter if started else None
            if ended is None and identity is not None and identity != seen:
                await processes.ended(identity)
                seen = identity
                continue
            return ended or self._lost(identity)

    async def _mark(self) -> Started | None:
        """The mark of an earlier start; its waiter may be in the middle of writing it."""
        started = self._record.started()
        for _ in range(_MARK_TRIES):
            if started is None or started.waiter is not None or self._record.ended() is not None:
                break
            await asyncio.sleep(_MARK_SECONDS)
            started = self._record.started()
        return started

    def _lost(self, identity: ProcessIdentity | None) -> Ended:
        """Nobody has written the exit code down: the waiter was killed, or the machine has been restarted."""
        if identity is None:
            return self._failed(StartFailure("the container's waiter ended before it began"))
        if identity.boot_id != boot_id():
            why = "the machine was restarted while this container ran; how its command ended is not known"
        else:
            why = "the container was killed together with its waiter; how its command ended is not known"
        return self._record.write_exit(_KILLED, UNKNOWN, why)

    async def _explained(self, ended: Ended) -> Ended:
        """Tells a command that never ran from one that failed, and adds what it left in its termination log."""
        if ended.reason or ended.message or ended.exit_code == 0:
            return ended
        failure = await self._runtime.failure(self._plan, ended.exit_code)
        if failure is not None:
            return self._record.replace_exit(*self._account(failure))
        message = self._record.termination_message()
        return Ended(ended.exit_code, ended.at, "", message) if message else ended

    @contextlib.asynccontextmanager
    async def _left_behind(self) -> AsyncIterator[None]:
        """Ends children that outlive the command and keep its log open, in runtimes where there can be some."""
        marks = self._node.marks
        if marks is None or not self._runtime.leaves_children:
            yield
            return
        done = asyncio.Event()
        task = asyncio.create_task(self._sweep(done))
        watch = None
        try:
            with contextlib.suppress(Unavailable):
                watch = marks.watch(self._record.directory, CLOSED_AFTER_WRITE, self._look_for_exit(done))
            self._look_for_exit(done)()
            yield
            if done.is_set():
                await task
        finally:
            if watch is not None:
                marks.forget(watch)
            task.cancel()

    def _look_for_exit(self, done: asyncio.Event) -> Callable[[], None]:
        return lambda: done.set() if self._record.has(EXIT) else None

    async def _sweep(self, done: asyncio.Event) -> None:
        await done.wait()
        await self._runtime.finished(self._record)
        self._swept = True


async def end_now(record: ContainerRecord, runtime: Runtime, limit: float) -> bool:
    """Kills a container that nobody follows. True when nothing of it runs any more."""
    started = record.started()
    waiter_identity = started.waiter if started else None
    if waiter_identity is not None and waiter_identity.is_alive():
        await runtime.signal(record, signal.SIGKILL)
        if runtime.leaves_children:
            await runtime.finished(record)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(waiter_identity.ended(), limit)
    elif waiter_identity is not None and record.ended() is None:
        await runtime.finished(record)
    await runtime.discard(record)
    return waiter_identity is None or not waiter_identity.is_alive()
