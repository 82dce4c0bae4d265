"""Frees disk in the background, many pods at a time, by `rm`: it copes with any depth and leaves the loop alone."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

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
            await _remove(paths[start : start + _BATCH])

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


async def _remove(paths: list[str]) -> None:
    process = await asyncio.create_subprocess_exec(
        "rm", "-rf", "--one-file-system", "--", *paths, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    if await process.wait() != 0:
        for path in paths:
            if os.path.lexists(path):
                await asyncio.to_thread(remove_closed, Path(path))


def remove_closed(path: Path) -> None:
    """Removes a tree in which a step has taken permissions away, as far as possible."""
    if path.is_dir() and not path.is_symlink():
        path.chmod(0o700)
    for folder, names, _ in os.walk(path):
        for name in names:
            inner = os.path.join(folder, name)
            if not os.path.islink(inner):
                os.chmod(inner, 0o700)
    try:
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)
    except OSError as error:
        log.warning("%s could not be removed: %s", path, error)
