"""`when` and `stopStrategy.expression`: what a CronWorkflow may ask before it runs once more (§7)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from argotui.engine.cron.spec import moment_of, status_of
from argotui.engine.gotext import quote_body
from argotui.engine.template import STRICT, Compiled, TemplateError, compile_text
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
        compiled = compile_text(when)
        inserted = [_inserted(tag, scope, now) for tag in compiled.tags]
        text = "".join(part for pair in zip(compiled.texts, [*inserted, ""], strict=True) for part in pair)
        return evaluate_cron_when(text)
    except (TemplateError, WhenError) as error:
        raise ConditionError(str(error)) from None


def _inserted(tag: str, scope: Mapping[str, Any], now: datetime) -> str:
    """What stands in place of a tag."""
    if not tag.startswith("="):
        return Compiled(("", ""), (tag,)).render(scope, STRICT)
    from argotui.engine.expr import ExprError, argo_environment, evaluate
    from argotui.engine.expr import go_json as as_json

    try:
        value = evaluate(tag[1:], argo_environment(scope), now=now)
        return quote_body(value if isinstance(value, str) else as_json(value))
    except ExprError as error:
        raise ConditionError(f"failed to evaluate expression: {error}") from None


def should_stop(cron: Document, expression: str, now: datetime) -> bool:
    """Whether the stop strategy is met; without one it never is.  Raises ConditionError."""
    if not expression:
        return False
    from argotui.engine.expr import ExprError, argo_environment, evaluate_bool

    try:
        return evaluate_bool(expression, argo_environment(variables(cron)), now=now)
    except ExprError as error:
        raise ConditionError(str(error)) from None
