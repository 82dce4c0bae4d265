"""The last step of a write: into the store, or for a dry run nowhere."""

from __future__ import annotations

import msgspec

from argotui.local.apiserver.context import Call, Context
from argotui.local.apiserver.storage.database import ADDED, DELETED, MODIFIED
from argotui.local.apiserver.storage.entry import Entry, Key, entry_of
from argotui.local.apiserver.storage.store import Change
from argotui.model.documents import Document

_encode = msgspec.json.Encoder().encode


async def put(call: Call, key: Key, document: Document) -> Change:
    """Creates or replaces; what a dry run would have stored otherwise."""
    if call.dry_run:
        previous = call.context.store.latest(key)
        return pretended(call.context, key, document, previous, MODIFIED if previous else ADDED)
    return await call.context.store.put(key, document)


async def delete(call: Call, key: Key, document: Document) -> Change:
    """Removes, likewise."""
    if call.dry_run:
        return pretended(call.context, key, document, call.context.store.latest(key), DELETED)
    return await call.context.store.delete(key, document)


def pretended(context: Context, key: Key, document: Document, previous: Entry | None, type_: int) -> Change:
    """A change that nobody else learns of: a new object has no resourceVersion, one that is there keeps its own."""
    seq = previous.seq if previous is not None else 0
    if seq:
        document["metadata"]["resourceVersion"] = str(seq)
    body = _encode(document)
    collection = context.served.get(key.collection)
    paths = collection.field_paths if collection is not None else ()
    return Change(type_, entry_of(key, seq, document, len(body), paths), previous, body)
