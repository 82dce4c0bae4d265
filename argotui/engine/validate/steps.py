"""Steps templates (§2.4, §3.4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from argotui.engine.goform import go_step
from argotui.engine.template import dumps
from argotui.engine.validate.arguments import Anything, Given, check_arguments
from argotui.engine.validate.finding import Checks, Finding, problem, rows, under
from argotui.engine.validate.loops import add_items, check_hooks, check_loop, is_expanded
from argotui.engine.validate.names import template_name_fault
from argotui.engine.validate.resolution import Resolved
from argotui.engine.validate.scope import Scope
from argotui.model.documents import Document

if TYPE_CHECKING:
    from argotui.engine.validate.checker import Checker


def check_no_deadline(template: Document, path: str, at: str) -> Iterator[Finding]:
    """A deadline belongs to what runs, not to what calls."""
    if template.get("activeDeadlineSeconds") is not None:
        reason = "activeDeadlineSeconds is only valid for leaf templates"
        yield problem(f"{path}.activeDeadlineSeconds", reason, at=f"{at}.")


def with_inline_inputs(scope: Scope, step: Document) -> Scope:
    """The scope of a step or task itself: the inputs of its inline template may stand in it."""
    inner = scope.child()
    inputs = (step.get("inline") or {}).get("inputs") or {}
    inner.add(*(f"inputs.parameters.{p.get('name') or ''}" for p in rows(inputs.get("parameters"))))
    return inner


def check_steps(checker: Checker, found: Resolved, scope: Scope) -> Checks[None]:
    """Every step of every group, in order: a step may use what earlier ones give."""
    template, at = found.template, f"templates.{found.name}"
    yield from check_no_deadline(template, found.path, at)
    seen: set[str] = set()
    for index, group in enumerate(rows(template.get("steps"))):
        for position, step in enumerate(rows(group)):
            path = f"{found.path}.steps[{index}][{position}]"
            yield from _check_name(step.get("name") or "", seen, path, f"{at}.steps[{index}].")
            yield from _check_step(checker, found, scope, step, path, index)


def _check_name(name: str, seen: set[str], path: str, at: str) -> Iterator[Finding]:
    if not name:
        yield problem(f"{path}.name", "name is required", at=at)
    elif name in seen:
        yield problem(f"{path}.name", f"name '{name}' is not unique", at=at, suggestion="give each step its own name")
    elif fault := template_name_fault(name):
        yield problem(f"{path}.name", f"name '{name}' is invalid: {fault}", at=at)
    seen.add(name)


def _check_step(checker: Checker, found: Resolved, scope: Scope, step: Document, path: str, index: int) -> Checks[None]:
    name, base = step.get("name") or "", found.base
    at, reference = f"templates.{found.name}.steps[{index}].{name}", f"steps.{name}"
    given, arguments = step.get("arguments") or {}, f"{path}.arguments"
    scope.add(f"{reference}.status")
    add_items(scope, step)
    yield from check_loop(step, path, f"{at} ")
    yield from check_arguments(given, arguments, f"{at}.arguments.", may_be_empty=False)
    called = yield from under(f"{at} ", checker.check_holder(step, base, Anything(), path, arguments))
    if step.get("onExit") or (step.get("hooks") or {}).get("exit"):
        checker.add_outputs(scope, called, reference)
    yield from check_hooks(step.get("hooks"), f"{path}.hooks", at)
    inner = with_inline_inputs(scope, step)
    text = dumps(go_step(step))
    yield from checker.tags.check(text, inner, at=f"templates.{found.name}.steps ", source=step, path=path)
    checker.add_outputs(scope, called, reference, aggregated=is_expanded(step))
    yield from under(f"{at} ", checker.check_holder(step, base, Given(given), path, arguments))
