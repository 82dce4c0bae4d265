"""DELETE: at once, after a grace period, or when the last finalizer is gone."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from argotui.local.apiserver import bodies, committing, history, listoptions, names, status, views
from argotui.local.apiserver import options as write_options
from argotui.local.apiserver.answers import answer
from argotui.local.apiserver.context import Call, Context
from argotui.local.apiserver.reading import Page, collect, listing, missing, selection_of
from argotui.local.apiserver.storage.database import DELETED, MODIFIED
from argotui.local.apiserver.storage.entry import Entry
from argotui.local.apiserver.storage.store import Change
from argotui.model import resources
from argotui.model.documents import Document
from argotui.model.times import format_time

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"
DEFINITION_CLEANUP = "customresourcecleanup.apiextensions.k8s.io"
_NEEDED = ("default", "kube-system", "argo")
_POLICIES = ("Foreground", "Background", "Orphan")
_DEFAULT_POD_GRACE = 30
_DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"
_ARGO = frozenset(resource.group_resource for resource in resources.ARGO)


def is_over(document: Document) -> bool:
    """Whether an object that was asked to go has nothing left to wait for."""
    metadata = document["metadata"]
    if "deletionTimestamp" not in metadata or metadata.get("finalizers"):
        return False
    if document.get("kind") == "Namespace" and document.get("apiVersion") == "v1":
        return not (document.get("spec") or {}).get("finalizers")
    return not metadata.get("deletionGracePeriodSeconds")


async def options(call: Call) -> Document:
    """DeleteOptions from the body or, without one, from the query. Raises StatusError 400 or 422."""
    data = await bodies.read(call.request)
    found: Document = bodies.decode_object(data, call.request.content_type) if data else {}
    if not found:
        found = dict(call.query)
        if "gracePeriodSeconds" in found:
            found["gracePeriodSeconds"] = _grace(found["gracePeriodSeconds"])
        if "dryRun" in found:
            found["dryRun"] = [found["dryRun"]]
    return _checked(found)


def _grace(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise status.bad_request(f"gracePeriodSeconds has to be a number, not {text[:64]!r}") from error


def _checked(found: Document) -> Document:
    policy, orphan = found.get("propagationPolicy"), found.get("orphanDependents")
    grace, preconditions = found.get("gracePeriodSeconds"), found.get("preconditions") or {}
    causes = []
    if policy is not None and policy not in _POLICIES:
        listed = ", ".join(f'"{choice}"' for choice in (*_POLICIES, "nil"))
        text = f"Unsupported value: {names.quoted(str(policy)[:64])}: supported values: {listed}"
        causes.append(status.Cause("FieldValueNotSupported", text, "propagationPolicy"))
    if policy is not None and orphan is not None:
        text = f'Invalid value: "{policy}": orphanDependents and deletionPropagation cannot be both set'
        causes.append(status.Cause("FieldValueInvalid", text, "propagationPolicy"))
    if grace is not None and (not isinstance(grace, int) or isinstance(grace, bool)):
        causes.append(status.Cause("FieldValueTypeInvalid", "Invalid value: must be an integer", "gracePeriodSeconds"))
    if not isinstance(preconditions, dict):
        causes.append(status.Cause("FieldValueTypeInvalid", "Invalid value: must be an object", "preconditions"))
    dry_run = found.get("dryRun") or []
    if isinstance(dry_run, list) and all(isinstance(value, str) for value in dry_run):
        causes += write_options.dry_run_causes(dry_run)
    else:
        causes.append(status.Cause("FieldValueTypeInvalid", "Invalid value: must be a list of strings", "dryRun"))
    if causes:
        raise status.invalid("DeleteOptions", "meta.k8s.io", "", causes)
    if orphan is True:
        found["propagationPolicy"] = "Orphan"
    return found


async def delete(call: Call) -> web.StreamResponse:
    """DELETE of one object: its Status when it is gone, itself while it is going."""
    wanted = await options(call)
    entry = call.context.store.latest(call.key)
    if entry is None:
        raise missing(call)
    change = await remove(call.context, entry, wanted)
    resource = call.collection.resource
    if change is not None and change.deleted and not _answers_object(call):
        details = {"name": entry.key.name, "kind": resource.plural, "uid": entry.uid}
        if resource.group:
            details["group"] = resource.group
        return await answer(call, views.encode(status.success(details)))
    if change is None:
        present = call.context.store.get(entry.key)
        if present is None:
            raise missing(call)
        return await answer(call, views.one(call.collection, present, call.context.store.body(present), call.view))
    return await answer(call, views.one(call.collection, change.entry, change.body, call.view))


def _answers_object(call: Call) -> bool:
    return call.collection.id == "pods"


async def delete_collection(call: Call) -> web.StreamResponse:
    """DELETE of everything that the selectors select; answers the list."""
    wanted = await options(call)
    store = call.context.store
    entries = collect(call, selection_of(call))[: listoptions.limit_of(call.query) or None]
    found = await history.bodies(store, entries)
    for entry in entries:
        newest = store.latest(entry.key)
        if newest is not None and newest.uid == entry.uid:
            await remove(call.context, newest, wanted)
    return await listing(call, Page(entries, {"resourceVersion": str(store.revision)}, found), call.view)


def remove(context: Context, entry: Entry, wanted: Document) -> asyncio.Future[Change | None]:
    """Deletes, or marks for deletion. The result is None when it was marked already and stays so.

    `wanted` are checked DeleteOptions. Raises StatusError 409 for preconditions, 403 where it is not allowed.
    """
    _check_preconditions(context, entry, wanted.get("preconditions") or {})
    _check_needed(entry)
    document = context.store.latest_document(entry)
    metadata = document["metadata"]
    _choose_finalizers(metadata, wanted.get("propagationPolicy"))
    grace = _grace_seconds(entry, document, wanted.get("gracePeriodSeconds"))
    holds = _holds_content(entry, document)
    over = not metadata.get("finalizers") and not grace and not holds
    if over and "deletionGracePeriodSeconds" in metadata:
        _mark(metadata, 0)
    if not over and not _mark(metadata, grace) and tuple(metadata.get("finalizers") or ()) == entry.finalizers:
        return _settled(None)
    if entry.key.collection == "namespaces":
        metadata.pop("deletionGracePeriodSeconds", None)  # a namespace waits for its content, not for a time
    if wanted.get("dryRun"):
        return _settled(committing.pretended(context, entry.key, document, entry, DELETED if over else MODIFIED))
    return (context.store.delete if over else context.store.put)(entry.key, document)  # type: ignore[return-value]


def _settled(change: Change | None) -> asyncio.Future[Change | None]:
    found: asyncio.Future[Change | None] = asyncio.get_running_loop().create_future()
    found.set_result(change)
    return found


def _check_needed(entry: Entry) -> None:
    """What the local cluster cannot do without stays. Raises StatusError 403."""
    if entry.key.collection == "namespaces" and entry.key.name in _NEEDED:
        raise status.forbidden("namespaces", "", entry.key.name, "this namespace may not be deleted")
    if entry.key.collection == _DEFINITIONS and entry.key.name in _ARGO:
        why = "the local cluster needs this definition; it may not be deleted"
        raise status.forbidden("customresourcedefinitions", "apiextensions.k8s.io", entry.key.name, why)


def _holds_content(entry: Entry, document: Document) -> bool:
    """Prepares a namespace or a definition for being emptied first (by the cleaner)."""
    if entry.key.collection == "namespaces":
        document.setdefault("status", {})["phase"] = "Terminating"
        return bool((document.get("spec") or {}).get("finalizers"))
    if entry.key.collection == _DEFINITIONS and not entry.deleting:
        document["metadata"].setdefault("finalizers", []).append(DEFINITION_CLEANUP)
    return False


def _check_preconditions(context: Context, entry: Entry, preconditions: dict[str, Any]) -> None:
    collection = context.served.get(entry.key.collection)
    kind, group = entry.key.collection.partition(".")[::2]
    if collection is not None:
        kind, group = collection.resource.kind, collection.resource.group
    pairs = (
        ("uid", "UID", entry.uid, "The object might have been deleted and then recreated"),
        ("resourceVersion", "ResourceVersion", str(entry.seq), "The object might have been modified"),
    )
    for name, word, recorded, guess in pairs:
        asked = preconditions.get(name)
        if asked is not None and asked != recorded:
            why = f"the {word} in the precondition ({asked}) does not match the {word} in record ({recorded}). {guess}"
            raise status.conflict(kind, group, entry.key.name, why)


def _choose_finalizers(metadata: Document, policy: str | None) -> None:
    """Foreground and Orphan are finalizers that the garbage collector removes when it has done its part."""
    finalizers = [f for f in metadata.get("finalizers", []) if policy is None or f not in (FOREGROUND, ORPHAN)]
    if policy in ("Foreground", "Orphan"):
        finalizers.append(FOREGROUND if policy == "Foreground" else ORPHAN)
    metadata.pop("finalizers", None)
    if finalizers:
        metadata["finalizers"] = finalizers


def _grace_seconds(entry: Entry, document: Document, asked: int | None) -> int:
    """Seconds that a pod gets to end; 0 for what needs none."""
    if entry.key.collection != "pods":
        return 0
    spec = document.get("spec") or {}
    if not spec.get("nodeName") or (document.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return 0
    if asked is not None:
        return max(asked, 0)
    return int(spec.get("terminationGracePeriodSeconds", _DEFAULT_POD_GRACE))


def _mark(metadata: Document, grace: int) -> bool:
    """Sets the time of deletion; an earlier one stays. False when nothing was changed."""
    before = metadata.get("deletionGracePeriodSeconds")
    if "deletionTimestamp" in metadata and (before is None or grace >= before):
        return False
    if "generation" in metadata and "deletionTimestamp" not in metadata:
        metadata["generation"] += 1
    metadata["deletionTimestamp"] = format_time(datetime.now(UTC) + timedelta(seconds=grace))
    metadata["deletionGracePeriodSeconds"] = grace
    return True
