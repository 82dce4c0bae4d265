"""The agent of the simulated cluster: the TaskSet as an API object, and what each request comes to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from argotui.engine.effects import CompleteTaskSet, Effect, ForgetTasks, PutTasks
from argotui.engine.facts import Fact, TaskSetChanged
from argotui.model.documents import Document, clone
from argotui.model.keys import LABEL_COMPLETED

After = Callable[[float, Callable[[], list[Fact]]], None]


@dataclass
class Requests:
    """reply: node id -> what the agent reports, None for a request that never ends. seconds: how long one takes."""

    after: After
    reply: Callable[[str], Mapping[str, Any] | None]
    seconds: float = 0.5
    task_set: Document | None = None
    made: list[str] = field(default_factory=list)
    """Node ids of the requests made, in order."""
    agent_runs: Callable[[], bool] = lambda: True

    def carry_out(self, effect: Effect) -> bool:
        """Whether the effect was about the TaskSet."""
        match effect:
            case PutTasks(tasks):
                self._put(tasks)
            case ForgetTasks(identifiers):
                self._forget(identifiers)
            case CompleteTaskSet():
                if self.task_set is not None:
                    self.task_set["metadata"]["labels"] = {LABEL_COMPLETED: "true"}
            case _:
                return False
        return True

    def _put(self, tasks: Mapping[str, Document]) -> None:
        if self.task_set is None:
            self.task_set = {"metadata": {"labels": {LABEL_COMPLETED: "false"}}, "spec": {"tasks": {}}}
        self.task_set["spec"]["tasks"] |= clone(dict(tasks))
        for identifier in tasks:
            (self.task_set.get("status") or {}).get("nodes", {}).pop(identifier, None)
        self.after(0.05, self._told)
        self.after(0.3, self.look)

    def _forget(self, identifiers: tuple[str, ...]) -> None:
        for table in (self._tasks, self._results):
            for identifier in identifiers:
                table.pop(identifier, None)

    @property
    def _tasks(self) -> Document:
        found: Document = (self.task_set or {}).get("spec", {}).get("tasks", {})
        return found

    @property
    def _results(self) -> Document:
        if self.task_set is None:
            return {}
        found: Document = self.task_set.setdefault("status", {}).setdefault("nodes", {})
        return found

    @property
    def _is_complete(self) -> bool:
        return self.task_set is not None and self.task_set["metadata"]["labels"][LABEL_COMPLETED] == "true"

    def _told(self) -> list[Fact]:
        return [] if self.task_set is None else [TaskSetChanged(clone(self.task_set))]

    def look(self) -> list[Fact]:
        """The agent takes what is new, once each."""
        if not self.agent_runs():
            if self._tasks and not self._is_complete:
                self.after(0.2, self.look)
            return []
        for identifier in self._tasks:
            if identifier not in self.made:
                self.made.append(identifier)
                self.after(self.seconds, lambda identifier=identifier: self._report(identifier))
        return []

    def _report(self, identifier: str) -> list[Fact]:
        result = self.reply(identifier)
        if result is None or identifier not in self._tasks:
            return []
        self._results[identifier] = dict(result)
        return self._told()
