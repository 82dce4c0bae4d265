"""The garbage collector: objects whose owners are gone go too.

It follows the changes of the store. When an object is deleted, its dependents are looked at; when
one appears whose owner does not exist, it is looked at as well. An owner that waits for its
dependents (`foregroundDeletion`) or wants them kept (`orphan`) has that done here, and then loses
the finalizer. Nothing of its state has to survive: `start` looks at everything once.
"""

from __future__ import annotations

import logging

from argotui.local.apiserver import deleting
from argotui.local.apiserver.context import Context
from argotui.local.apiserver.due import Due
from argotui.local.apiserver.status import StatusError
from argotui.local.apiserver.storage.entry import Entry, Key
from argotui.local.apiserver.storage.store import Change
from argotui.model.documents import Document

log = logging.getLogger(__name__)


class Collector:
    """Owner-reference garbage collection. Feed it with `observe`, run it as a task."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._due = Due(self._attempt)

    def observe(self, change: Change) -> None:
        """Notes what a committed change makes due."""
        entry = change.entry
        if change.deleted:
            self._due.note(dependent.key for dependent in self._context.store.head.dependents(entry.uid))
            # an owner may be waiting for this one to go
            owners = (self._context.store.head.by_uid(uid) for uid in entry.owners)
            self._due.note(owner.key for owner in owners if owner is not None and owner.deleting)
            return
        new_owners = entry.owners and (change.previous is None or change.previous.owners != entry.owners)
        if new_owners or (entry.deleting and _waits(entry)):
            self._due.note((entry.key,))

    def start(self) -> None:
        """Makes every object due that has owners or waits for dependents."""
        head = self._context.store.head
        for collection in head.collections():
            self._due.note(e.key for e in head.shelf(collection).select() if e.owners or (e.deleting and _waits(e)))

    async def run(self) -> None:
        """Works until cancelled."""
        await self._due.run()

    async def _attempt(self, key: Key) -> None:
        try:
            await self._look_at(key)
        except StatusError as error:
            if error.code == 404:
                return
            if error.code != 409:
                log.warning("collecting %s failed: %s", "/".join(key), error)
            self._due.note_again(key)

    async def _look_at(self, key: Key) -> None:
        entry = self._context.store.latest(key)
        if entry is None:
            return
        if entry.deleting and _waits(entry):
            await self._serve_owner(entry)
        elif entry.owners:
            await self._serve_dependent(entry)

    # an owner that is going

    async def _serve_owner(self, entry: Entry) -> None:
        dependents = self._context.store.head.dependents(entry.uid)
        if deleting.ORPHAN in entry.finalizers:
            for dependent in dependents:
                await self._release(dependent, {entry.uid})
            await self._drop_finalizer(entry.key, deleting.ORPHAN)
            return
        blocking = [dependent for dependent in dependents if self._blocks(dependent, entry.uid)]
        for dependent in dependents:
            if not dependent.deleting:
                await deleting.remove(self._context, dependent, {"propagationPolicy": _policy(dependent, "Foreground")})
        if not blocking:
            await self._drop_finalizer(entry.key, deleting.FOREGROUND)

    def _blocks(self, dependent: Entry, uid: str) -> bool:
        document = self._context.store.document(dependent)
        references = document["metadata"].get("ownerReferences", ())
        return any(r["uid"] == uid and r.get("blockOwnerDeletion") is True for r in references)

    async def _drop_finalizer(self, key: Key, finalizer: str) -> None:
        store = self._context.store
        entry = store.latest(key)
        if entry is None or finalizer not in entry.finalizers:
            return
        document = store.latest_document(entry)
        left = [name for name in document["metadata"]["finalizers"] if name != finalizer]
        document["metadata"].pop("finalizers")
        if left:
            document["metadata"]["finalizers"] = left
        await (store.delete(key, document) if deleting.is_over(document) else store.put(key, document))

    # an object that has owners

    async def _serve_dependent(self, entry: Entry) -> None:
        document = self._context.store.latest_document(entry)
        references = document["metadata"].get("ownerReferences", [])
        absent = {r["uid"] for r in references if not self._exists(r, entry)}
        solid = [r for r in references if r["uid"] not in absent]
        if not absent or entry.deleting:
            return
        if solid:
            await self._release(entry, absent)
            return
        await deleting.remove(
            self._context,
            entry,
            {"propagationPolicy": _policy(entry, "Background"), "preconditions": {"uid": entry.uid}},
        )

    def _exists(self, reference: Document, dependent: Entry) -> bool:
        """Whether the owner is there: the same uid, kind and name, in the dependent's namespace or in none."""
        owner = self._context.store.head.by_uid(reference["uid"])
        if owner is None:
            return self._pending(reference, dependent)
        collection = self._context.served.get(owner.key.collection)
        if collection is None or owner.key.namespace not in ("", dependent.key.namespace):
            return False
        same_group = reference["apiVersion"].rpartition("/")[0] == collection.resource.group
        same_name = collection.resource.kind == reference["kind"] and owner.key.name == reference["name"]
        return bool(same_group and same_name)

    def _pending(self, reference: Document, dependent: Entry) -> bool:
        """Whether the owner is just being written; its commit is on the way."""
        collection = self._context.served.by_kind(reference["apiVersion"], reference["kind"])
        if collection is None:
            return False
        namespace = dependent.key.namespace if collection.resource.namespaced else ""
        owner = self._context.store.latest(Key(collection.id, namespace, reference["name"]))
        return owner is not None and owner.uid == reference["uid"]

    async def _release(self, entry: Entry, uids: set[str]) -> None:
        """Takes owner references out of a dependent."""
        store = self._context.store
        newest = store.latest(entry.key)
        if newest is None or newest.uid != entry.uid:
            return
        document = store.latest_document(newest)
        left = [r for r in document["metadata"].get("ownerReferences", ()) if r["uid"] not in uids]
        document["metadata"].pop("ownerReferences", None)
        if left:
            document["metadata"]["ownerReferences"] = left
        await store.put(entry.key, document)


def _waits(entry: Entry) -> bool:
    return deleting.FOREGROUND in entry.finalizers or deleting.ORPHAN in entry.finalizers


def _policy(entry: Entry, otherwise: str) -> str:
    """An object that asked for a policy by its own finalizers gets it."""
    if deleting.ORPHAN in entry.finalizers:
        return "Orphan"
    return "Foreground" if deleting.FOREGROUND in entry.finalizers else otherwise
