"""Strategic merge patch, as the Kubernetes API applies it.

Objects merge key by key; a null deletes; lists of objects merge by the key that `mergekeys` names
for their type.  Directives: `$patch` (replace, delete), `$retainKeys`, `$setElementOrder/f` and
`$deleteFromPrimitiveList/f`.
"""

from __future__ import annotations

from typing import Any

from argotui.model.documents import Document, clone
from argotui.model.mergekeys import SET, Field, field_of
from argotui.model.mergepatch import PatchError, same

_PATCH = "$patch"
_RETAIN = "$retainKeys"
_ORDER = "$setElementOrder/"
_DELETE = "$deleteFromPrimitiveList/"


def strategic_merge(doc: Document, patch: Document, kind: str) -> Document:
    """The document after a strategic merge patch; neither argument is changed.

    `kind` is a kind or the type of a part (`Pod`, `PodSpec`, `Container`, `Template`, `Workflow`,
    `WorkflowSpec`, …); any other kind merges without merge keys.  Raises PatchError.
    """
    if not isinstance(patch, dict):
        raise PatchError("Invalid JSON Patch")
    return _merge_map(clone(doc) if isinstance(doc, dict) else {}, clone(patch), kind)


def _merge_map(original: Document, patch: Document, kind: str) -> Document:
    if _PATCH in patch:
        return _directed(patch)
    _retain_keys(original, patch)
    for key in [key for key in patch if key.startswith(_ORDER)]:
        if key in patch:
            _apply_order(original, patch, key, kind)
    for key, value in patch.items():
        if key.startswith(_DELETE):
            _delete_values(original, key.removeprefix(_DELETE), value)
        elif value is None:
            original.pop(key, None)
        else:
            original_value = original.get(key)
            merged = _merge_value(original_value, value, field_of(kind, key))
            if merged is not _NOTHING:
                original[key] = merged
    return original


class _Nothing:
    pass


_NOTHING = _Nothing()


def _directed(patch: Document) -> Document:
    directive = patch[_PATCH]
    if directive == "replace":
        return {key: value for key, value in patch.items() if key != _PATCH}
    if directive == "delete":
        return {}
    raise PatchError(f"unknown patch type: {directive} in map: {_go_map(patch)}")


def _merge_value(original: Any, value: Any, field: Field) -> Any:
    if isinstance(original, dict) and isinstance(value, dict):
        return _plain(value) if field.replace else _merge_map(original, value, field.type)
    if isinstance(original, list) and isinstance(value, list):
        return _merge_list(original, value, field)
    return _plain(value)


def _plain(value: Any) -> Any:
    """A patch value on its own: directives and nulls are taken out."""
    if isinstance(value, dict):
        if value.get(_PATCH) == "delete":
            return _NOTHING
        parts = {k: _plain(v) for k, v in value.items() if v is not None and not _is_directive(k)}
        return {k: v for k, v in parts.items() if v is not _NOTHING}
    if isinstance(value, list):
        kept = [item for item in value if not (isinstance(item, dict) and item.keys() == {_PATCH})]
        return [item for item in map(_plain, kept) if item is not _NOTHING]
    return value


def _is_directive(key: str) -> bool:
    return key in (_PATCH, _RETAIN) or key.startswith((_ORDER, _DELETE))


def _retain_keys(original: Document, patch: Document) -> None:
    if _RETAIN not in patch:
        return
    retained = patch.pop(_RETAIN)
    if not isinstance(retained, list):
        raise PatchError(f"{_RETAIN} is not a list")
    for key, value in patch.items():
        if value is not None and not _is_directive(key) and key not in retained:
            raise PatchError(f"{_RETAIN} directive does not name {key!r}, which the patch sets")
    for key in [key for key in original if key not in retained]:
        del original[key]


def _delete_values(original: Document, key: str, values: Any) -> None:
    if not isinstance(values, list):
        raise PatchError(f"{_DELETE}{key} is not a list")
    if isinstance(current := original.get(key), list):
        original[key] = [item for item in current if not any(same(item, value) for value in values)]


# ---------------------------------------------------------------- lists


def _merge_list(original: list[Any], patch: list[Any], field: Field) -> list[Any]:
    if not field.merge_key:
        return patch
    if field.merge_key == SET:
        merged = _unique([*original, *patch])
    else:
        original, patch, done = _special_elements(original, patch, field.merge_key)
        if done:
            return original
        merged = _merge_elements(original, patch, field)
    return _ordered(merged, patch, original, field.merge_key)


def _unique(items: list[Any]) -> list[Any]:
    found: list[Any] = []
    for item in items:
        if not any(same(item, seen) for seen in found):
            found.append(item)
    return found


def _special_elements(original: list[Any], patch: list[Any], merge_key: str) -> tuple[list[Any], list[Any], bool]:
    """Carry out `$patch` elements; gives the list, the remaining patch, and whether that was all."""
    rest, replace = [], False
    for element in patch:
        if not isinstance(element, dict):
            raise PatchError(f"expected a map[string]interface {{}}, but received a {_type_name(element)}")
        directive = element.get(_PATCH)
        if directive is None:
            rest.append(element)
        elif directive == "delete":
            target = _key_of(element, merge_key)
            original = [item for item in original if not same(_key_of(item, merge_key), target)]
        elif directive == "replace":
            replace = True
        elif directive == "merge":
            raise PatchError("merging lists cannot yet be specified in the patch")
        else:
            raise PatchError(f"unknown patch type: {directive} in map: {_go_map(element)}")
    return (rest, [], True) if replace else (original, rest, False)


def _type_name(value: Any) -> str:
    return {str: "string", bool: "bool", int: "int64", float: "float64"}.get(type(value), "list")


def _key_of(element: Any, merge_key: str) -> Any:
    if not isinstance(element, dict) or merge_key not in element:
        raise PatchError(f"map: {_go_map(element)} does not contain declared merge key: {merge_key}")
    return element[merge_key]


def _go_map(element: Any) -> str:
    if not isinstance(element, dict):
        return str(element)
    return "map[" + " ".join(f"{key}:{_go_map(element[key])}" for key in sorted(element)) + "]"


def _merge_elements(original: list[Any], patch: list[Any], field: Field) -> list[Any]:
    merged = list(original)
    for element in patch:
        key = _key_of(element, field.merge_key)
        at = _position(merged, key, field.merge_key)
        if at < 0:
            merged.append(element)
        else:
            merged[at] = _merge_map(merged[at], element, field.type)
    return merged


def _position(items: list[Any], key: Any, merge_key: str) -> int:
    for index, item in enumerate(items):
        found = item if merge_key == SET else _key_of(item, merge_key)
        if same(found, key):
            return index
    return -1


def _identity(item: Any, merge_key: str) -> Any:
    return item if merge_key == SET else _key_of(item, merge_key)


def _ordered(merged: list[Any], order: list[Any], server: list[Any], merge_key: str) -> list[Any]:
    """Put elements into order: those the patch names in its order, the others around them."""
    named = [item for item in merged if _position(order, _identity(item, merge_key), merge_key) >= 0]
    others = [item for item in merged if _position(order, _identity(item, merge_key), merge_key) < 0]
    named.sort(key=lambda item: _position(order, _identity(item, merge_key), merge_key))
    others.sort(key=lambda item: _rank(server, item, merge_key))
    return _zip_by(server, others, named, merge_key)


def _rank(order: list[Any], item: Any, merge_key: str) -> int:
    position = _position(order, _identity(item, merge_key), merge_key)
    return position if position >= 0 else len(order)


def _zip_by(server: list[Any], others: list[Any], named: list[Any], merge_key: str) -> list[Any]:
    """Interleave: another element goes first only where the server's order says so."""
    result: list[Any] = []
    left, right = list(others), list(named)
    while left and right:
        mine = _position(server, _identity(left[0], merge_key), merge_key)
        theirs = _position(server, _identity(right[0], merge_key), merge_key)
        result.append(left.pop(0) if 0 <= mine < theirs else right.pop(0))
    return result + left + right


def _apply_order(original: Document, patch: Document, directive: str, kind: str) -> None:
    order = patch.pop(directive)
    key = directive.removeprefix(_ORDER)
    if not isinstance(order, list):
        raise PatchError(f"{directive} is not a list")
    field = field_of(kind, key)
    if not field.merge_key and any(isinstance(item, dict) for item in order):
        raise PatchError(f"{directive}: the list {key} has no merge key, so its elements have no order")
    merge_key = field.merge_key or SET
    current, change = original.get(key), patch.pop(key, None)
    _check_order(change, order, merge_key)
    if isinstance(current, list) and isinstance(change, list):
        merged = _merge_list(current, change, field)
    elif isinstance(change, list):
        merged = _plain(change)
    elif isinstance(current, list):
        merged = current
    else:
        return
    server = current if isinstance(current, list) else []
    original[key] = _ordered(merged, order, server, merge_key)


def _check_order(change: Any, order: list[Any], merge_key: str) -> None:
    """The patch's elements must appear in the order list, in the same sequence."""
    position = 0
    for element in change or ():
        if isinstance(element, dict) and _PATCH in element:
            continue
        wanted = _identity(element, merge_key)
        while position < len(order) and not same(_identity(order[position], merge_key), wanted):
            position += 1
        if position == len(order):
            raise PatchError(f"The order in patch list:\n{change}\n doesn't match {_ORDER} list:\n{order}\n")
