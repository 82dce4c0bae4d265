"""A local copy of a collection that follows the server: paged list, watch with bookmarks, resume.

The copy is only as old as `freshness` says. Whatever goes wrong with a connection is healed here: a cut or ended
stream resumes after the last version seen, 410 lists again and reports the difference, every retry is spaced with
jitter and never sooner than the server asked for. A kind that is not installed and a right that is missing are looked
for again, seldom. What `on_change` raises is not handled here.

There is no queue: `on_change` is called where the stream is read, so a slow consumer makes the stream wait (256 KiB of
it are read ahead), and what the consumer gets to do later it finds in `cache`, once per object.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from enum import StrEnum
from typing import NoReturn

from argotui.kube.backoff import Backoff
from argotui.kube.client import WATCH_SILENCE, Client, WatchEvent
from argotui.kube.errors import ApiError, BrokenStream, KubeError
from argotui.kube.freshness import Freshness, Link, link_after, pause_after, reason_of
from argotui.model.documents import Document, name, namespace, resource_version, uid
from argotui.model.resources import Resource

log = logging.getLogger(__name__)

Key = tuple[str, str]
"""Namespace ("" when the resource has none) and name."""

_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 10.0
_SETTLED = 1.0
"""A stream that lived this many seconds was a good one: the next pause is short again."""
_PAGE = 500


class DeltaType(StrEnum):
    """What happened to an object, as far as the cache is concerned."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"


@dataclass(frozen=True, slots=True)
class Delta:
    """One change. `object` is the newest known state (for DELETED the last one), `old` what was cached."""

    type: DeltaType
    object: Document
    old: Document | None


class Reflector:
    """Keep `run()` in a supervised task; read `cache` at any time, `await synced()` for the first list.

    read: what is made of each object before it is kept and reported; identity and version must stay.
    page: objects per page of a list.
    """

    def __init__(
        self,
        client: Client,
        res: Resource,
        namespace: str | None = None,
        *,
        label_selector: str = "",
        field_selector: str = "",
        on_change: Callable[[Delta], None],
        silence: float = WATCH_SILENCE,
        read: Callable[[Document], Document] = lambda document: document,
        page: int = _PAGE,
    ) -> None:
        self.cache: dict[Key, Document] = {}
        self.freshness = Freshness()
        self.resource = res
        self._client = client
        self._namespace = namespace
        self._label_selector = label_selector
        self._field_selector = field_selector
        self._on_change = on_change
        self._silence = silence
        self._page = page
        self._read = read
        self._version = ""  # "" means: list before the next watch
        self._verb = "list"
        self._backoff = Backoff(_FIRST_PAUSE, _LONGEST_PAUSE)
        self._opened_at: float | None = None
        self._synced = asyncio.Event()

    async def synced(self) -> None:
        """Returns once the first list is in `cache` and reported."""
        await self._synced.wait()

    @property
    def is_synced(self) -> bool:
        """Whether the first list is in."""
        return self._synced.is_set()

    async def run(self) -> NoReturn:
        """Follows the server until cancelled. Raises only what `on_change` raises."""
        clock = asyncio.get_running_loop().time
        while True:
            self._opened_at = None
            at_least = 0.0
            try:
                if not self._version:
                    await self._list()
                await self._watch()
            except KubeError as error:
                self._failed(error)
                at_least = pause_after(error)
            if self._lived(clock()) > _SETTLED:
                self._backoff.reset()
            await self._rest(at_least)

    def _lived(self, now: float) -> float:
        """Seconds that the last stream was open, 0 when it was refused."""
        return 0.0 if self._opened_at is None else now - self._opened_at

    def _failed(self, error: KubeError) -> None:
        gone = isinstance(error, ApiError) and error.is_gone
        if gone and self._verb == "list":
            self._page = 0  # the list changes faster than its pages are read: all of it at once
        link = link_after(error)
        if gone or isinstance(error, BrokenStream) or link is Link.DENIED:
            self._version = ""  # resuming would meet the same answer again; who may only list, lists again
        reason = reason_of(error, self._verb, self.resource, self._namespace)
        if not gone and self.freshness.last_error != reason:
            log.warning("%s: %s", self.resource.plural, reason)
        self.freshness.failed(link, reason)

    async def _rest(self, at_least: float) -> None:
        pause = self._backoff.next(at_least)
        if not self.freshness.connected:
            self.freshness.retry_at = asyncio.get_running_loop().time() + pause
        await asyncio.sleep(pause)
        self.freshness.retry_at = None

    async def _list(self) -> None:
        self._verb = "list"
        found: dict[Key, Document] = {}
        token, version = "", ""
        while True:
            page = await self._client.list(
                self.resource,
                self._namespace,
                label_selector=self._label_selector,
                field_selector=self._field_selector,
                limit=self._page,
                continue_token=token,
            )
            self._heard()
            version = page.resource_version
            found.update((_key(item), self._read(item)) for item in page.items)
            token = page.continue_token
            if not token:
                break
        self._replace(found)
        self._version = self.freshness.resource_version = version
        self.freshness.lists += 1
        self._synced.set()

    def _replace(self, found: dict[Key, Document]) -> None:
        """Reports how the listed state differs from the known one; the cache is complete before the first report."""
        before = self.cache
        self.cache = found
        for key, old in before.items():
            if key not in found:
                self._on_change(Delta(DeltaType.DELETED, old, old))
        for key, new in found.items():
            self._differs(before.get(key), new)

    def _differs(self, known: Document | None, new: Document) -> None:
        if known is not None and uid(known) != uid(new):
            self._on_change(Delta(DeltaType.DELETED, known, known))  # another object took the name meanwhile
            known = None
        if known is None:
            self._on_change(Delta(DeltaType.ADDED, new, None))
        elif resource_version(known) != resource_version(new):
            self._on_change(Delta(DeltaType.MODIFIED, new, known))

    async def _watch(self) -> None:
        self._verb = "watch"
        stream = self._client.watch(
            self.resource,
            self._namespace,
            resource_version=self._version,
            label_selector=self._label_selector,
            field_selector=self._field_selector,
            silence=self._silence,
            opened=self._opened,
        )
        async with aclosing(stream):
            async for event in stream:
                self._heard()
                self._apply(event)

    def _opened(self) -> None:
        self._opened_at = asyncio.get_running_loop().time()
        self.freshness.opened(self._opened_at)

    def _heard(self) -> None:
        self.freshness.last_contact = asyncio.get_running_loop().time()

    def _apply(self, event: WatchEvent) -> None:
        self._version = self.freshness.resource_version = resource_version(event.object)
        if event.type == "BOOKMARK":
            return
        found, key = self._read(event.object), _key(event.object)
        if event.type == "DELETED":
            old = self.cache.pop(key, None)
            self._on_change(Delta(DeltaType.DELETED, found, old))
            return
        old = self.cache.get(key)
        self.cache[key] = found
        # a resumed stream may call known objects ADDED, a selector may call unknown ones MODIFIED
        self._on_change(Delta(DeltaType.ADDED if old is None else DeltaType.MODIFIED, found, old))


def _key(document: Document) -> Key:
    return namespace(document), name(document)
