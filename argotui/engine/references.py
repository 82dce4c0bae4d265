"""Resolving what a step or task refers to before it starts (§2.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from argotui.engine.errors import EngineError
from argotui.engine.loops import AFTERWARDS, INLINE, is_loop
from argotui.engine.program import ABSENT
from argotui.engine.template import (
    CLOSE,
    OPEN,
    SIBLINGS,
    TemplateError,
    substitute_document,
)
from argotui.engine.when import WhenError, evaluate_when
from argotui.model.documents import Document


def resolve(step: Document, scope: Mapping[str, Any]) -> Document:
    """The step or task with everything substituted that is known.

    Its condition comes first: when that is false, the rest stays as it is. A reference to a sibling that
    cannot be resolved is an error, for everything a step may refer to is over by now. Raises EngineError.
    """
    try:
        condition = substitute_document(step.get("when") or "", scope, SIBLINGS)
        if not _may_proceed(step, condition):
            return {**step, "when": condition}
        body = {key: value for key, value in step.items() if key not in AFTERWARDS}
        if "arguments" in body:
            body["arguments"] = marked_absent(body["arguments"] or {}, scope)
        inline = body.pop(INLINE, None)
        resolved: Document = substitute_document(body, scope, SIBLINGS)
        if inline is not None:
            resolved[INLINE] = substitute_document(inline, scope)
    except (TemplateError, WhenError) as error:
        raise EngineError(str(error)) from None
    return {**resolved, **{key: step[key] for key in AFTERWARDS if key in step}}


def _may_proceed(step: Document, condition: str) -> bool:
    """A condition that cannot be evaluated yet may still hold `{{item}}`."""
    try:
        return evaluate_when(condition)
    except WhenError:
        if is_loop(step):
            return True
        raise


def marked_absent(arguments: Document, scope: Mapping[str, Any]) -> Document:
    """Arguments that are nothing but a reference to an output which a skipped node did not produce are
    marked, so that the called template's own default can take their place."""
    parameters = arguments.get("parameters")
    if not parameters:
        return arguments
    marked = [{**p, "value": ABSENT} if _is_absent(p.get("value"), scope) else p for p in parameters]
    return {**arguments, "parameters": marked}


def _is_absent(value: Any, scope: Mapping[str, Any]) -> bool:
    if not isinstance(value, str) or not (value.startswith(OPEN) and value.endswith(CLOSE)):
        return False
    name = value[len(OPEN) : -len(CLOSE)].strip()
    if OPEN in name or CLOSE in name:
        return False
    return scope.get(name, value) is None
