"""PATCH with application/apply-patch+yaml: server-side apply."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from argotui.local.apiserver import bodies, committing, managing, options, requests, status, writing
from argotui.local.apiserver.access import asking
from argotui.local.apiserver.context import Call
from argotui.local.apiserver.fields import managers
from argotui.local.apiserver.fields.comparing import UnfitValue
from argotui.local.apiserver.fields.managers import Managers
from argotui.local.apiserver.fields.shapes import shape_of
from argotui.local.apiserver.fields.tracking import Applying, Conflicts
from argotui.local.apiserver.reading import missing
from argotui.local.apiserver.storage.entry import Entry
from argotui.model.documents import Document


async def apply(call: Call) -> web.StreamResponse:
    """Applies a configuration: to the object, or to a new one where there is none."""
    options.check_write(call, "PatchOptions")
    options.check_apply(call)
    data = await bodies.read(call.request)
    applied = _decoded(data)
    _check_applied(call, applied)
    entry = call.context.store.latest(call.key)
    if entry is None:
        return await _create(call, applied, data)
    return await _update(call, entry, applied, data)


def _decoded(data: bytes) -> Document:
    """The configuration; most clients send YAML in the form of JSON."""
    if not data.strip():
        return {}
    try:
        return bodies.decode_object(data, bodies.JSON if data.lstrip()[:1] == b"{" else bodies.YAML[0])
    except status.StatusError as error:
        raise status.bad_request(f"error decoding YAML: {error}") from error


def _check_applied(call: Call, applied: Document) -> None:
    """Raises StatusError 400 for an object of another kind, or one that tells who manages it."""
    resource = call.collection.resource
    version, kind = applied.get("apiVersion"), applied.get("kind")
    if (version, kind) != (resource.api_version, resource.kind):
        group_version = str(version) if "/" in str(version) else f"/{version or ''}"
        raise status.bad_request(f"invalid object type: {group_version}, Kind={kind or ''}")
    metadata = _metadata(applied)
    if metadata.get("managedFields") is not None:
        raise status.bad_request("metadata.managedFields must be nil")
    writing.check_name(call, metadata.get("name") or call.target.name)


def _metadata(applied: Document) -> Document:
    found = applied.get("metadata")
    return found if isinstance(found, dict) else {}


async def _create(call: Call, applied: Document, data: bytes) -> web.StreamResponse:
    if call.target.subresource:
        raise missing(call)
    # what is patched by this is made anew, which takes the right to do that
    asking.authorise(call.context.access.authoriser, call.user, asking.asked_to_create(call.target))
    writing.check_uid(call, "", applied)
    live = {"apiVersion": applied["apiVersion"], "kind": applied["kind"], "metadata": {}}
    document, found = _result(call, live, applied, {})
    metadata = _metadata(document)
    writing.check_name(call, metadata.get("name", ""))
    document["metadata"] = {key: value for key, value in metadata.items() if key != "resourceVersion"}
    key, _ = writing.prepare_new(call, document, data)
    managing.put(document, found)
    return await writing.written(call, await committing.put(call, key, document), 201)


async def _update(call: Call, entry: Entry, applied: Document, data: bytes) -> web.StreamResponse:
    store = call.context.store
    writing.check_uid(call, entry.uid, applied)
    # a copy of its own: the result shares its parts
    live, old = store.latest_document(entry), store.latest_document(entry)
    kept = managing.take(old)
    document, found = _result(call, live, applied, _managers(managing.take(live)))
    unknown = writing.tidy_changed(call, document)
    writing.prepare_changed(call, entry, document, old, data, unknown)
    told = managers.encode(found)
    if writing.same(document, old) and managing.same_but_for_time(told, kept):
        return await writing.unchanged(call, entry)
    managing.put(document, found)
    return await writing.store_changed(call, document)


def _managers(kept: Any) -> Managers:
    found = managers.decode(kept)
    if found is None:
        raise status.StatusError(500, "InternalError", "failed to decode managed fields")
    return found


def _result(call: Call, live: Document, applied: Document, present: Managers) -> tuple[Document, Managers]:
    """The object with the configuration in it, and its managers. Raises StatusError 409 or 500."""
    writer = managing.writer_of(call, {**live, **applied})
    force = requests.flag(call.query, "force")
    empty = managing.empty(call.collection)
    applying = Applying(shape_of(call.collection), writer, live, empty, applied, force)
    try:
        return applying.result(present)
    except Conflicts as conflicts:
        raise _refused(conflicts) from conflicts
    except UnfitValue as unfit:
        raise _unfit(call, applied, unfit) from unfit


def _refused(conflicts: Conflicts) -> status.StatusError:
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {manager}", "field": path}
        for manager, path in conflicts.found
    ]
    return status.StatusError(409, "Conflict", str(conflicts), {"causes": causes})


def _unfit(call: Call, applied: Document, unfit: UnfitValue) -> status.StatusError:
    resource, metadata = call.collection.resource, _metadata(applied)
    place = f"{metadata.get('namespace', '')}/{metadata.get('name', '')}"
    kind = f"{resource.group}/{resource.version}, Kind={resource.kind}"
    return status.StatusError(500, "", f"failed to create typed patch object ({place}; {kind}): {unfit}")
