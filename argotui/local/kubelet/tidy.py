"""Frees disk in the background, many pods at a time."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterator
from pathlib import Path

from argotui.local.removal import remove

log = logging.getLogger(__name__)

_BATCH = 400
_GATHER_SECONDS = 1.0
"""How long removals are collected: one `rm` for many is cheaper, and nobody waits for it."""
_KEPT = frozenset({"started", "exit", "log", "log.times", "log.cap", "result"})
"""What stays of a container until its pod is deleted."""


class Tidy:
    """`discard()` and `strip()` take note at once; `run()` does the work."""

    def __init__(self, trash: Path) -> None:
        self._trash = trash
        self._number = 0
        self._work = asyncio.Event()
        self._ended: list[Path] = []
        trash.mkdir(mode=0o700, exist_ok=True)
        if any(trash.iterdir()):
            self._work.set()

    def discard(self, path: Path) -> None:
        """Removes a directory; its name is free again when this returns."""
        self._number += 1
        try:
            path.rename(self._trash / f"{path.name[:60]}-{os.getpid()}-{self._number}")
        except FileNotFoundError:
            return
        except OSError as error:
            log.warning("%s could not be moved away: %s", path, error)
            return
        self._work.set()

    def strip(self, pod_directory: Path) -> None:
        """Frees what an ended pod's roots, volumes and environments take; its logs and records stay."""
        self._ended.append(pod_directory)
        self._work.set()

    async def run(self) -> None:
        """Removes until cancelled."""
        while True:
            await self._work.wait()
            await asyncio.sleep(_GATHER_SECONDS)  # to gather more of it
            self._work.clear()
            await self.empty()

    async def empty(self) -> None:
        """Removes everything that has been given up so far."""
        ended, self._ended = self._ended, []
        paths = await asyncio.to_thread(self._paths, ended)
        for start in range(0, len(paths), _BATCH):
            left = await remove(paths[start : start + _BATCH])
            if left:
                log.warning("not all that ended pods have left could be removed: %s", left)

    def _paths(self, ended: list[Path]) -> list[str]:
        paths = [str(path) for path in self._trash.iterdir()]
        for directory in ended:
            paths += _superfluous(directory)
        return paths


def _superfluous(pod_directory: Path) -> Iterator[str]:
    if (pod_directory / "volumes").exists():
        yield f"{pod_directory}/volumes"
    try:
        containers = os.listdir(pod_directory / "containers")
    except OSError:
        return
    for name in containers:
        folder = f"{pod_directory}/containers/{name}"
        for entry in os.listdir(folder):
            if entry not in _KEPT:
                yield f"{folder}/{entry}"
