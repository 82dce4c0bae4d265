"""Keys one after the other.

Textual hands a key to whatever has the focus when the key arrives, also when an earlier key has not been looked at
yet. Over a slow link several keys arrive in one piece, and letters that were meant for a prompt or a dialog would act
on the list behind it. Here the next key is delivered only when all that the one before has caused is done: the action
ran, the screen it opened stands, the dialog that it asked for has the focus.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from textual import events
from textual.message_pump import MessagePump

if TYPE_CHECKING:
    from argotui.ui.console import ConsoleApp

log = logging.getLogger(__name__)

PATIENCE = 0.5
"""Seconds after which a key is delivered although something is still busy."""
HOLD = 2.0
"""Seconds for which keys wait for a dialog that is being prepared."""


class KeyQueue:
    """Keep `run()` in a task. `deliver` does with a key what Textual would have done."""

    def __init__(self, app: ConsoleApp, deliver: Callable[[events.Key], Awaitable[None]]) -> None:
        self._app = app
        self._deliver = deliver
        self._keys: asyncio.Queue[events.Key] = asyncio.Queue()
        self._holders = 0
        self._free = asyncio.Event()
        self._free.set()

    def put(self, key: events.Key) -> None:
        """A key was pressed."""
        self._keys.put_nowait(key)

    async def run(self) -> None:
        """Delivers keys until cancelled."""
        while True:
            key = await self._keys.get()
            await _at_most(self._free.wait(), HOLD)
            target = self._app.focused or self._app.screen
            try:
                await self._deliver(key)
            except Exception:
                log.exception("the key %s failed", key.key)
            for pump in (target, target.screen, self._app):
                await _settled(pump)
            await _settled(self._app.screen)

    @contextmanager
    def held(self) -> Iterator[Callable[[], None]]:
        """Keys wait until the block ends, or until what it gives is called."""
        released = False
        self._holders += 1
        self._free.clear()

        def release() -> None:
            nonlocal released
            if not released:
                released = True
                self._holders -= 1
                if not self._holders:
                    self._free.set()

        try:
            yield release
        finally:
            release()


async def _settled(pump: MessagePump) -> None:
    """Returns when the pump has done what was waiting for it."""
    done = asyncio.Event()
    if pump.call_later(done.set):
        await _at_most(done.wait(), PATIENCE)


async def _at_most(work: Awaitable[object], seconds: float) -> None:
    try:
        await asyncio.wait_for(work, seconds)
    except TimeoutError:
        log.info("keys go on although something is busy")
