"""What a PATCH body does to an object."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from argotui.local.apiserver import bodies, status
from argotui.local.apiserver.served import Collection
from argotui.model import patching
from argotui.model.documents import Document

MERGE = "application/merge-patch+json"
JSON = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"
"""Read by `applying`: it is a configuration, not a change."""

_MAX_OPERATIONS = 10_000


def check_type(collection: Collection, content_type: str) -> None:
    """Raises StatusError 415 for a kind of patch that the collection does not take."""
    accepted = [JSON, MERGE, STRATEGIC, APPLY] if collection.builtin else [JSON, MERGE, APPLY]
    if content_type not in accepted:
        raise bodies.unsupported_type(accepted)


def reader(collection: Collection, content_type: str, data: bytes) -> Callable[[Document], Document]:
    """Decodes the patch; returns what applies it to an object. Raises StatusError 400."""
    patch = bodies.decode_json(data)
    if content_type == JSON:
        return lambda document: _json(document, patch)
    if not isinstance(patch, dict):
        raise status.bad_request("a merge patch has to be a JSON object")
    if content_type == MERGE:
        return lambda document: _object(patching.merge_patch(document, patch))
    return lambda document: _strategic(document, patch, collection.resource.kind)


def _object(value: Any) -> Document:
    if not isinstance(value, dict):
        raise status.bad_request("the patch does not leave an object behind")
    return value


def _json(document: Document, operations: Any) -> Document:
    if not isinstance(operations, list):
        raise status.bad_request("a JSON patch has to be a list of operations")
    if len(operations) > _MAX_OPERATIONS:
        text = f"The allowed maximum operations in a JSON patch is {_MAX_OPERATIONS}, got {len(operations)}"
        raise status.StatusError(413, "RequestEntityTooLarge", text)
    try:
        return _object(patching.json_patch(document, operations))
    except patching.PatchError as error:
        raise status.StatusError(
            422, "Invalid", f"the server rejected our request due to an error in our request: {error}"
        ) from error


def _strategic(document: Document, patch: Document, kind: str) -> Document:
    try:
        return _object(patching.strategic_merge(document, patch, kind))
    except patching.PatchError as error:
        raise status.bad_request(str(error)) from error
