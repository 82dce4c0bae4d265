"""Metadata: its types, what the server fills in, and what nobody may change."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from argotui.local.apiserver import names, status
from argotui.local.apiserver.served import Collection
from argotui.local.apiserver.status import Cause
from argotui.model.documents import Document
from argotui.model.times import format_time

_KEPT = (
    "name", "generateName", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp",
    "deletionTimestamp", "deletionGracePeriodSeconds", "labels", "annotations", "ownerReferences", "finalizers",
    "managedFields",
)  # fmt: skip
_SERVER_SET = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation")
_STRINGS = {"name", "generateName", "namespace", "uid", "resourceVersion", "creationTimestamp", "deletionTimestamp"}
_DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"
_NUMBERS = {"generation", "deletionGracePeriodSeconds"}
_IGNORED = {"selfLink"}


def now() -> str:
    """The time as objects carry it."""
    return format_time(datetime.now(UTC))


def tidy(collection: Collection, document: Document) -> list[str]:
    """Brings `metadata` into its stored form; returns the paths of fields that metadata does not have.

    Nulls, empty maps and empty lists go, as Go's omitempty does; an empty `managedFields` is kept, as it asks for
    something. Raises StatusError 400 for a field
    of the wrong type.
    """
    metadata = document.get("metadata")
    if metadata is None:
        metadata = {}
    if not isinstance(metadata, dict):
        raise _wrong_type(collection, "metadata", "object", metadata)
    tidied: Document = {}
    for key in _KEPT:
        value = metadata.get(key)
        if value is None:
            continue
        _CHECKS[key](collection, key, value)
        if value or (value == 0 and key in _NUMBERS) or key == "managedFields":
            tidied[key] = value
    document["metadata"] = tidied
    return [f"metadata.{key}" for key in metadata if key not in _KEPT and key not in _IGNORED]


def _wrong_type(collection: Collection, path: str, want: str, value: Any) -> status.StatusError:
    kind, version = collection.resource.kind, collection.resource.version
    got = {dict: "object", list: "array", str: "string", bool: "bool"}.get(type(value), "number")
    return status.bad_request(
        f'{kind} in version "{version}" cannot be handled as a {kind}: json: cannot unmarshal {got} into'
        f" Go struct field {kind}.{path} of type {want}"
    )


def _string(collection: Collection, key: str, value: Any) -> None:
    if not isinstance(value, str):
        raise _wrong_type(collection, f"metadata.{key}", "string", value)


def _number(collection: Collection, key: str, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wrong_type(collection, f"metadata.{key}", "int64", value)


def _string_map(collection: Collection, key: str, value: Any) -> None:
    if not isinstance(value, dict):
        raise _wrong_type(collection, f"metadata.{key}", "map[string]string", value)
    for name, text in value.items():
        if text is None:
            value[name] = ""
        elif not isinstance(text, str):
            raise _wrong_type(collection, f"metadata.{key}", "string", text)


def _string_list(collection: Collection, key: str, value: Any) -> None:
    if not isinstance(value, list):
        raise _wrong_type(collection, f"metadata.{key}", "[]string", value)
    for text in value:
        if not isinstance(text, str):
            raise _wrong_type(collection, f"metadata.{key}", "string", text)


def _owners(collection: Collection, key: str, value: Any) -> None:
    if not isinstance(value, list):
        raise _wrong_type(collection, f"metadata.{key}", "[]v1.OwnerReference", value)
    for owner in value:
        if not isinstance(owner, dict):
            raise _wrong_type(collection, f"metadata.{key}", "v1.OwnerReference", owner)
        for part in ("apiVersion", "kind", "name", "uid"):
            if not isinstance(owner.setdefault(part, ""), str):
                raise _wrong_type(collection, f"metadata.{key}.{part}", "string", owner[part])


def _entries(collection: Collection, key: str, value: Any) -> None:
    if not isinstance(value, list):
        raise _wrong_type(collection, f"metadata.{key}", "[]v1.ManagedFieldsEntry", value)
    for entry in value:
        if not isinstance(entry, dict):
            raise _wrong_type(collection, f"metadata.{key}", "v1.ManagedFieldsEntry", entry)


_CHECKS: dict[str, Callable[[Collection, str, Any], None]] = {
    **dict.fromkeys(_STRINGS, _string),
    **dict.fromkeys(_NUMBERS, _number),
    "labels": _string_map,
    "annotations": _string_map,
    "finalizers": _string_list,
    "ownerReferences": _owners,
    "managedFields": _entries,
}


def prepare_create(collection: Collection, document: Document, namespace: str) -> None:
    """Fills in what the server decides for a new object. Raises StatusError 400."""
    metadata = document["metadata"]
    if metadata.get("resourceVersion"):
        raise status.bad_request("resourceVersion should not be set on objects to be created")
    for key in _SERVER_SET:
        metadata.pop(key, None)
    place(collection, document, namespace)
    metadata["uid"] = str(uuid.uuid4())
    metadata["creationTimestamp"] = now()
    if has_generation(collection):
        metadata["generation"] = 1


def place(collection: Collection, document: Document, namespace: str) -> None:
    """Checks the object's namespace against the one of the URL and sets it. Raises StatusError 400."""
    metadata = document["metadata"]
    found = metadata.get("namespace", "")
    if not collection.resource.namespaced:
        metadata.pop("namespace", None)
        return
    if found and found != namespace:
        raise status.bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    metadata["namespace"] = namespace


def has_generation(collection: Collection) -> bool:
    """Whether metadata.generation counts changes of the spec."""
    return not collection.builtin or collection.id in (
        "pods",
        "jobs.batch",
        "poddisruptionbudgets.policy",
        _DEFINITIONS,
    )


def carry_over(document: Document, old: Document) -> None:
    """Makes what nobody may change in an update equal to what it was."""
    metadata, before = document["metadata"], old["metadata"]
    metadata["name"] = before["name"]
    for key in _SERVER_SET:
        metadata.pop(key, None)
        if key in before:
            metadata[key] = before[key]
    metadata.pop("resourceVersion", None)


def finalizer_causes(document: Document, old: Document) -> list[Cause]:
    """An object that is being deleted waits for no more than it did."""
    if "deletionTimestamp" not in old["metadata"]:
        return []
    before = old["metadata"].get("finalizers", [])
    new = sorted(name for name in document["metadata"].get("finalizers", []) if name not in before)
    if not new:
        return []
    text = (
        "Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers"
        f" []string{{{', '.join(map(names.quoted, new))}}}"
    )
    return [Cause("FieldValueForbidden", text, "metadata.finalizers")]


def count_generation(collection: Collection, document: Document, old: Document) -> None:
    """Counts a change of the spec; `document` is complete."""
    metadata, before = document["metadata"], old["metadata"]
    if has_generation(collection) and _content(document, collection) != _content(old, collection):
        metadata["generation"] = before.get("generation", 0) + 1


def _content(document: Document, collection: Collection) -> Document:
    """What `generation` counts: everything but metadata, and but status where that is a subresource."""
    hidden = ("metadata", "status") if collection.resource.status_subresource else ("metadata",)
    return {key: value for key, value in document.items() if key not in hidden}


def causes(collection: Collection, document: Document) -> list[Cause]:
    """What is wrong with the metadata of an object that is about to be stored."""
    metadata = document["metadata"]
    found: list[Cause] = []
    name = metadata.get("name", "")
    if not name:
        found.append(Cause("FieldValueRequired", "Required value: name or generateName is required", "metadata.name"))
    else:
        found += [
            Cause("FieldValueInvalid", f"Invalid value: {names.quoted(name)}: {fault}", "metadata.name")
            for fault in names.name_faults(collection.id, name)
        ]
    prefix = metadata.get("generateName", "")
    if prefix:
        # what is put behind it makes a dash at its end harmless
        whole = prefix[:-1] + "a" if prefix.endswith("-") else prefix
        text = f"Invalid value: {names.quoted(prefix)}: "
        faults = names.name_faults(collection.id, whole)
        found[:0] = [Cause("FieldValueInvalid", text + fault, "metadata.generateName") for fault in faults]
    found += names.label_causes(metadata.get("labels", {}))
    found += names.annotation_causes(metadata.get("annotations", {}))
    found += names.finalizer_causes(metadata.get("finalizers", []))
    return found + _owner_causes(metadata.get("ownerReferences", []))


def _owner_causes(owners: list[Document]) -> list[Cause]:
    found = []
    for owner in owners:
        for part in ("apiVersion", "kind", "name", "uid"):
            if not owner[part]:
                path = f"metadata.ownerReferences.{part}"
                what = "version " if part == "apiVersion" else ""
                found.append(Cause("FieldValueInvalid", f'Invalid value: "": {what}must not be empty', path))
    controllers = [f"{owner['kind']}/{owner['name']}" for owner in owners if owner.get("controller") is True]
    if len(controllers) > 1:
        text = (
            'Only one reference can have Controller set to true. Found "true" in references for'
            f" {controllers[0]} and {controllers[1]}"
        )
        shown = json.dumps(owners, separators=(",", ":"))
        found.append(Cause("FieldValueInvalid", f"Invalid value: {shown}: {text}", "metadata.ownerReferences"))
    return found
