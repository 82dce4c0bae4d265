"""Removes directories in the background, many at a time, by `rm`: it copes with any depth and leaves the loop alone."""

from __future__ import annotations

import asyncio
import logging
import subprocess
from pathlib import Path

from argotui.local.kubelet.context import remove_now

log = logging.getLogger(__name__)

_BATCH = 200
_GATHER_SECONDS = 0.2
"""How long removals are collected: one `rm` for many is cheaper, and nobody waits for it."""


class Tidy:
    """`discard()` moves a directory out of the way at once; `run()` removes what was discarded."""

    def __init__(self, trash: Path) -> None:
        self._trash = trash
        self._number = 0
        self._work = asyncio.Event()
        trash.mkdir(mode=0o700, exist_ok=True)
        if any(trash.iterdir()):
            self._work.set()

    def discard(self, path: Path) -> None:
        """The path is free again when this returns."""
        self._number += 1
        target = self._trash / f"{path.parent.name[:40]}-{path.name[:40]}-{id(self):x}-{self._number}"
        try:
            path.rename(target)
        except FileNotFoundError:
            return
        except OSError as error:
            log.warning("%s could not be moved away: %s", path, error)
            return
        self._work.set()

    async def run(self) -> None:
        """Removes until cancelled."""
        while True:
            await self._work.wait()
            await asyncio.sleep(_GATHER_SECONDS)
            self._work.clear()
            await self.empty()

    async def empty(self) -> None:
        """Removes everything that has been discarded so far."""
        while batch := sorted(self._trash.iterdir())[:_BATCH]:
            process = await asyncio.create_subprocess_exec(
                "rm", "-rf", "--one-file-system", "--", *batch, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            await process.wait()
            left = [path for path in batch if path.exists()]
            for path in left:
                await asyncio.to_thread(_remove_hard, path)
            if any(path.exists() for path in left):
                return


def _remove_hard(path: Path) -> None:
    try:
        remove_now(path)
    except OSError as error:
        log.warning("%s could not be removed: %s", path, error)
