"""`when` and `stopStrategy.expression`: what a CronWorkflow may ask before it runs once more (§7)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from argotui.engine.cron.spec import moment_of, status_of
from argotui.engine.template import CLOSE, OPEN, TemplateError, compile_text, substitute_text
from argotui.engine.when import WhenError, evaluate_cron_when
from argotui.model import documents
from argotui.model.documents import Document, go_json


class ConditionError(Exception):
    """A condition that cannot be evaluated; the text says why."""


def variables(cron: Document) -> dict[str, Any]:
    """The names that both kinds of conditions know.  As upstream has it, `annotations` holds the labels."""
    status, labels = status_of(cron), documents.labels(cron)
    found = {
        "name": documents.name(cron),
        "namespace": documents.namespace(cron),
        "labels": labels,
        "labels.json": go_json(labels),
        "annotations": labels,
        "annotations.json": go_json(documents.annotations(cron)),
        "failed": count_of(status, "failed"),
        "succeeded": count_of(status, "succeeded"),
        "lastScheduledTime": _moment(status.get("lastScheduledTime")),
    }
    return {f"cronworkflow.{name}": value for name, value in found.items()}


def count_of(status: Mapping[str, Any], key: str) -> int:
    """`status.succeeded` or `status.failed`."""
    found = status.get(key)
    return found if isinstance(found, int) and not isinstance(found, bool) else 0


def _moment(text: object) -> Any:
    from argotui.engine.expr.gotime.moment import from_datetime

    found = moment_of(text)
    return None if found is None else from_datetime(found)


def may_run(cron: Document, when: str, now: datetime) -> bool:
    """Whether `when` allows a run; an empty one does.  Raises ConditionError."""
    if not when:
        return True
    scope = variables(cron)
    try:
        text = substitute_text(_evaluated(when, scope, now), scope, allow_unresolved=False)
        return evaluate_cron_when(text)
    except (TemplateError, WhenError) as error:
        raise ConditionError(str(error)) from None


def _evaluated(text: str, scope: Mapping[str, Any], now: datetime) -> str:
    """The text with its expression tags replaced by their values."""
    compiled = compile_text(text)
    parts = [compiled.texts[0]]
    for tag, rest in zip(compiled.tags, compiled.texts[1:], strict=True):
        parts.append(_value(tag[1:], scope, now) if tag.startswith("=") else OPEN + tag + CLOSE)
        parts.append(rest)
    return "".join(parts)


def _value(expression: str, scope: Mapping[str, Any], now: datetime) -> str:
    from argotui.engine.expr import ExprError, argo_environment, evaluate
    from argotui.engine.expr import go_json as inserted

    try:
        value = evaluate(expression, argo_environment(_known(scope)), now=now)
        text = value if isinstance(value, str) else inserted(value)
    except ExprError as error:
        raise ConditionError(f"failed to evaluate expression: {error.message}") from None
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _known(scope: Mapping[str, Any]) -> dict[str, Any]:
    """`labels` beside `labels.json`: of the two, expressions can reach only the second; so it is upstream."""
    return dict(scope)


def should_stop(cron: Document, expression: str, now: datetime) -> bool:
    """Whether the stop strategy is met; without one it never is.  Raises ConditionError."""
    if not expression:
        return False
    from argotui.engine.expr import ExprError, argo_environment, evaluate_bool

    try:
        return evaluate_bool(expression, argo_environment(_known(variables(cron))), now=now)
    except ExprError as error:
        raise ConditionError(str(error)) from None
