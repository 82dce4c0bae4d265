"""Rules about expressions: those that cannot be read, and names that nothing has (§3.1, §3.2)."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache
from typing import Any, Final

from argotui.engine.advice.rule import Remark
from argotui.engine.advice.view import View
from argotui.engine.expressions import references
from argotui.engine.template import OPEN, TemplateError, compile_text
from argotui.model.manifest.spots import Step, format_path

_FIELDS: Final = ("expression", "fromExpression")
_ROOTS: Final = frozenset({
    "steps", "tasks", "inputs", "outputs", "workflow", "item", "retries", "lastRetry", "pod", "node", "cronworkflow",
    "request", "response", "duration", "status", "exitCode", "resourcesDuration", "$env",
})  # fmt: skip
"""First parts of variables (§3.3), wherever they are known."""
_DEEPEST: Final = 100


def unreadable(view: View) -> Iterator[Remark]:
    """Expressions with a mistake in their grammar."""
    from argotui.engine.expr import ExprError

    for path, text, _ in _expressions(view):
        try:
            references(text)
        except ExprError as error:
            yield Remark(path, f"the expression cannot be read: {error}", error.excerpt or f"in: {text.strip()[:80]}")


def unknown_names(view: View) -> Iterator[Remark]:
    """Expressions that name a function or a variable that there never is."""
    from argotui.engine.expr import ExprError

    for path, text, is_tag in _expressions(view):
        try:
            unknown = next((r.parts[0] for r in references(text) if r.parts[0] not in _known()), None)
        except ExprError:
            continue
        if unknown is not None:
            fate = "the tag stays as it is" if is_tag else "the expression fails"
            close = get_close_matches(unknown, sorted(_known()), n=1, cutoff=0.6)
            hint = f"did you mean {close[0]}?" if close else "see the functions and variables of expressions"
            yield Remark(path, f"nothing is called {unknown}: {fate}", hint)


@cache
def _known() -> frozenset[str]:
    from argotui.engine.expr.builtins.names import NAMES
    from argotui.engine.expr.environment import FUNCTIONS

    return _ROOTS | frozenset(NAMES) | frozenset(FUNCTIONS)


def _expressions(view: View) -> Iterator[tuple[str, str, bool]]:
    """Path and text of every expression below the spec, and whether it is a tag."""
    waiting: list[tuple[tuple[Step, ...], Any]] = [(("spec",), view.document.get("spec"))]
    while waiting:
        steps, value = waiting.pop()
        if isinstance(value, str):
            yield from _in_text(steps, value)
        elif len(steps) < _DEEPEST:
            waiting.extend(((*steps, step), below) for step, below in reversed(_below(value)))


def _below(value: Any) -> list[tuple[Step, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, list) else []


def _in_text(steps: tuple[Step, ...], text: str) -> Iterator[tuple[str, str, bool]]:
    if steps[-1] in _FIELDS:
        yield format_path(steps), text, False
    elif OPEN + "=" in text:
        try:
            tags = compile_text(text).tags
        except TemplateError:
            return  # an unclosed tag is an error, which says so itself
        for tag in tags:
            if tag.startswith("=") and OPEN not in tag:
                yield format_path(steps), tag[1:], True
