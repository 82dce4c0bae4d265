"""Parallelism: which calls have to wait until others are over (§2.6)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from argotui.engine.failfast import is_failing

if TYPE_CHECKING:
    from argotui.engine.calls import Call
    from argotui.engine.execution import Execution

WHOLE_WORKFLOW = ""

_Waiting = tuple["Call", Callable[[], None]]


class Gate:
    """Lets calls through while limits are not reached, keeps the others in order.

    Two limits: `spec.parallelism` counts active pods of the workflow; a template's `parallelism` counts
    active pods, steps and DAGs directly below its node.
    """

    def __init__(self, ex: Execution) -> None:
        self._ex = ex
        self._waiting: dict[str, deque[_Waiting]] = {}

    def admits(self, call: Call, again: Callable[[], None]) -> bool:
        """True when the call may start or go on now. Else `again` is called when there is room, or never
        when the boundary of the call is failing fast."""
        if self._ex.nodes.get(call.node_id) is not None:
            return True
        if call.boundary_plan is not None and is_failing(self._ex, call.boundary_plan, call.boundary):
            return False
        return self._has_room(WHOLE_WORKFLOW, call, again) and self._has_room(call.boundary, call, again)

    def admits_attempt(self, call: Call, again: Callable[[], None]) -> bool:
        """The same for a further attempt, which has its place below its boundary already."""
        return self._ex.nodes.get(call.node_id) is not None or self._has_room(WHOLE_WORKFLOW, call, again)

    def _has_room(self, queue: str, call: Call, again: Callable[[], None]) -> bool:
        if not self._is_full(queue, call):
            return True
        self._waiting.setdefault(queue, deque()).append((call, again))
        return False

    def _is_full(self, queue: str, call: Call) -> bool:
        if queue == WHOLE_WORKFLOW:
            limit = self._ex.spec.get("parallelism")
            return limit is not None and len(self._ex.nodes.active_pods) >= int(limit)
        limit = call.boundary_plan.document.get("parallelism") if call.boundary_plan is not None else None
        return limit is not None and self._ex.nodes.tally(queue).active >= int(limit)

    def reopen(self) -> bool:
        """Put the first waiting call of every queue that has room on the agenda; False when there is none."""
        opened = False
        for queue, calls in list(self._waiting.items()):
            if calls and not self._is_full(queue, calls[0][0]):
                self._ex.later(calls.popleft()[1])
                opened = True
            if not calls:
                del self._waiting[queue]
        return opened
