"""The graph of a DAG template: worked out once per template (§2.5)."""

from __future__ import annotations

from dataclasses import dataclass

from argotui.engine.depends import Dependencies, dependencies_of
from argotui.model.documents import Document


@dataclass(frozen=True)
class Graph:
    """order: task names as declared. dependents: who waits for a task. ancestors: everything a task waits
    for, directly or not, as a bit set over `order`. places: index of each task in `order`."""

    order: tuple[str, ...]
    tasks: dict[str, Document]
    dependencies: dict[str, Dependencies]
    dependents: dict[str, tuple[str, ...]]
    ancestors: dict[str, int]
    places: dict[str, int]

    def position(self, task: str) -> int:
        """Index of a task as declared."""
        return self.places[task]

    def is_ancestor(self, ancestor: str, task: str) -> bool:
        """Whether a task may refer to another one."""
        place = self.places.get(ancestor)
        return place is not None and bool(self.ancestors.get(task, 0) >> place & 1)

    def ancestor_names(self, task: str) -> list[str]:
        """All tasks a task may refer to."""
        return [name for name in self.order if self.is_ancestor(name, task)]

    def targets(self, target: str) -> list[str]:
        """The tasks that `dag.target` names; without it those that nobody waits for, sorted."""
        if target:
            return target.split(" ")
        return sorted(name for name in self.order if not self.dependents[name])

    def needed(self, targets: list[str]) -> list[str]:
        """The targets and everything they wait for, in declared order; unknown names are left out."""
        wanted = 0
        for target in targets:
            if target in self.places:
                wanted |= self.ancestors[target] | 1 << self.places[target]
        return [name for place, name in enumerate(self.order) if wanted >> place & 1]


def graph_of(tasks: list[Document]) -> Graph:
    """Read the tasks of a DAG template; dependencies on unknown tasks are left out of the graph."""
    by_name = {str(task.get("name") or ""): task for task in reversed(tasks)}
    order = tuple(dict.fromkeys(str(task.get("name") or "") for task in tasks))
    dependencies = {name: dependencies_of(by_name[name], by_name) for name in order}
    dependents: dict[str, list[str]] = {name: [] for name in order}
    for name in order:
        for dependency in dependencies[name].tasks:
            if dependency in dependents:
                dependents[dependency].append(name)
    places = {name: index for index, name in enumerate(order)}
    return Graph(
        order,
        by_name,
        dependencies,
        {name: tuple(names) for name, names in dependents.items()},
        _ancestors(order, dependencies, places),
        places,
    )


def _ancestors(order: tuple[str, ...], dependencies: dict[str, Dependencies], places: dict[str, int]) -> dict[str, int]:
    """Bit sets by repeated look-up without recursion; a cycle (refused by validation) ends as well."""
    found: dict[str, int] = {}
    for start in order:
        waiting, entered = [start], {start}
        while waiting:
            name = waiting[-1]
            missing = [d for d in dependencies[name].tasks if d in places and d not in found and d not in entered]
            if name not in found and missing:
                entered.update(missing)
                waiting.extend(missing)
                continue
            found[name] = 0
            for dependency in dependencies[name].tasks:
                if dependency in places:
                    found[name] |= found.get(dependency, 0) | 1 << places[dependency]
            waiting.pop()
    return found
