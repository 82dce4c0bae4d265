"""JSON Patch (RFC 6902): add, remove, replace, move, copy, test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from argotui.model.documents import Document, clone
from argotui.model.mergepatch import PatchError, same

MAX_OPERATIONS = 10_000
"""As the API server's own limit."""


def json_patch(doc: Any, operations: Sequence[Document]) -> Any:
    """The document after all operations; it is not changed itself.  Raises PatchError, all or nothing."""
    if not isinstance(operations, list | tuple):
        raise PatchError("a JSON patch is a list of operations")
    if len(operations) > MAX_OPERATIONS:
        raise PatchError(f"a JSON patch has at most {MAX_OPERATIONS} operations")
    box = {"": clone(doc)}
    for index, operation in enumerate(operations):
        try:
            _apply(box, operation)
        except PatchError as error:
            raise PatchError(f"operation {index}: {error}") from None
    if "" not in box:
        raise PatchError("the operations remove the document itself")
    return box[""]


def _apply(box: Document, operation: Any) -> None:
    if not isinstance(operation, dict):
        raise PatchError("not an object")
    name = operation.get("op")
    action = _ACTIONS.get(name) if isinstance(name, str) else None
    if action is None:
        raise PatchError(f"unknown operation {name!r}; use add, remove, replace, move, copy or test")
    action(box, operation)


def _parts(operation: Document, key: str) -> list[str]:
    pointer = operation.get(key)
    if not isinstance(pointer, str):
        raise PatchError(f"{key!r} is missing")
    if pointer and not pointer.startswith("/"):
        raise PatchError(f"{key} {pointer!r} does not start with /")
    parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    return ["", *parts]


def _value(operation: Document) -> Any:
    if "value" not in operation:
        raise PatchError("'value' is missing")
    return clone(operation["value"])


def _parent(box: Document, parts: list[str]) -> Any:
    target: Any = box
    for part in parts[:-1]:
        target = _get(target, part, parts)
    return target


def _get(target: Any, part: str, parts: list[str]) -> Any:
    if isinstance(target, dict) and part in target:
        return target[part]
    if isinstance(target, list):
        return target[_index(target, part, parts, len(target) - 1)]
    raise PatchError(f"path {'/'.join(parts)!r} does not exist")


def _index(target: list[Any], part: str, parts: list[str], last: int) -> int:
    if part == "-":
        return last
    if not (part.isascii() and part.isdigit()) or (part != "0" and part.startswith("0")):
        raise PatchError(f"path {'/'.join(parts)!r}: {part!r} is not a position in a list")
    index = int(part[:12])
    if index > last:
        raise PatchError(f"path {'/'.join(parts)!r}: position {index} is outside of the list")
    return index


def _add(box: Document, operation: Document) -> None:
    _put(box, _parts(operation, "path"), _value(operation))


def _put(box: Document, parts: list[str], value: Any) -> None:
    parent = _parent(box, parts)
    if isinstance(parent, list):
        parent.insert(_index(parent, parts[-1], parts, len(parent)), value)
    elif isinstance(parent, dict):
        parent[parts[-1]] = value
    else:
        raise PatchError(f"path {'/'.join(parts)!r} does not exist")


def _take(box: Document, parts: list[str]) -> Any:
    parent = _parent(box, parts)
    value = _get(parent, parts[-1], parts)
    if isinstance(parent, list):
        del parent[_index(parent, parts[-1], parts, len(parent) - 1)]
    else:
        del parent[parts[-1]]
    return value


def _remove(box: Document, operation: Document) -> None:
    _take(box, _parts(operation, "path"))


def _replace(box: Document, operation: Document) -> None:
    parts, value = _parts(operation, "path"), _value(operation)
    parent = _parent(box, parts)
    _get(parent, parts[-1], parts)
    if isinstance(parent, list):
        parent[_index(parent, parts[-1], parts, len(parent) - 1)] = value
    else:
        parent[parts[-1]] = value


def _move(box: Document, operation: Document) -> None:
    source, target = _parts(operation, "from"), _parts(operation, "path")
    if target[: len(source)] == source and len(target) > len(source):
        raise PatchError("a value cannot be moved into itself")
    _put(box, target, _take(box, source))


def _copy(box: Document, operation: Document) -> None:
    source, target = _parts(operation, "from"), _parts(operation, "path")
    _put(box, target, clone(_get(_parent(box, source), source[-1], source)))


def _test(box: Document, operation: Document) -> None:
    parts = _parts(operation, "path")
    if not same(_get(_parent(box, parts), parts[-1], parts), operation.get("value")):
        raise PatchError(f"the value at {'/'.join(parts)!r} is not the expected one")


_ACTIONS: dict[str, Callable[[Document, Document], None]] = {
    "add": _add,
    "remove": _remove,
    "replace": _replace,
    "move": _move,
    "copy": _copy,
    "test": _test,
}
