"""The changes of a few objects, as they happen: list, watch, resume.

The store's feeds use the reflector, which heals everything in the background. What a person waits for on the
command line is different: the first request that fails must end it, with its reason, and only a connection that
once worked is taken up again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from argotui.kube.backoff import Backoff
from argotui.kube.errors import ApiError, BrokenStream, KubeError
from argotui.kube.freshness import pause_after
from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.resources import Resource
from argotui.services.streams import closing

if TYPE_CHECKING:
    from argotui.kube.client import Client

_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 5.0
_SETTLED = 1.0
"""A stream that lived this many seconds was a good one: the next pause is short again."""
_PAGE = 500


class ChangeType(StrEnum):
    """What happened to an object; LISTED says that all objects that exist have been reported once."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"
    LISTED = "LISTED"


@dataclass(frozen=True, slots=True)
class Change:
    """One change. For DELETED `object` is the last known state; for LISTED it is empty."""

    type: ChangeType
    object: Document


Trouble = Callable[[str], None]
"""Told once each time the connection is lost, with the reason."""


def _ignore(reason: str) -> None:
    """Nobody wants to know about lost connections."""


async def follow(
    client: Client,
    res: Resource,
    namespace: str | None,
    *,
    label_selector: str = "",
    field_selector: str = "",
    on_trouble: Trouble = _ignore,
) -> AsyncIterator[Change]:
    """Every object that exists, LISTED, and from then on every change; ends only when it is closed.

    Raises ApiError for a refusal and Unreachable when not even the first list succeeds. After that nothing ends it: a
    cut connection is taken up where it broke, a version that is too old is listed again, and a refusal (credentials
    that expired, a server that starts) is asked about again; what changed in between is reported as changes.
    """
    feed = _Feed(client, res, namespace, label_selector, field_selector)
    clock = asyncio.get_running_loop().time
    listed, told = False, ""
    backoff = Backoff(_FIRST_PAUSE, _LONGEST_PAUSE)
    while True:
        reason, at_least = "", 0.0
        try:
            async with closing(feed.run()) as changes:
                async for change in changes:
                    listed, told = True, ""
                    backoff.reset()
                    yield change
        except KubeError as error:
            gone = isinstance(error, ApiError) and error.is_gone
            if not (listed or gone):
                raise
            if gone or isinstance(error, BrokenStream):
                feed.version = ""  # resuming would meet the same answer again
            reason, at_least = "" if gone else str(error), pause_after(error)
        if feed.opened_at is not None:
            told = ""
            if clock() - feed.opened_at > _SETTLED:
                backoff.reset()
        if reason and reason != told:
            on_trouble(reason)
            told = reason
        # also after a stream that merely ended: there are proxies that end each one at once
        await asyncio.sleep(backoff.next(at_least))


class _Feed:
    """One pass: a list where it is needed, then the watch until it ends. Keeps what is known between passes."""

    def __init__(
        self, client: Client, res: Resource, namespace: str | None, label_selector: str, field_selector: str
    ) -> None:
        self.version = ""
        self.opened_at: float | None = None
        """When the last pass's watch was accepted; None when it was not."""
        self._client = client
        self._resource = res
        self._namespace = namespace
        self._labels = label_selector
        self._fields = field_selector
        self._known: dict[tuple[str, str], Document] = {}

    async def run(self) -> AsyncIterator[Change]:
        self.opened_at = None
        if not self.version:
            for change in await self._list():
                yield change
            yield Change(ChangeType.LISTED, {})
        watch = self._client.watch(
            self._resource,
            self._namespace,
            resource_version=self.version,
            label_selector=self._labels,
            field_selector=self._fields,
            opened=self._opened,
        )
        async with closing(watch) as events:
            async for event in events:
                self.version = documents.resource_version(event.object) or self.version
                if event.type != "BOOKMARK":
                    yield self._noted(Change(ChangeType(event.type), event.object))

    def _opened(self) -> None:
        self.opened_at = asyncio.get_running_loop().time()

    async def _list(self) -> list[Change]:
        """All pages, as the difference to what is known."""
        found: dict[tuple[str, str], Document] = {}
        token, version = "", ""
        while True:
            page = await self._client.list(
                self._resource,
                self._namespace,
                label_selector=self._labels,
                field_selector=self._fields,
                limit=_PAGE,
                continue_token=token,
            )
            found.update((documents.key(item), item) for item in page.items)
            version, token = page.resource_version, page.continue_token
            if not token:
                break
        changes = self._difference(found)
        self._known, self.version = found, version
        return changes

    def _difference(self, found: dict[tuple[str, str], Document]) -> list[Change]:
        gone = [Change(ChangeType.DELETED, old) for key, old in self._known.items() if key not in found]
        changes = []
        for key, item in found.items():
            old = self._known.get(key)
            if old is not None and documents.uid(old) != documents.uid(item):
                gone.append(Change(ChangeType.DELETED, old))
                old = None
            if old is None:
                changes.append(Change(ChangeType.ADDED, item))
            elif documents.resource_version(old) != documents.resource_version(item):
                changes.append(Change(ChangeType.MODIFIED, item))
        return gone + changes

    def _noted(self, change: Change) -> Change:
        key = documents.key(change.object)
        if change.type is ChangeType.DELETED:
            self._known.pop(key, None)
        else:
            self._known[key] = change.object
        return change


async def follow_object(
    client: Client, res: Resource, namespace: str, name: str, *, on_trouble: Trouble = _ignore
) -> AsyncIterator[Document | None]:
    """One object now and after each change; None while there is no such object. Ends only when it is closed."""
    exists = False
    feed = follow(client, res, namespace, field_selector=f"metadata.name={name}", on_trouble=on_trouble)
    async with closing(feed) as changes:
        async for change in changes:
            if change.type is ChangeType.LISTED:
                if not exists:
                    yield None
            elif change.type is ChangeType.DELETED:
                exists = False
                yield None
            else:
                exists = True
                yield change.object
