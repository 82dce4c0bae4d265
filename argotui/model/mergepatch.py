"""JSON merge patch (RFC 7386) with the details of the Go library that the API and Argo use.

The one difference that shows: nulls inside objects inside lists of the patch are dropped too.
"""

from __future__ import annotations

from typing import Any

from argotui.model.documents import Document, clone


class PatchError(ValueError):
    """The patch cannot be applied; the message says why."""


def merge_patch(doc: Any, patch: Any) -> Any:
    """The document after a merge patch; neither argument is changed.

    Parts that the patch does not touch are shared with `doc`, so the cost follows the change.
    Raises PatchError when the patch is neither an object nor a list.
    """
    if isinstance(patch, list):
        return _pruned_list(patch)
    if not isinstance(patch, dict):
        raise PatchError("Invalid JSON Patch")
    if not isinstance(doc, dict):
        return _pruned(patch)
    return _merged(doc, patch)


def _merged(doc: Document, patch: Document) -> Document:
    result = dict(doc)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            current = doc.get(key)
            result[key] = _merged(current, value) if isinstance(current, dict) else _pruned(value)
        else:
            result[key] = _pruned_list(value) if isinstance(value, list) else value
    return result


def _pruned(patch: Document) -> Document:
    result: Document = {}
    for key, value in patch.items():
        if isinstance(value, dict):
            result[key] = _pruned(value)
        elif isinstance(value, list):
            result[key] = _pruned_list(value)
        elif value is not None:
            result[key] = value
    return result


def _pruned_list(values: list[Any]) -> list[Any]:
    result: list[Any] = []
    for value in values:
        if isinstance(value, dict):
            result.append(_pruned(value))
        elif isinstance(value, list):
            result.append(_pruned_list(value))
        elif value is not None:
            result.append(value)
    return result


def create_merge_patch(old: Any, new: Any) -> Any:
    """The merge patch that turns `old` into `new`; `{}` when they are equal.

    Two lists of objects of the same length give a list of patches, as the Go library does; other
    lists are refused with PatchError.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        return _difference(old, new)
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [create_merge_patch(a, b) for a, b in zip(old, new, strict=True)]
    raise PatchError("Invalid JSON Document")


def _difference(old: Document, new: Document) -> Document:
    patch: Document = {}
    for key, value in new.items():
        if key not in old:
            patch[key] = clone(value)
            continue
        before = old[key]
        if before is value:  # what was not touched is not looked into
            continue
        if isinstance(before, dict) and isinstance(value, dict):
            if changed := _difference(before, value):
                patch[key] = changed
        elif not same(before, value):
            patch[key] = clone(value)
    for key in old:
        if key not in new:
            patch[key] = None
    return patch


def same(left: Any, right: Any) -> bool:
    """Equality of JSON data: `true` is not 1, but 1 is 1.0."""
    if left is right:
        return True
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[k], right[k]) for k in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def create_three_way_patch(original: Document, modified: Document, current: Document) -> Document:
    """A merge patch for `current` that makes the changes from `original` to `modified`.

    What was added or changed is taken from the difference of current and modified; what is deleted
    is what the original had and modified has not.
    """
    additions = _kept(create_merge_patch(current, modified), nulls=False)
    deletions = _kept(create_merge_patch(original, modified), nulls=True)
    return _joined(additions, deletions)


def _kept(patch: Document, *, nulls: bool) -> Document:
    result: Document = {}
    for key, value in patch.items():
        if isinstance(value, dict):
            if inner := _kept(value, nulls=nulls):
                result[key] = inner
        elif (value is None) == nulls:
            result[key] = value
    return result


def _joined(first: Document, second: Document) -> Document:
    result = dict(first)
    for key, value in second.items():
        mine = result.get(key)
        result[key] = _joined(mine, value) if isinstance(mine, dict) and isinstance(value, dict) else value
    return result
