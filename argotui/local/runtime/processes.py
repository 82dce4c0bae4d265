"""Waiting for waiters: an event of the kernel where it has pidfd, looking again and again where it has not."""

from __future__ import annotations

import asyncio
import contextlib
import os

from argotui.local.supervisor.process import ProcessIdentity

_LOOK_SECONDS = 0.05


async def child_ended(pid: int) -> None:
    """Returns when a child of this process has ended, and takes it out of the process table."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    except OSError:
        await _look_for_end(pid)
        return
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(descriptor, over.set)
    try:
        await over.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
    _reap(pid)


async def ended(identity: ProcessIdentity) -> None:
    """Returns when the process has ended, whoever has started it."""
    await identity.ended()
    _reap(identity.pid)


async def _look_for_end(pid: int) -> None:
    """For kernels before 5.3."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(pid, os.WNOHANG)[0] == 0:  # noqa: ASYNC110, ASYNC222 - no event
            await asyncio.sleep(_LOOK_SECONDS)


def environment_of(pid: int) -> dict[str, str]:
    """What a process was started with. Raises OSError when it has ended, or is another user's."""
    with open(f"/proc/{pid}/environ", "rb") as file:
        pairs = (os.fsdecode(pair).partition("=") for pair in file.read().split(b"\0") if pair)
        return {name: value for name, _, value in pairs}


def _reap(pid: int) -> None:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
