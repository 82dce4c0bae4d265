"""Short commands beside a container's own, which end with whoever asked for them (exec probes)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence


async def run_beside(
    command: Sequence[str],
    seconds: float,
    environment: Mapping[str, str],
    directory: str | None = None,
    descriptors: Sequence[int] = (),
) -> int | None:
    """The exit code; None when the command takes longer than `seconds`, 127 when it cannot be started."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=dict(environment),
            cwd=directory,
            pass_fds=tuple(descriptors),
            start_new_session=True,
        )
    except (OSError, ValueError):
        return 127
    try:
        async with asyncio.timeout(seconds):
            return await process.wait()
    except TimeoutError:
        return None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
