"""Which tasks of a DAG wait for which (§2.5)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
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


class Ancestors(Collection[str]):
    """Some tasks of a graph, as a set of bits: thousands of tasks have thousands of ancestors each."""

    def __init__(self, names: Sequence[str], bits: Mapping[str, int], members: int) -> None:
        self._names = names
        self._bits = bits
        self._members = members

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and bool(self._bits.get(name, 0) & self._members)

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._names if name in self)

    def __len__(self) -> int:
        return self._members.bit_count()


class TaskGraph:
    """The tasks of one DAG by name."""

    def __init__(self, tasks: list[Document]) -> None:
        self.tasks: Mapping[str, Document] = {task.get("name") or "": task for task in tasks}
        self.after = {name: dependencies_of(task) for name, task in self.tasks.items()}
        self._names = list(self.tasks)
        self._bits = {name: 1 << number for number, name in enumerate(self._names)}
        self._above: dict[str, int] = {}

    def ancestors(self, name: str) -> Ancestors:
        """Everything that has ended before a task starts.  Only for graphs without cycles."""
        for current in self._upwards(name):
            above = 0
            for other in self.after.get(current, ()):
                above |= self._bits.get(other, 0) | self._above.get(other, 0)
            self._above[current] = above
        return Ancestors(self._names, self._bits, self._above[name])

    def _upwards(self, name: str) -> Iterator[str]:
        """The unknown tasks above `name` and itself, dependencies first, without recursion."""
        stack = [name]
        while stack:
            current = stack[-1]
            missing = [o for o in self.after.get(current, ()) if o in self.tasks and o not in self._above]
            if current not in self._above and missing:
                stack.extend(missing)
                continue
            stack.pop()
            if current not in self._above:
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
