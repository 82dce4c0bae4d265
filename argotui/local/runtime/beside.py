"""Commands beside a container's own, which end with whoever asked for them: exec probes, `kubectl exec`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Beside:
    """How such a command is started. `descriptors` are given to it, and are closed by `close`."""

    words: Sequence[str]
    environment: Mapping[str, str]
    directory: str | None = None
    descriptors: Sequence[int] = ()

    async def start(self, stdin: Any, stdout: Any, stderr: Any, **more: Any) -> asyncio.subprocess.Process:
        """The process, in a session of its own. Raises OSError, or ValueError for words that no kernel takes."""
        return await asyncio.create_subprocess_exec(
            *self.words, stdin=stdin, stdout=stdout, stderr=stderr, env=dict(self.environment), cwd=self.directory,
            pass_fds=tuple(self.descriptors), start_new_session=True, **more,
        )  # fmt: skip

    def close(self) -> None:
        """It was started, or will not be."""
        for descriptor in self.descriptors:
            os.close(descriptor)


def secret_file(content: bytes) -> int:
    """A descriptor of something that only its holder can read, at its beginning: for what no `ps` must show."""
    descriptor = os.memfd_create("argotui")
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


async def run_beside(beside: Beside, seconds: float) -> int | None:
    """The exit code; None when the command takes longer than `seconds`, 127 when it cannot be started."""
    nothing = subprocess.DEVNULL
    try:
        process = await beside.start(nothing, nothing, nothing)
    except (OSError, ValueError):
        return 127
    finally:
        beside.close()
    try:
        async with asyncio.timeout(seconds):
            return await process.wait()
    except TimeoutError:
        return None
    finally:
        await kill_session(process)


async def kill_session(process: asyncio.subprocess.Process) -> None:
    """Kills what is left of a command and its children."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
