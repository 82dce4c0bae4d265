"""DAG templates (§2.5, §3.4)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from argotui.engine.depends import RESULTS
from argotui.engine.goform import go_task
from argotui.engine.template import dumps
from argotui.engine.validate.arguments import Anything, Given, check_arguments
from argotui.engine.validate.dependencies import ITEM_RESULTS, TaskGraph, dependencies_of, mentions
from argotui.engine.validate.finding import Checks, Finding, nearest, problem, rows, under
from argotui.engine.validate.loops import add_items, check_loop, is_expanded, loops
from argotui.engine.validate.names import check_names
from argotui.engine.validate.outputs import is_parameterised
from argotui.engine.validate.resolution import Called, Resolved
from argotui.engine.validate.scope import Scope
from argotui.engine.validate.steps import check_no_deadline, with_inline_inputs
from argotui.model.anystring import any_string
from argotui.model.documents import Document

if TYPE_CHECKING:
    from argotui.engine.validate.checker import Checker


def check_dag(checker: Checker, found: Resolved, scope: Scope) -> Checks[None]:
    """The graph, then every task with the outputs of its ancestors."""
    template, at = found.template, f"templates.{found.name}"
    yield from check_no_deadline(template, found.path, at)
    tasks = rows(template["dag"].get("tasks"))
    if not tasks:
        yield problem(f"{found.path}.dag.tasks", "must have at least one task", at=f"{at} ")
        return
    graph = TaskGraph(tasks)
    sound = yield from _check_graph(tasks, graph, f"{found.path}.dag.tasks", at)
    yield from check_names(tasks, f"{found.path}.dag.tasks", f"{at}.tasks", parameters=False)
    order = graph.in_order() if sound else None
    ordered = sorted(enumerate(tasks), key=_place_in(order)) if order else list(enumerate(tasks))
    called = yield from _check_calls(checker, found, scope, ordered)
    target = template["dag"].get("target") or ""
    where = f"{found.path}.dag.target"
    yield from checker.tags.check(dumps(target), scope, at=f"{at}.targets ", source=target, path=where)
    yield from _check_targets(target, graph, where, at)
    for index, task in ordered:
        yield from _check_task(checker, found, scope, graph if sound else None, task, index, called)


def _place_in(order: list[str]) -> Any:
    place = {name: number for number, name in enumerate(order)}
    return lambda entry: place.get(entry[1].get("name") or "", 0)


def _check_graph(tasks: list[Document], graph: TaskGraph, path: str, at: str) -> Checks[bool]:
    """Whether the tasks can be put in order: no name twice, no unknown dependency, no cycle."""
    failed = f"{at} sorting failed: "
    sound, seen = True, set()
    for index, task in enumerate(tasks):
        name = task.get("name") or ""
        if name in seen:
            sound = False
            yield problem(f"{path}[{index}].name", f"duplicated nodeName {name}", at=failed)
        seen.add(name)
    for index, task in enumerate(tasks):
        field = "depends" if task.get("depends") else "dependencies"
        for name in dependencies_of(task):
            if name not in graph.tasks:
                sound = False
                hint = nearest(name, graph.tasks)
                yield problem(f"{path}[{index}].{field}", f"invalid dependency {name}", at=failed, suggestion=hint)
    if graph.in_order() is None:
        sound = False
        hint = f"tasks wait for each other: {' -> '.join(graph.cycle())}"
        yield problem(path, "graph with cycle", at=failed, suggestion=hint)
    return sound


def _check_calls(
    checker: Checker, found: Resolved, scope: Scope, tasks: list[tuple[int, Document]]
) -> Checks[dict[str, Called]]:
    """What every task calls, and the rules of `depends`."""
    called: dict[str, Called] = {}
    uses_depends = any(task.get("depends") for _, task in tasks)
    by_name = {task.get("name") or "": task for _, task in tasks}
    for index, task in tasks:
        name, path = task.get("name") or "", f"{found.path}.dag.tasks[{index}]"
        at = f"templates.{found.name}.tasks.{name}"
        yield from _check_style(task, path, f"templates.{found.name}", uses_depends=uses_depends)
        checks = checker.check_holder(task, found.base, Anything(), path, f"{path}.arguments")
        called[name] = yield from under(f"{at} ", checks)
        checker.add_outputs(scope, called[name], f"tasks.{name}", aggregated=is_expanded(task))
        yield from _check_results(task, by_name, f"{path}.depends", at)
    return called


def _check_style(task: Document, path: str, at: str, *, uses_depends: bool) -> Iterator[Finding]:
    name = task.get("name") or ""
    if (uses_depends or task.get("dependencies")) and name[:1].isdigit():
        reason = "name cannot begin with a digit when using either 'depends' or 'dependencies'"
        yield problem(f"{path}.name", reason, at=f"{at}.tasks.{name} ")
    if uses_depends and task.get("dependencies"):
        reason = "cannot use both 'depends' and 'dependencies' in the same DAG template"
        yield problem(f"{path}.dependencies", reason, at=f"{at} ", suggestion="write it as depends")
    if uses_depends and task.get("continueOn") is not None:
        reason = "cannot use 'continueOn' when using 'depends'. Instead use 'dep-task.Failed'/'dep-task.Errored'"
        yield problem(f"{path}.continueOn", reason, at=f"{at} ")


def _check_results(task: Document, tasks: Mapping[str, Document], path: str, at: str) -> Iterator[Finding]:
    for name, result in mentions(task):
        if result and result not in RESULTS:
            reason = f"task result '{result}' for task '{name}' is invalid"
            yield problem(path, reason, at=f"{at} ", suggestion=nearest(result, RESULTS))
        elif result in ITEM_RESULTS and name in tasks and not loops(tasks[name]):
            condition = "uses an items-based condition such as .AnySucceeded or .AllFailed"
            reason = f"dependency '{name}' {condition} but does not contain any items"
            # Upstream names the dependency where it means the task that has it.
            where = at.rpartition(".")[0] + f".{name}"
            yield problem(path, reason, at=f"{where} ", suggestion="use .Succeeded or .Failed")


def _check_targets(target: str, graph: TaskGraph, path: str, at: str) -> Iterator[Finding]:
    for name in target.split(" ") if target else ():
        if name not in graph.tasks and not is_parameterised(name):
            reason = f"target '{name}' is not defined"
            yield problem(path, reason, at=f"{at}.targets: ", suggestion=nearest(name, graph.tasks))


def _check_task(
    checker: Checker,
    found: Resolved,
    scope: Scope,
    graph: TaskGraph | None,
    task: Document,
    index: int,
    called: Mapping[str, Called],
) -> Checks[None]:
    name, path = task.get("name") or "", f"{found.path}.dag.tasks[{index}]"
    at, given = f"templates.{found.name}.tasks.{name}", task.get("arguments") or {}
    if task.get("hooks") is not None:
        scope.add(f"tasks.{name}.status")
    checker.add_outputs(scope, called[name], f"tasks.{name}")
    inner = with_inline_inputs(scope, task)
    ancestors: Collection[str] = graph.ancestors(name) if graph else frozenset(called)
    inner.add_each("tasks.", ancestors, ".status")
    yield from check_loop(task, path, f"{at} ")
    add_items(inner, task)
    yield from checker.tags.check(dumps(go_task(task)), inner, at=f"{at} ", source=task, path=path)
    yield from check_arguments(given, f"{path}.arguments", f"{at}.arguments.", may_be_empty=False)
    if graph:
        yield from _check_ancestry(
            given, ancestors, f"{path}.arguments", at, field="depends" if task.get("depends") else "dependencies"
        )
    checks = checker.check_holder(task, found.base, Given(given), path, f"{path}.arguments")
    yield from under(f"{at} ", checks)


def _check_ancestry(
    given: Mapping[str, Any], ancestors: Collection[str], path: str, at: str, *, field: str
) -> Iterator[Finding]:
    """An argument that is one task's output needs that task to have ended."""
    for word, key, field_name in (("parameter", "parameters", "value"), ("artifact", "artifacts", "from")):
        for index, entry in enumerate(rows(given.get(key))):
            text = any_string(entry.get(field_name)) or ""
            if not text.startswith("{{tasks."):
                continue
            other = text.split(".")[1]
            if other not in ancestors:
                reason = f"missing dependency '{other}' for {word} '{entry.get('name') or ''}'"
                hint = f"add '{other}' to {field}"
                yield problem(f"{path}.{key}[{index}]", reason, at=f"{at} ", suggestion=hint)
