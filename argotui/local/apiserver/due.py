"""Objects that something has to be done for, in the background."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import NoReturn

from argotui.local.apiserver.storage.entry import Key

RETRY_SECONDS = 1.0


class Due:
    """Keys, each once, in the order in which they were noted."""

    def __init__(self, attempt: Callable[[Key], Awaitable[None]]) -> None:
        self._attempt = attempt
        self._keys: dict[Key, None] = {}
        self._wake = asyncio.Event()

    def note(self, keys: Iterable[Key]) -> None:
        """Something is due for these."""
        self._keys.update(dict.fromkeys(keys))
        if self._keys:
            self._wake.set()

    def note_again(self, key: Key) -> None:
        """An attempt has failed: another one follows after a pause."""
        asyncio.get_running_loop().call_later(RETRY_SECONDS, self.note, (key,))

    async def run(self) -> NoReturn:
        """One attempt after the other, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._keys:
                key = next(iter(self._keys))
                del self._keys[key]
                await self._attempt(key)
