"""Sets of fields, in the form in which objects carry them (FieldsV1).

A set is a tree of dicts. A key is one step of a path: `f:NAME` a field, `k:{"name":"x"}` the item of
a list with these keys, `v:1` an item that is a plain value. Below a step stand the steps behind it;
an empty dict means that the path which ends there belongs to the set, and so does a `.` where there
are further steps. Sets are shared between versions of an object and never changed once they are made,
but by `insert` while they are being built.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

Fields = dict[str, Any]
Path = tuple[str, ...]

_SELF = "."


def field(name: str) -> str:
    """The step to a field."""
    return "f:" + name


def item(keys: dict[str, Any]) -> str:
    """The step to the item of a list that has these keys."""
    return "k:" + json.dumps(keys, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def value(plain: Any) -> str:
    """The step to an item that is a plain value."""
    return "v:" + json.dumps(plain, separators=(",", ":"), ensure_ascii=False)


def insert(fields: Fields, path: Path) -> None:
    """Adds one path; the empty path belongs to no set."""
    node = fields
    for depth, step in enumerate(path):
        below: Fields | None = node.get(step)
        if below is None:
            below = node[step] = {}
        elif not below and depth + 1 < len(path):
            below[_SELF] = {}  # it was the end of a path until now
        node = below
    if node and path:
        node[_SELF] = {}


def has(fields: Fields, path: Path) -> bool:
    """Whether exactly this path belongs to the set."""
    node: Fields | None = fields
    for step in path:
        node = node.get(step) if node is not None else None
    return node is not None and ends(node)


def ends(node: Fields) -> bool:
    """Whether a path ends at a node below the root."""
    return not node or _SELF in node


def _node(end: bool, below: Fields) -> Fields | None:
    if not below:
        return {} if end else None
    return {_SELF: {}, **below} if end else below


def _below(node: Fields) -> Fields:
    return {step: child for step, child in node.items() if step != _SELF}


def union(left: Fields, right: Fields) -> Fields:
    """Paths of either."""
    found = dict(left)
    for step, child in right.items():
        present = found.get(step)
        if present is None:
            found[step] = child
        elif present != child:
            found[step] = _node(ends(present) or ends(child), union(_below(present), _below(child)))
    return found


def difference(left: Fields, right: Fields) -> Fields:
    """Paths of `left` that are not in `right`; what is below a path in `right` stays."""
    found: Fields = {}
    for step, child in left.items():
        taken = right.get(step)
        if taken is None:
            found[step] = child
            continue
        rest = _node(ends(child) and not ends(taken), difference(_below(child), _below(taken)))
        if rest is not None:
            found[step] = rest
    return found


def intersection(left: Fields, right: Fields) -> Fields:
    """Paths of both."""
    found: Fields = {}
    for step, child in left.items():
        other = right.get(step)
        if other is None:
            continue
        both = _node(ends(child) and ends(other), intersection(_below(child), _below(other)))
        if both is not None:
            found[step] = both
    return found


def without(fields: Fields, path: Path) -> Fields:
    """The set without a path and everything below it."""
    if not path or path[0] not in fields:
        return fields
    rest = {step: child for step, child in fields.items() if step != path[0]}
    if len(path) > 1:
        child = fields[path[0]]
        left = _node(ends(child), without(_below(child), path[1:]))
        if left is not None:
            rest[path[0]] = left
    return rest


def paths(fields: Fields, before: Path = ()) -> Iterator[Path]:
    """All paths in order: those that end at a level come before what is below it."""
    steps = sorted((step for step in fields if step != _SELF), key=_rank)
    for step in steps:
        if ends(fields[step]):
            yield (*before, step)
    for step in steps:
        yield from paths(_below(fields[step]), (*before, step))


def _rank(step: str) -> tuple[int, str]:
    return "fkvi".find(step[0]), step


def path_text(path: Path) -> str:
    """`.spec.containers[name="main"].image`, as conflicts name a field."""
    return "".join(map(_step_text, path))


def _step_text(step: str) -> str:
    kind, text = step[0], step[2:]
    if kind == "f":
        return f".{text}"
    if kind == "k":
        keys = sorted(json.loads(text).items())
        return f"[{','.join(f'{name}={_shown(plain)}' for name, plain in keys)}]"
    return f"[={_shown(json.loads(text))}]" if kind == "v" else f"[{text}]"


def _shown(plain: Any) -> str:
    return json.dumps(plain, ensure_ascii=False)


def is_set(found: Any) -> bool:
    """Whether a JSON value has the form of a set; what a client sends need not have it."""
    if not isinstance(found, dict):
        return False
    return all((step == _SELF and child == {}) or (_is_step(step) and is_set(child)) for step, child in found.items())


def _is_step(step: str) -> bool:
    if step.startswith("f:"):
        return True
    try:
        plain = json.loads(step[2:]) if step[1:2] == ":" else None
    except (ValueError, RecursionError):
        return False
    if step[0] == "k":
        return isinstance(plain, dict) and not any(isinstance(part, dict | list) for part in plain.values())
    if step[0] == "i":
        return isinstance(plain, int)
    return step[0] == "v" and plain is not None and not isinstance(plain, dict | list)
