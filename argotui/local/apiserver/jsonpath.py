"""The JSONPath of printer columns: `.status.phase`, `.items[0].name`, `.conditions[?(@.type=="Ready")].status`."""

from __future__ import annotations

import re
from typing import Any

_STEP = re.compile(
    r"""\.(?P<field>\*|(?:\\.|[\w$/-])+)
      | \[(?P<index>-?\d+)\]
      | \[(?P<all>\*)\]
      | \['(?P<quoted>[^']+)'\]
      | \[\?\(@(?P<test>(?:\.[\w$-]+)+)\s*==\s*(?P<value>"[^"]*"|'[^']*'|\w+)\)\]""",
    re.VERBOSE,
)

Step = tuple[str, Any]


class BadPath(ValueError):
    """A path that is not understood."""


def parse(text: str) -> tuple[Step, ...]:
    """Steps of a path; ("field", name), ("index", n), ("all", None) or ("where", (path, value)). Raises BadPath."""
    text = text.strip().removeprefix("{").removesuffix("}").removeprefix("$")
    if text and text[0] not in ".[":
        text = "." + text
    steps: list[Step] = []
    at = 0
    while at < len(text):
        found = _STEP.match(text, at)
        if found is None:
            raise BadPath(f"cannot read {text[at : at + 32]!r} in the path {text[:64]!r}")
        steps.append(_step(found))
        at = found.end()
    return tuple(steps)


def _step(found: re.Match[str]) -> Step:
    if found["field"] == "*" or found["all"]:
        return "all", None
    if found["field"]:
        return "field", found["field"].replace("\\.", ".")
    if found["index"]:
        return "index", int(found["index"])
    if found["quoted"]:
        return "field", found["quoted"]
    return "where", (found["test"].strip(".").split("."), found["value"].strip("\"'"))


def find(document: Any, steps: tuple[Step, ...]) -> list[Any]:
    """Everything a path leads to; empty when it leads nowhere."""
    values = [document]
    for kind, argument in steps:
        values = [after for value in values for after in _follow(value, kind, argument)]
    return values


def _follow(value: Any, kind: str, argument: Any) -> list[Any]:
    if kind == "field":
        return [value[argument]] if isinstance(value, dict) and argument in value else []
    if kind == "index":
        inside = isinstance(value, list) and -len(value) <= argument < len(value)
        return [value[argument]] if inside else []
    if kind == "all":
        return list(value.values()) if isinstance(value, dict) else list(value) if isinstance(value, list) else []
    path, wanted = argument
    items = value if isinstance(value, list) else []
    return [item for item in items if _text(item, path) == wanted]


def _text(value: Any, path: list[str]) -> str:
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return str(value).lower() if isinstance(value, bool) else str(value)
