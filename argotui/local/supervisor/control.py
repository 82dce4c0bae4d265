"""Talking to the supervisor of a local cluster: one JSON line each way over a Unix socket.

Requests: {"op": "status"}, {"op": "ready"} (answers when every process is ready), {"op": "stop"} (answers when
all have ended).
"""

import asyncio
import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SOCKET = "supervisor.sock"


class NotRunning(Exception):
    """No supervisor listens in this directory."""


@contextlib.contextmanager
def socket_path(directory: Path) -> Iterator[str]:
    """A path to the socket that is short enough for the kernel (107 bytes), however deep the directory lies."""
    descriptor = os.open(directory / "run", os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{SOCKET}"
    finally:
        os.close(descriptor)


async def ask(directory: Path, operation: str) -> dict[str, Any]:
    """Sends one request. Raises NotRunning when there is no supervisor, or it ended before it answered."""
    try:
        with socket_path(directory) as path:
            reader, writer = await asyncio.open_unix_connection(path)
    except OSError as error:
        raise NotRunning(f"no local cluster runs in {directory}") from error
    try:
        writer.write(json.dumps({"op": operation}).encode() + b"\n")
        await writer.drain()
        line = await reader.readline()
    except OSError as error:
        raise NotRunning(f"the local cluster in {directory} ended before it answered") from error
    finally:
        writer.close()
    if not line:
        raise NotRunning(f"the local cluster in {directory} ended before it answered")
    answer: dict[str, Any] = json.loads(line)
    return answer
