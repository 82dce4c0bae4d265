"""Loops and hooks, which steps and tasks share (§2.7, §2.9)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from argotui.engine.validate.finding import Finding, problem, rows
from argotui.engine.validate.scope import ANY_ITEM, Scope
from argotui.model.documents import Document


def check_loop(step: Document, path: str, at: str) -> Iterator[Finding]:
    """At most one way to loop, and a sequence with one end."""
    given = [key for key in ("withItems", "withParam", "withSequence") if _is_set(step, key)]
    if len(given) > 1:
        reason = "only one of withItems, withParam, withSequence can be specified"
        yield problem(path, reason, at=at, suggestion=f"keep one of: {', '.join(given)}")
        return
    sequence = step.get("withSequence")
    if sequence is not None and sequence.get("count") is not None and sequence.get("end") is not None:
        yield problem(f"{path}.withSequence", "only one of count or end can be defined in withSequence", at=at)


def _is_set(step: Document, key: str) -> bool:
    return step.get(key) is not None if key == "withSequence" else bool(step.get(key))


def is_expanded(step: Document) -> bool:
    """Whether the outputs of a step are lists: it loops over items or a parameter."""
    return bool(step.get("withItems") or step.get("withParam"))


def loops(step: Document) -> bool:
    """Whether a task becomes several nodes."""
    return is_expanded(step) or step.get("withSequence") is not None


def add_items(scope: Scope, step: Document) -> None:
    """Makes `item` known, and those of its parts that can be seen in the manifest."""
    if step.get("withItems"):
        for item in rows(step["withItems"]):
            if isinstance(item, list):
                scope.add(*(f"item.[{index}]" for index in range(len(item))))
            elif isinstance(item, dict):
                scope.add(*(f"item.{key}" for key in item))
            elif item is not None:
                scope.add("item")
    elif step.get("withParam"):
        scope.add("item", ANY_ITEM)
    elif step.get("withSequence") is not None:
        scope.add("item")


def check_hooks(hooks: Mapping[str, Any] | None, path: str, at: str) -> Iterator[Finding]:
    """Every hook but the exit hook says when it runs."""
    for name, hook in sorted((hooks or {}).items()):
        if name != "exit" and not (hook or {}).get("expression"):
            yield problem(f"{path}.{name}.expression", "Expression required", at=f"{at}.{name} ")
