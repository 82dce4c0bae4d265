"""Empties what is being deleted together with all it holds: namespaces and CustomResourceDefinitions."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from argotui.local.apiserver import deleting
from argotui.local.apiserver.context import Context
from argotui.local.apiserver.due import Due
from argotui.local.apiserver.status import StatusError
from argotui.local.apiserver.storage.entry import Entry, Key
from argotui.local.apiserver.storage.store import Change

log = logging.getLogger(__name__)

_NAMESPACES = "namespaces"
_DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"


class Cleaner:
    """Feed it with `observe`, run it as a task."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._due = Due(self._attempt)

    def observe(self, change: Change) -> None:
        """Notes what a committed change makes due."""
        key = change.entry.key
        if key.collection in (_NAMESPACES, _DEFINITIONS):
            if change.entry.deleting and not change.deleted:
                self._due.note((key,))
        elif change.deleted:
            for holder in (Key(_NAMESPACES, "", key.namespace), Key(_DEFINITIONS, "", key.collection)):
                entry = self._context.store.get(holder)
                if entry is not None and entry.deleting:
                    self._due.note((holder,))

    def start(self) -> None:
        """Makes everything due that was being deleted when the server ended."""
        for collection in (_NAMESPACES, _DEFINITIONS):
            for entry in self._context.store.head.shelf(collection).select():
                if entry.deleting:
                    self._due.note((entry.key,))

    async def run(self) -> None:
        """Works until cancelled."""
        await self._due.run()

    async def _attempt(self, key: Key) -> None:
        try:
            await self._empty(key)
        except StatusError as error:
            log.warning("emptying %s failed: %s", key.name, error)
            self._due.note_again(key)

    async def _empty(self, key: Key) -> None:
        """Asks all content to go; lets the holder go when there is none."""
        for entry in list(self._content(key)):
            newest = self._context.store.latest(entry.key)
            if newest is not None and not newest.deleting:
                await deleting.remove(self._context, newest, {"propagationPolicy": "Background"})
        if not any(True for _ in self._content(key)):
            await self._let_go(key)

    def _content(self, key: Key) -> Iterable[Entry]:
        head = self._context.store.head
        if key.collection == _NAMESPACES:
            return head.has_namespaced(key.name)
        return head.shelf(key.name).select()

    async def _let_go(self, key: Key) -> None:
        store = self._context.store
        entry = store.latest(key)
        if entry is None:
            return
        document = store.latest_document(entry)
        if key.collection == _NAMESPACES:
            document["spec"].pop("finalizers", None)
        else:
            left = [name for name in entry.finalizers if name != deleting.DEFINITION_CLEANUP]
            document["metadata"].pop("finalizers", None)
            if left:
                document["metadata"]["finalizers"] = left
        await (store.delete(key, document) if deleting.is_over(document) else store.put(key, document))
