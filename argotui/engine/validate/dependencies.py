"""Which tasks of a DAG wait for which (§2.5)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from argotui.engine.validate.finding import rows
from argotui.model.documents import Document

_NAME: Final = re.compile(r"([a-zA-Z0-9][-a-zA-Z0-9]*?\.[A-Z][a-zA-Z]+)|([a-zA-Z0-9][-a-zA-Z0-9]*)")
ITEM_RESULTS: Final = frozenset({"AnySucceeded", "AllFailed"})


def mentions(task: Document) -> list[tuple[str, str]]:
    """(task, result) pairs that a task's `depends` mentions, in order; result is empty for a bare name."""
    found = []
    for match in _NAME.finditer(task.get("depends") or ""):
        name, _, result = match[0].partition(".")
        found.append((name, result))
    return found


def dependencies_of(task: Document) -> list[str]:
    """Names of the tasks that a task waits for, each once."""
    if task.get("depends"):
        return list(dict.fromkeys(name for name, _ in mentions(task)))
    return list(dict.fromkeys(str(name) for name in rows(task.get("dependencies"))))


class TaskGraph:
    """The tasks of one DAG by name."""

    def __init__(self, tasks: list[Document]) -> None:
        self.tasks: Mapping[str, Document] = {task.get("name") or "": task for task in tasks}
        self.after = {name: dependencies_of(task) for name, task in self.tasks.items()}
        self._ancestors: dict[str, frozenset[str]] = {}

    def ancestors(self, name: str) -> frozenset[str]:
        """Everything that has ended before a task starts.  Only for graphs without cycles."""
        for current in self._upwards(name):
            direct = [other for other in self.after.get(current, ()) if other in self.tasks]
            self._ancestors[current] = frozenset(direct).union(*(self._ancestors[other] for other in direct))
        return self._ancestors[name]

    def _upwards(self, name: str) -> Iterator[str]:
        """The unknown tasks above `name` and itself, dependencies first, without recursion."""
        stack = [name]
        while stack:
            current = stack[-1]
            missing = [o for o in self.after.get(current, ()) if o in self.tasks and o not in self._ancestors]
            if current not in self._ancestors and missing:
                stack.extend(missing)
                continue
            stack.pop()
            if current not in self._ancestors:
                yield current

    def in_order(self) -> list[str] | None:
        """Names so that every task comes after its dependencies; None when there is a cycle."""
        waiting = {name: [o for o in after if o in self.tasks] for name, after in self.after.items()}
        count = {name: len(after) for name, after in waiting.items()}
        following: dict[str, list[str]] = {}
        for name, after in waiting.items():
            for other in after:
                following.setdefault(other, []).append(name)
        order = [name for name, number in count.items() if not number]
        for name in order:
            for other in following.get(name, ()):
                count[other] -= 1
                if not count[other]:
                    order.append(other)
        return order if len(order) == len(self.tasks) else None

    def cycle(self) -> list[str]:
        """Names on one cycle, the first again at the end."""
        left = dict(self.after)
        while ends := [n for n, after in left.items() if not any(o in left for o in after)]:
            for name in ends:
                del left[name]
        trail: list[str] = []
        name = next(iter(left), "")
        while name and name not in trail:
            trail.append(name)
            name = next(other for other in left[name] if other in left)
        return [*trail[trail.index(name) :], name] if trail else []
