"""What a DAG task waits for, and whether it may run after that (§2.5)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from argotui.engine.errors import EngineError
from argotui.model.documents import Document
from argotui.model.phase import Phase

RESULTS: Final = ("Succeeded", "Failed", "Errored", "Skipped", "Omitted", "Daemoned", "AnySucceeded", "AllFailed")

_REFERENCE: Final = re.compile(r"([a-zA-Z0-9][-a-zA-Z0-9]*?)\.([A-Z][a-zA-Z]+)|([a-zA-Z0-9][-a-zA-Z0-9]*)")
_TOKEN: Final = re.compile(r"\s*(?:(&&|\|\||!|\(|\))|([a-zA-Z0-9_][-a-zA-Z0-9_]*)\.([A-Z][a-zA-Z]+))")

_MAX_DEPTH: Final = 100
"""Brackets within each other."""

Outcome = Callable[[str, str], bool]
"""(task name, result) -> whether the task ended so."""


@dataclass(frozen=True, slots=True)
class Dependencies:
    """tasks: names a task waits for, in order of mention. logic: the condition with every bare name
    written out, as upstream would show it; empty when the task waits for nothing."""

    tasks: tuple[str, ...]
    logic: str
    problem: str = ""

    def satisfied(self, ended: Outcome) -> bool:
        """Evaluate the condition. Raises EngineError when it cannot be read."""
        if self.problem:
            raise EngineError(self.problem)
        return not self.logic or _Condition(self.logic, ended).value()


def dependencies_of(task: Document, tasks: Mapping[str, Document]) -> Dependencies:
    """Read `depends` or `dependencies` of a task; tasks: all of its DAG by name.

    A name that no task has is reported when the condition is evaluated (validation refuses it before).
    """
    if task.get("depends"):
        return _of_expression(str(task["depends"]), tasks)
    names = [str(name) for name in task.get("dependencies") or ()]
    groups = [_any_end_that_goes_on(name, tasks.get(name) or {}) for name in names]
    return Dependencies(tuple(dict.fromkeys(names)), " && ".join(groups))


def _any_end_that_goes_on(name: str, task: Mapping[str, Any]) -> str:
    results = [Phase.SUCCEEDED.value, Phase.SKIPPED.value, "Daemoned"]
    continue_on = task.get("continueOn") or {}
    if continue_on.get("error"):
        results.append("Errored")
    if continue_on.get("failed"):
        results.append("Failed")
    return "(" + " || ".join(f"{name}.{result}" for result in results) + ")"


def _of_expression(text: str, tasks: Mapping[str, Document]) -> Dependencies:
    names: dict[str, None] = {}
    problems: list[str] = []

    def written_out(found: re.Match[str]) -> str:
        name = found[1] or found[3]
        names[name] = None
        if name not in tasks:
            problems.append(f"unknown task '{name}' in depends")
        elif found[2] and found[2] not in RESULTS:
            problems.append(f"task result '{found[2]}' for task '{name}' is invalid")
        return found[0] if found[1] else _any_end_that_goes_on(name, tasks.get(name) or {})

    logic = _REFERENCE.sub(written_out, text)
    return Dependencies(tuple(names), logic, problems[0] if problems else "")


class _Condition:
    """Recursive descent over `||`, `&&`, `!`, brackets and `task.Result`."""

    def __init__(self, logic: str, ended: Outcome) -> None:
        self._logic = logic
        self._ended = ended
        self._tokens = self._cut(logic)
        self._position = 0
        self._depth = 0

    def _cut(self, logic: str) -> list[tuple[str, str, str]]:
        tokens: list[tuple[str, str, str]] = []
        position, end = 0, len(logic.rstrip())
        while position < end:
            found = _TOKEN.match(logic, position)
            if found is None:
                raise self._unreadable()
            tokens.append((found[1] or "", found[2] or "", found[3] or ""))
            position = found.end()
        return tokens

    def _unreadable(self) -> EngineError:
        return EngineError(f"unable to evaluate expression '{self._logic.replace('-', '_')}'")

    def value(self) -> bool:
        result = self._either()
        if self._position < len(self._tokens):
            raise self._unreadable()
        return result

    def _take(self, symbol: str) -> bool:
        if self._position < len(self._tokens) and self._tokens[self._position][0] == symbol:
            self._position += 1
            return True
        return False

    def _either(self) -> bool:
        result = self._both()
        while self._take("||"):
            result = self._both() or result
        return result

    def _both(self) -> bool:
        result = self._single()
        while self._take("&&"):
            result = self._single() and result
        return result

    def _single(self) -> bool:
        negated = False
        while self._take("!"):
            negated = not negated
        return self._operand() != negated

    def _operand(self) -> bool:
        if self._depth <= _MAX_DEPTH and self._take("("):
            self._depth += 1
            result = self._either()
            self._depth -= 1
            if not self._take(")"):
                raise self._unreadable()
            return result
        if self._position >= len(self._tokens) or not self._tokens[self._position][1]:
            raise self._unreadable()
        _, name, outcome = self._tokens[self._position]
        self._position += 1
        return self._ended(name, outcome)


def ended(node: Mapping[str, Any], children: Callable[[str], str | None], result: str) -> bool:
    """Whether a dependency's node ended with the result; children: node id -> phase, for loops."""
    phase = node.get("phase") or ""
    if result in ("AnySucceeded", "AllFailed"):
        phases = [children(child) for child in node.get("children") or ()] if node.get("type") == "TaskGroup" else []
        if result == "AnySucceeded":
            return Phase.SUCCEEDED in phases
        return bool(phases) and all(child == Phase.FAILED for child in phases)
    if result == "Daemoned":
        return bool(node.get("daemoned")) and phase != Phase.PENDING
    return phase == (Phase.ERROR if result == "Errored" else result)
