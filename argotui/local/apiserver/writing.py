"""Create, replace and patch.

Between reading the newest version and handing the new one to the store nothing is awaited, so no
other write can come between.
"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from argotui.local.apiserver import (
    admission,
    bodies,
    committing,
    deleting,
    managing,
    names,
    objectmeta,
    options,
    patches,
    status,
    views,
)
from argotui.local.apiserver.answers import answer
from argotui.local.apiserver.context import Call
from argotui.local.apiserver.reading import missing
from argotui.local.apiserver.storage.entry import Entry, Key
from argotui.local.apiserver.storage.store import Change
from argotui.model.documents import Document

_GENERATE_TRIES = 8


async def create(call: Call) -> web.StreamResponse:
    """POST to a collection."""
    options.check_write(call, "CreateOptions")
    data = await bodies.read(call.request)
    document = bodies.decode_object(data, call.request.content_type)
    change = await store_new(call, document, data)
    return await written(call, change, 201)


async def store_new(call: Call, document: Document, data: bytes) -> Change:
    """Checks and stores a new object; `data` is the body it came in."""
    key, sent = prepare_new(call, document, data)
    managing.track(call, document, sent, None, None)
    return await committing.put(call, key, document)


def prepare_new(call: Call, document: Document, data: bytes) -> tuple[Key, Any]:
    """Completes and checks a new object; returns its place, and the managedFields that came with it."""
    collection, context = call.collection, call.context
    namespace = call.target.namespace
    if collection.resource.namespaced and not namespace:
        raise status.method_not_allowed()
    admission.check_kind(collection, document)
    unknown = objectmeta.tidy(collection, document)
    admission.check_place(context, collection, namespace, document["metadata"].get("name", ""))
    sent = managing.take(document)
    objectmeta.prepare_create(collection, document, namespace)
    key = _place(call, document)
    admission.admit(call, document, None, data, unknown)
    return key, sent


def _place(call: Call, document: Document) -> Key:
    """A name that is free, made of generateName where none is given. Raises StatusError 409."""
    metadata, resource = document["metadata"], call.collection.resource
    generate = not metadata.get("name") and bool(metadata.get("generateName"))
    for _ in range(_GENERATE_TRIES if generate else 1):
        if generate:
            metadata["name"] = names.generated(metadata["generateName"])
        key = Key(call.collection.id, call.target.namespace, metadata.get("name", ""))
        present = call.context.store.latest(key)
        if present is None:
            return key
    refusal = status.already_exists(resource.plural, resource.group, key.name)
    if present is not None and present.deleting:
        refusal.message = f"object is being deleted: {refusal.message}"
    raise refusal


async def written(call: Call, change: Change, code: int = 200) -> web.StreamResponse:
    """The object of a change as the answer."""
    return await answer(call, views.one(call.collection, change.entry, change.body, call.view), code)


async def replace(call: Call) -> web.StreamResponse:
    """PUT of an object or of its status."""
    options.check_write(call, "UpdateOptions")
    data = await bodies.read(call.request)
    document = bodies.decode_object(data, call.request.content_type)
    admission.check_kind(call.collection, document)
    unknown = objectmeta.tidy(call.collection, document)
    check_name(call, document["metadata"].get("name", ""))
    objectmeta.place(call.collection, document, call.target.namespace)
    entry = call.context.store.latest(call.key)
    if entry is None:
        raise missing(call)
    return await _update(call, entry, document, data, unknown)


async def patch(call: Call) -> web.StreamResponse:
    """PATCH of an object or of its status, but not by applying."""
    options.check_write(call, "PatchOptions")
    options.check_not_apply(call)
    patches.check_type(call.collection, call.request.content_type)
    data = await bodies.read(call.request)
    entry = call.context.store.latest(call.key)
    if entry is None:
        raise missing(call)
    apply = patches.reader(call.collection, call.request.content_type, data)
    document = apply(call.context.store.latest_document(entry))
    check_uid(call, entry.uid, document)
    unknown = tidy_changed(call, document)
    return await _update(call, entry, document, data, unknown)


def check_name(call: Call, name: str) -> None:
    """An object has the name of its path. Raises StatusError 400."""
    if not name:
        raise status.bad_request(
            f"the name of the object ({call.target.name} based on URL) was undeterminable: name must be provided"
        )
    if name != call.target.name:
        raise status.bad_request(
            f"the name of the object ({name}) does not match the name on the URL ({call.target.name})"
        )


def check_uid(call: Call, present: str, document: Document) -> None:
    """A patch that names another uid is not a conflict but wrong, as it would change what nobody may change.

    Raises StatusError 422.
    """
    metadata = document.get("metadata")
    uid = metadata.get("uid") if isinstance(metadata, dict) else None
    if uid and uid != present:
        text = f"Invalid value: {names.quoted(str(uid))}: field is immutable"
        cause = status.Cause("FieldValueInvalid", text, "metadata.uid")
        resource = call.collection.resource
        raise status.invalid(resource.kind, resource.group, call.target.name, [cause, cause])


def tidy_changed(call: Call, document: Document) -> list[str]:
    """Checks that a changed object is still the one of the path; returns unknown fields. Raises StatusError 4xx."""
    admission.check_kind(call.collection, document)
    unknown = objectmeta.tidy(call.collection, document)
    check_name(call, document["metadata"].get("name", call.target.name))
    objectmeta.place(call.collection, document, call.target.namespace)
    return unknown


async def _update(call: Call, entry: Entry, document: Document, data: bytes, unknown: list[str]) -> web.StreamResponse:
    """Stores `document` in the place of `entry`, or answers the old one when nothing is different."""
    old = call.context.store.latest_document(entry)
    sent, kept = managing.take(document), managing.take(old)
    prepare_changed(call, entry, document, old, data, unknown)
    if same(document, old) and (sent is None or sent == kept):
        return await unchanged(call, entry)
    managing.track(call, document, sent, old, kept)
    return await store_changed(call, document)


def prepare_changed(
    call: Call, entry: Entry, document: Document, old: Document, data: bytes, unknown: list[str]
) -> None:
    """Completes and checks a new version of an object; neither has managedFields. Raises StatusError 4xx."""
    _check_preconditions(call, entry, document["metadata"])
    objectmeta.carry_over(document, old)
    admission.admit(call, document, old, data, unknown)
    objectmeta.count_generation(call.collection, document, old)


async def store_changed(call: Call, document: Document) -> web.StreamResponse:
    """Stores a new version, or lets the object go when this was what it waited for."""
    store = committing.delete if deleting.is_over(document) else committing.put
    return await written(call, await store(call, call.key, document))


async def unchanged(call: Call, entry: Entry) -> web.StreamResponse:
    """The object as it is, once that is durable."""
    body = await call.context.store.settled(entry)
    return await answer(call, views.one(call.collection, entry, body, call.view))


def same(document: Document, old: Document) -> bool:
    """Whether two versions differ in nothing but their resourceVersion; `document` has none."""
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
