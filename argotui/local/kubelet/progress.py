"""Self-reported progress: what a step writes to its progress file goes into the task result (§4.5, §5.1)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from argotui.executor.template import ExecutorError
from argotui.local.inotify import CLOSED_AFTER_WRITE, MOVED_IN, Inotify, Unavailable

log = logging.getLogger(__name__)

FILE = "progress"
_PROGRESS = re.compile(r"(\d+)/(\d+)\s*\Z")
_REST_SECONDS = 3.0
"""Between two reports of one step; upstream looks at the file as often."""


def read_progress(directory: Path) -> str:
    """`N/M` from the last line of the file; "" when there is none."""
    try:
        descriptor = os.open(directory / FILE, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ""
    with open(descriptor, "rb") as file:
        lines = file.read(4096).decode(errors="replace").strip().splitlines()
    found = _PROGRESS.match(lines[-1]) if lines else None
    return f"{found[1]}/{found[2]}" if found and int(found[2]) > 0 and int(found[1]) <= int(found[2]) else ""


@contextlib.asynccontextmanager
async def reporting(
    directory: Path | None, news: Inotify | None, report: Callable[[str], Awaitable[None]]
) -> AsyncIterator[None]:
    """Reports the progress while the block runs, once the step has written some."""
    if directory is None or news is None:
        yield
        return
    changed = asyncio.Event()
    task = asyncio.create_task(_follow(directory, changed, report))
    watch = None
    try:
        with contextlib.suppress(Unavailable):
            watch = news.watch(directory, CLOSED_AFTER_WRITE | MOVED_IN, changed.set)
        yield
    finally:
        task.cancel()
        if watch is not None:
            news.forget(watch)


async def _follow(directory: Path, changed: asyncio.Event, report: Callable[[str], Awaitable[None]]) -> None:
    said = ""
    while True:
        await changed.wait()
        changed.clear()
        progress = read_progress(directory)
        if not progress or progress == said:
            continue
        said = progress
        try:
            await report(progress)
        except ExecutorError as error:
            log.info("the progress %s was refused: %s", progress, error)
        await asyncio.sleep(_REST_SECONDS)
