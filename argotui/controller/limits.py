"""How many may hold a semaphore: numbers in ConfigMaps, read when first asked for and followed from then on."""

import asyncio
import logging
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from argotui.controller.requests import Requests
from argotui.controller.supervision import Crew, supervised
from argotui.engine.locknames import config_map_key
from argotui.kube.client import Client
from argotui.kube.errors import ApiError, KubeError
from argotui.kube.reflector import Delta, DeltaType, Key, Reflector
from argotui.model.documents import Document
from argotui.model.resources import CONFIG_MAPS

log = logging.getLogger(__name__)

_MOST_FOLLOWED = 100
"""ConfigMaps; of more, those that nobody uses are given up, the oldest first."""

_NUMBER = re.compile(r"[+-]?[0-9]+\Z")


@dataclass(slots=True)
class _Followed:
    data: Document = field(default_factory=dict)
    locks: set[str] = field(default_factory=set)
    watch: Reflector | None = None
    task: asyncio.Task[None] | None = None


class Limits:
    """`of` answers from memory. changed: called with the lock keys whose limit may be another one now. is_used:
    whether anybody holds or waits for a lock."""

    def __init__(
        self,
        client: Client,
        requests: Requests,
        changed: Callable[[Iterable[str]], None],
        is_used: Callable[[str], bool],
    ) -> None:
        self._client = client
        self._requests = requests
        self._changed = changed
        self._is_used = is_used
        self._followed: OrderedDict[Key, _Followed] = OrderedDict()
        self._crew = Crew()
        self._never = asyncio.Event()
        self._reads: dict[Key, asyncio.Task[None]] = {}

    def of(self, lock: str) -> int:
        """The limit of a semaphore by its key; 0 when there is none, or none that makes sense."""
        where = config_map_key(lock)
        found = self._followed.get(where[:2]) if where else None
        if where is None or found is None:
            return 0
        text = str(found.data.get(where[2]) or "")
        return max(int(text), 0) if _NUMBER.match(text) and len(text) < 10 else 0

    async def know(self, locks: Iterable[str]) -> None:
        """Returns when `of` can tell the limits. One that seems to be missing is looked up once more: the watch may
        not have shown yet what was applied just before the workflow."""
        for lock in locks:
            where = config_map_key(lock)
            if where is None:
                continue
            key = where[:2]
            if not (self._is_watched(key) and self.of(lock)):
                await self._read(key)
            entry = self._followed.setdefault(key, _Followed())
            entry.locks.add(lock)
            self._follow(key, entry)

    async def stop(self) -> None:
        """Follows nothing any more."""
        await self._crew.dismiss()

    def _is_watched(self, key: Key) -> bool:
        entry = self._followed.get(key)
        return entry is not None and entry.watch is not None and entry.watch.is_synced

    async def _read(self, key: Key) -> None:
        """One request for all who ask at the same time."""
        task = self._reads.get(key)
        if task is None:
            task = self._reads[key] = self._crew.start(f"limits of {key[1]}", self._read_now(key))
            task.add_done_callback(lambda _: self._reads.pop(key, None))
        await asyncio.wait([task])

    async def _read_now(self, key: Key) -> None:
        try:
            found = await self._requests.send(lambda: self._client.get(CONFIG_MAPS, key[1], key[0]), self._never)
        except KubeError as error:
            if not (isinstance(error, ApiError) and error.is_not_found):
                log.warning("ConfigMap %s/%s: %s", *key, error)
            found = {}
        self._followed.setdefault(key, _Followed()).data = found.get("data") or {}

    def _follow(self, key: Key, entry: _Followed) -> None:
        self._followed.move_to_end(key)
        if entry.task is not None:
            return
        entry.watch = Reflector(
            self._client,
            CONFIG_MAPS,
            key[0],
            field_selector=f"metadata.name={key[1]}",
            on_change=lambda delta: self._saw(key, delta),
        )
        entry.task = self._crew.start(f"limits of {key[1]}", supervised(f"watch of {key[1]}", entry.watch.run))
        self._give_up_unused()

    def _saw(self, key: Key, delta: Delta) -> None:
        entry = self._followed.get(key)
        if entry is None:
            return
        data = {} if delta.type is DeltaType.DELETED else delta.object.get("data") or {}
        if data != entry.data:
            entry.data = data
            self._changed(sorted(entry.locks))

    def _give_up_unused(self) -> None:
        for key, entry in list(self._followed.items()):
            if len(self._followed) <= _MOST_FOLLOWED:
                return
            if entry.task is not None and not any(map(self._is_used, entry.locks)):
                entry.task.cancel()
                del self._followed[key]
