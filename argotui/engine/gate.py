"""Parallelism: which calls have to wait until others are over (§2.6)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING

from argotui.engine.failfast import is_failing

if TYPE_CHECKING:
    from argotui.engine.calls import Call
    from argotui.engine.execution import Execution
    from argotui.engine.program import TemplatePlan

_Waiting = tuple[tuple[int, ...], int, "Call", Callable[[], None]]


class Gate:
    """Holds calls back while limits are reached.

    Two limits: `spec.parallelism` counts active pods of the workflow; a template's `parallelism` counts
    active pods, steps and DAGs directly below its node. Where a limit applies every call waits until all
    other work is done; then the first in the order of the tree goes, one at a time. So who goes does not
    depend on who came first, which a fresh load could not know.
    """

    def __init__(self, ex: Execution) -> None:
        self._ex = ex
        self._numbers = count()
        self._ready: list[_Waiting] = []
        """Waiting calls, first in the tree first, that may have room below their boundaries."""
        self._blocked: dict[str, list[_Waiting]] = {}
        """Waiting calls by boundaries that had no room."""
        self._reserved: dict[str, bool] = {}
        """Calls (node ids) that were let in and have no node yet; whether they make a pod."""
        self._reserved_below: Counter[str] = Counter()
        self._reserved_pods = 0

    def admits(self, call: Call, go: Callable[[], None]) -> bool:
        """True when the call may start or go on now. Else `go` is called when there is room, or never when
        the boundary of the call is failing fast."""
        if self._ex.nodes.get(call.node_id) is not None:
            return True
        if self._is_dropped(call):
            return False
        if self._workflow_limit is None and self._limit(call) is None:
            return True
        heappush(self._ready, (call.order, next(self._numbers), call, go))
        return False

    def admits_waiting(self, call: Call, go: Callable[[], None]) -> bool:
        """The same for a node that has waited for a lock: below its boundary it had its place all the time, but
        among the active pods of the workflow it had none."""
        if self._is_dropped(call):
            return False
        if self._workflow_limit is None:
            return True
        heappush(self._ready, (call.order, next(self._numbers), call, go))
        return False

    def reserve(self, call: Call, *, is_pod: bool) -> None:
        """Keep the room of a call that has to wait for an answer before its node exists."""
        if call.node_id not in self._reserved:
            self._reserved[call.node_id] = is_pod
            self._reserved_below[call.boundary] += 1
            self._reserved_pods += is_pod

    def unreserve(self, call: Call) -> None:
        """The node exists now, or never will."""
        is_pod = self._reserved.pop(call.node_id, None)
        if is_pod is not None:
            self._reserved_below[call.boundary] -= 1
            self._reserved_pods -= is_pod
            self._unblock(call.boundary)

    @property
    def _active_pods(self) -> int:
        return len(self._ex.nodes.active_pods) + self._reserved_pods

    @property
    def _workflow_limit(self) -> int | None:
        limit = self._ex.spec.get("parallelism")
        return None if limit is None else int(limit)

    def _limit(self, call: Call) -> int | None:
        """The limit of the boundary, if the call has to look at it."""
        plan = _looked_at(call)
        limit = None if plan is None else plan.document.get("parallelism")
        return None if limit is None else int(limit)

    def _is_dropped(self, call: Call) -> bool:
        """Nothing new is started below a boundary that is failing fast."""
        plan = _looked_at(call)
        return plan is not None and is_failing(self._ex, plan, call.boundary)

    def stir(self, boundaries: Iterable[str]) -> None:
        """Something has changed below these nodes: there may be room."""
        for boundary in boundaries:
            self._unblock(boundary)

    def release(self) -> bool:
        """Put the first call that has room on the agenda; False when there is none."""
        limit = self._workflow_limit
        while self._ready and (limit is None or self._active_pods < limit):
            waiting = heappop(self._ready)
            if self._is_dropped(waiting[2]):
                continue
            if self._is_full(waiting[2]):
                heappush(self._blocked.setdefault(waiting[2].boundary, []), waiting)
                continue
            self._unblock(waiting[2].boundary)
            self._ex.later(waiting[3])
            return True
        return False

    def _is_full(self, call: Call) -> bool:
        limit = self._limit(call)
        if limit is None or self._ex.nodes.get(call.node_id) is not None:
            return False
        return self._ex.nodes.tally(call.boundary).active + self._reserved_below[call.boundary] >= limit

    def _unblock(self, boundary: str) -> None:
        """The first of those that wait below a boundary may try."""
        blocked = self._blocked.get(boundary)
        if blocked:
            heappush(self._ready, heappop(blocked))
        elif blocked is not None:
            del self._blocked[boundary]


def _looked_at(call: Call) -> TemplatePlan | None:
    """The template of the boundary; an attempt has its place below it already."""
    return None if (call.flag or {}).get("retried") else call.boundary_plan
