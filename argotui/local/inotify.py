"""The kernel's news about files, for an asyncio loop: which paths changed, without looking again and again."""

from __future__ import annotations

import asyncio
import ctypes
import ctypes.util
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

MODIFIED, CLOSED_AFTER_WRITE, CREATED, MOVED_IN = 0x002, 0x008, 0x100, 0x080
_OVERFLOW = 0x4000
_HEADER = struct.Struct("iIII")
_READ_BYTES = 1 << 16


class Unavailable(Exception):
    """No more watches or instances (fs.inotify.max_user_*), or no Linux; whoever asks has to look by himself."""


@dataclass(frozen=True)
class Watch:
    """What `Inotify.watch` gives and `Inotify.forget` takes."""

    number: int
    callback: Callable[[], None]


class Inotify:
    """Watches of one event loop. Callbacks run in the loop, and not more often than every `pause` seconds."""

    def __init__(self, pause: float = 0.0) -> None:
        self._pause = pause
        self._callbacks: dict[int, list[Callable[[], None]]] = {}
        self._loop = asyncio.get_running_loop()
        self._descriptor = _call("inotify_init1", os.O_NONBLOCK | os.O_CLOEXEC)
        self._loop.add_reader(self._descriptor, self._read)
        self._resting: asyncio.TimerHandle | None = None

    def watch(self, path: Path, mask: int, callback: Callable[[], None]) -> Watch:
        """Calls `callback` after changes of the file or directory. Raises Unavailable."""
        number = _call("inotify_add_watch", self._descriptor, os.fsencode(path), mask)
        self._callbacks.setdefault(number, []).append(callback)
        return Watch(number, callback)

    def forget(self, watch: Watch) -> None:
        """Ends a watch; others of the same file go on."""
        callbacks = self._callbacks.get(watch.number, [])
        if watch.callback in callbacks:
            callbacks.remove(watch.callback)
        if not callbacks and self._callbacks.pop(watch.number, None) is not None:
            _library().inotify_rm_watch(self._descriptor, watch.number)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is watched."""
        return not self._callbacks

    def close(self) -> None:
        """Ends all watches."""
        if self._resting is not None:
            self._resting.cancel()
        self._loop.remove_reader(self._descriptor)
        os.close(self._descriptor)

    def _read(self) -> None:
        try:
            data = os.read(self._descriptor, _READ_BYTES)
        except BlockingIOError:
            return
        changed: dict[int, None] = {}
        position = 0
        while position < len(data):
            number, mask, _, length = _HEADER.unpack_from(data, position)
            position += _HEADER.size + length
            if mask & _OVERFLOW:
                changed |= dict.fromkeys(self._callbacks)
            changed[number] = None
        if self._pause:
            self._loop.remove_reader(self._descriptor)
            self._resting = self._loop.call_later(self._pause, self._resume)
        for number in changed:
            for callback in tuple(self._callbacks.get(number, ())):
                callback()

    def _resume(self) -> None:
        self._resting = None
        self._loop.add_reader(self._descriptor, self._read)


@cache
def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(ctypes.util.find_library("c"), use_errno=True)
    if not hasattr(library, "inotify_init1"):
        raise Unavailable("this system has no inotify")
    library.inotify_add_watch.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_uint32)
    return library


def _call(name: str, *arguments: object) -> int:
    result = getattr(_library(), name)(*arguments)
    if result < 0:
        number = ctypes.get_errno()
        raise Unavailable(f"{name}: {os.strerror(number)}")
    return int(result)
