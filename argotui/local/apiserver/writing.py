"""Create, replace and patch.

Between reading the newest version and handing the new one to the store nothing is awaited, so no
other write can come between.
"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from argotui.local.apiserver import admission, bodies, deleting, names, objectmeta, patches, status, views
from argotui.local.apiserver.answers import answer
from argotui.local.apiserver.context import Call
from argotui.local.apiserver.reading import missing
from argotui.local.apiserver.storage.entry import Entry, Key
from argotui.local.apiserver.storage.store import Change
from argotui.model.documents import Document

_GENERATE_TRIES = 8


async def create(call: Call) -> web.StreamResponse:
    """POST to a collection."""
    _refuse_dry_run(call)
    data = await bodies.read(call.request)
    document = bodies.decode_object(data, call.request.content_type)
    change = await store_new(call, document, data)
    return await _written(call, change, 201)


async def store_new(call: Call, document: Document, data: bytes) -> Change:
    """Checks and stores a new object; `data` is the body it came in."""
    collection, context = call.collection, call.context
    namespace = call.target.namespace
    if collection.resource.namespaced and not namespace:
        raise status.method_not_allowed()
    admission.check_kind(collection, document)
    admission.check_place(context, collection, namespace)
    unknown = objectmeta.tidy(collection, document)
    objectmeta.prepare_create(collection, document, namespace)
    metadata = document["metadata"]
    generate = not metadata.get("name") and bool(metadata.get("generateName"))
    for attempt in range(_GENERATE_TRIES):
        if generate:
            metadata["name"] = names.generated(metadata["generateName"])
        key = Key(collection.id, namespace, metadata.get("name", ""))
        if context.store.latest(key) is None:
            break
        if not generate or attempt == _GENERATE_TRIES - 1:
            raise status.already_exists(collection.resource.plural, collection.resource.group, key.name)
    admission.admit(call, document, None, data, unknown)
    return await context.store.put(key, document)


async def _written(call: Call, change: Change, code: int = 200) -> web.StreamResponse:
    return await answer(call, views.one(call.collection, change.entry, change.body, call.view), code)


async def replace(call: Call) -> web.StreamResponse:
    """PUT of an object or of its status."""
    _refuse_dry_run(call)
    data = await bodies.read(call.request)
    document = bodies.decode_object(data, call.request.content_type)
    admission.check_kind(call.collection, document)
    unknown = objectmeta.tidy(call.collection, document)
    name = document["metadata"].setdefault("name", call.target.name)
    if name != call.target.name:
        raise status.bad_request(
            f"the name of the object ({name}) does not match the name on the URL ({call.target.name})"
        )
    objectmeta.place(call.collection, document, call.target.namespace)
    entry = call.context.store.latest(call.key)
    if entry is None:
        raise missing(call)
    return await _update(call, entry, document, data, unknown)


async def patch(call: Call) -> web.StreamResponse:
    """PATCH of an object or of its status."""
    _refuse_dry_run(call)
    data = await bodies.read(call.request)
    apply = patches.reader(call.collection, call.request.content_type, data)
    entry = call.context.store.latest(call.key)
    if entry is None:
        raise missing(call)
    old = call.context.store.latest_document(entry)
    document = apply(old)
    admission.check_kind(call.collection, document)
    unknown = objectmeta.tidy(call.collection, document)
    if document["metadata"].get("name", call.target.name) != call.target.name:
        cause = status.Cause("FieldValueInvalid", "Invalid value: field is immutable", "metadata.name")
        resource = call.collection.resource
        raise status.invalid(resource.kind, resource.group, call.target.name, [cause])
    objectmeta.place(call.collection, document, call.target.namespace)
    return await _update(call, entry, document, data, unknown)


async def _update(call: Call, entry: Entry, document: Document, data: bytes, unknown: list[str]) -> web.StreamResponse:
    """Stores `document` in the place of `entry`, or answers the old one when nothing is different."""
    store = call.context.store
    old = store.latest_document(entry)
    _check_preconditions(call, entry, document["metadata"])
    objectmeta.carry_over(call.collection, document, old)
    admission.admit(call, document, old, data, unknown)
    if _same(document, old):
        return await _unchanged(call, entry)
    if deleting.is_over(document):
        change = await store.delete(call.key, document)
    else:
        change = await store.put(call.key, document)
    return await _written(call, change)


async def _unchanged(call: Call, entry: Entry) -> web.StreamResponse:
    change = await call.context.store.settled(entry)
    return await answer(call, views.one(call.collection, entry, change, call.view))


def _same(document: Document, old: Document) -> bool:
    revision = old["metadata"].pop("resourceVersion")
    try:
        return document == old
    finally:
        old["metadata"]["resourceVersion"] = revision


def _check_preconditions(call: Call, entry: Entry, metadata: dict[str, Any]) -> None:
    """A uid and a resourceVersion that come with the object have to be the present ones."""
    resource = call.collection.resource
    uid, revision = metadata.get("uid"), metadata.get("resourceVersion")
    if uid and uid != entry.uid:
        why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {entry.uid}"
        raise status.conflict(resource.plural, resource.group, call.target.name, why)
    if revision and revision != str(entry.seq):
        raise status.conflict(resource.plural, resource.group, call.target.name)


def _refuse_dry_run(call: Call) -> None:
    if call.query.get("dryRun"):
        raise status.bad_request(
            "dryRun is not supported by this version of argotui's local cluster; nothing was changed"
        )
