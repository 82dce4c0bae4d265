"""What bounds a node without a pod or with one: a shutdown, the workflow's deadline, times that its template sets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from argotui.engine.calls import Call
from argotui.engine.errors import EngineError
from argotui.model.documents import Document
from argotui.model.duration import DurationError
from argotui.model.times import parse_time

if TYPE_CHECKING:
    from argotui.engine.execution import Execution


def refusal(ex: Execution, call: Call) -> str:
    """Why a node without a pod may not begin or wait any more: a shutdown, or the workflow's deadline. "" if it may."""
    if not ex.may_run(call.on_exit):
        return f"Stopped with strategy '{ex.shutdown}'"
    late = ex.deadline is not None and ex.now >= ex.deadline and not call.on_exit
    return "Step exceeded its deadline" if late else ""


def end_of(
    ex: Execution, call: Call, template: Document, field: str, duration: Callable[[str], int]
) -> datetime | None:
    """When the time in a template's field (`timeout`, `pendingTimeout`) is over, counted from the node's start.

    duration: nanoseconds of the field's text. Raises EngineError.
    """
    text = template.get(field)
    if not text:
        return None
    try:
        allowed = timedelta(microseconds=duration(str(text)) // 1000)
        return (parse_time(ex.nodes[call.node_id].get("startedAt")) or ex.now) + allowed
    except (DurationError, OverflowError) as error:
        raise EngineError(f"invalid {field} format. {error}") from None
