"""What a call has to get past once there is room for it: its locks (§2.13), then a remembered result (§2.12)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from argotui.engine.calls import Call, ensure_node, fail_call, report_end, report_error
from argotui.engine.errors import EngineError, NodeTimeout
from argotui.engine.facts import CacheLoaded
from argotui.engine.locknames import lock_keys
from argotui.engine.memo import cache_key, is_hit
from argotui.engine.outputs import publish
from argotui.engine.synchronization import Wish
from argotui.model.documents import Document
from argotui.model.duration import DurationError, argo_duration
from argotui.model.phase import NodeType, Phase, is_waiting_for_lock
from argotui.model.times import parse_time

if TYPE_CHECKING:
    from argotui.engine.execution import Execution

_TYPES: Final = {
    "steps": NodeType.STEPS,
    "dag": NodeType.DAG,
    "suspend": NodeType.SUSPEND,
    "http": NodeType.HTTP,
    "plugin": NodeType.PLUGIN,
    "retry": NodeType.RETRY,
}
_RUNS_ON: Final = frozenset({NodeType.STEPS, NodeType.DAG, NodeType.RETRY})
"""Nodes that are Running as soon as they begin."""


class Threshold:
    """One call on its way in.

    kind: of the template, `retry` where a Retry node wraps it. start: what follows when nothing is in the way.
    Between asking and the answer the call has no node; room that was found for it is kept (`Gate.reserve`).
    """

    def __init__(self, ex: Execution, call: Call, kind: str, template: Document, start: Callable[[], None]) -> None:
        self.call = call
        self._ex = ex
        self._type = _TYPES.get(kind, NodeType.POD)
        self._template = template
        self._start = start
        self._has_waited = False

    def enter(self) -> None:
        """Ask for the locks; without any, for the result."""
        ex, call = self._ex, self.call
        try:
            locks = lock_keys(self._template.get("synchronization") or {}, ex.namespace)
        except EngineError as error:
            self._refuse(error)
            return
        if not locks:
            self._recall()
            return
        holder = ex.locks.holder(call.node_id)
        wish = Wish(holder, locks, call.order, self._unlocked, self._wait, self._refuse)
        if ex.locks.obtain(wish):
            self._unlocked()
        elif ex.nodes.get(call.node_id) is None:
            ex.gate.reserve(call, is_pod=self._type in (NodeType.POD, NodeType.RETRY))

    def _is_moot(self) -> bool:
        """Nobody waits for the call any more; what it holds is given back."""
        ex = self._ex
        if ex.nodes.is_alive(self.call.boundary) and not ex.nodes.is_fulfilled(self.call.node_id):
            return False
        ex.gate.unreserve(self.call)
        ex.leaves.pop(self.call.node_id, None)
        ex.locks.release(self.call.node_id)
        return True

    # --- locks --------------------------------------------------------------------------------

    def _wait(self, lock: str, message: str) -> None:
        """The locks are not to be had now: the node says so."""
        ex, call = self._ex, self.call
        if self._is_moot():
            return
        synced = True if self._type == NodeType.POD else None
        ensure_node(ex, call, self._template, self._type, Phase.PENDING, message=message, taskResultSynced=synced)
        ex.gate.unreserve(call)
        ex.nodes.set_waiting(call.node_id, lock)
        ex.nodes.update(call.node_id, {"message": message})
        ex.leaves[call.node_id] = self
        if not self._has_waited:
            self._has_waited = True
            self._limit_waiting()

    def _limit_waiting(self) -> None:
        """The template's `timeout` counts from the creation of the node, so it also ends the waiting."""
        text = self._template.get("timeout")
        started = parse_time(self._ex.nodes[self.call.node_id].get("startedAt"))
        if not text or started is None:
            return
        try:
            end = started + timedelta(microseconds=argo_duration(str(text)) // 1000)
        except (DurationError, OverflowError):
            return  # the node says it when it begins
        self._ex.at(end, self._time_out)

    def _time_out(self) -> None:
        ex, identifier = self._ex, self.call.node_id
        if ex.leaves.get(identifier) is not self or self._is_moot():
            return
        ex.leaves.pop(identifier)
        ex.nodes.set_waiting(identifier, None)
        ex.set_phase(identifier, Phase.FAILED, "timeout")
        report_error(ex, self.call, NodeTimeout("timeout"))

    def _refuse(self, error: EngineError) -> None:
        """The locks or the result cannot be had at all."""
        ex = self._ex
        if self._is_moot():
            return
        ex.gate.unreserve(self.call)
        ex.leaves.pop(self.call.node_id, None)
        if ex.nodes.get(self.call.node_id) is not None:
            ex.nodes.set_waiting(self.call.node_id, None)
        fail_call(ex, self.call, error)

    def _unlocked(self) -> None:
        """The locks are held. A node that has waited for them takes its place among the active ones now."""
        if self._is_moot():
            return
        node = self._ex.nodes.get(self.call.node_id)
        if node is None or not is_waiting_for_lock(node):
            self._recall()
        elif self._ex.gate.admits_waiting(self.call, self._go_on):
            self._go_on()

    def _go_on(self) -> None:
        ex, identifier = self._ex, self.call.node_id
        if self._is_moot():
            return
        ex.leaves.pop(identifier, None)
        ex.nodes.set_waiting(identifier, None)
        ex.nodes.update(identifier, {"message": None})
        self._recall()

    # --- a remembered result ------------------------------------------------------------------

    def _recall(self) -> None:
        """Look the result up, unless that was done, or the node has begun already."""
        memoize = self._template.get("memoize")
        node = self._ex.nodes.get(self.call.node_id)
        if not memoize or (node is not None and _has_begun(node)):
            self._begin()
            return
        try:
            cache, key = cache_key(memoize)
        except EngineError as error:
            self._refuse(error)
            return
        if node is None:
            self._ex.gate.reserve(self.call, is_pod=self._type in (NodeType.POD, NodeType.RETRY))
        self._ex.memo.look_up(self.call.node_id, cache, key, self._recalled)

    def _recalled(self, answer: CacheLoaded) -> None:
        if self._is_moot():
            return
        memoize = self._template["memoize"]
        try:
            if answer.error:
                raise EngineError(answer.error)
            hit = is_hit(memoize, answer.entry, self._ex.now)
            cache, key = cache_key(memoize)
        except EngineError as error:
            self._refuse(error)
            return
        status = {"hit": hit, "key": key, "cacheName": cache}
        if hit:
            self._reuse((answer.entry or {}).get("outputs"), status)
            return
        self._begin()
        if self._ex.nodes.get(self.call.node_id) is not None:
            self._ex.nodes.update(self.call.node_id, {"memoizationStatus": status})

    def _reuse(self, outputs: Document | None, status: Document) -> None:
        """The node has succeeded without doing anything."""
        ex, identifier = self._ex, self.call.node_id
        ex.gate.unreserve(self.call)
        ensure_node(ex, self.call, self._template, self._type, Phase.SUCCEEDED)
        ex.nodes.update(identifier, {"outputs": outputs, "memoizationStatus": status})
        if ex.nodes.phase(identifier) != Phase.SUCCEEDED:
            ex.set_phase(identifier, Phase.SUCCEEDED)
        publish(ex, outputs)
        report_end(ex, self.call)

    def _begin(self) -> None:
        ex, identifier = self._ex, self.call.node_id
        ex.gate.unreserve(self.call)
        if self._type in _RUNS_ON and ex.nodes.phase(identifier) == Phase.PENDING:
            ex.set_phase(identifier, Phase.RUNNING)
        self._start()

    # --- as a leaf ----------------------------------------------------------------------------

    def settle(self) -> None:
        """The node was ended while it waited."""
        self._ex.leaves.pop(self.call.node_id, None)
        self._ex.nodes.set_waiting(self.call.node_id, None)
        self._ex.fail_fast.check(self.call.boundary)
        report_end(self._ex, self.call)

    def pod_is_gone(self) -> None:
        """Who waits has no pod."""

    def create_failed(self, message: str, transient: bool) -> None:
        """Who waits has no pod."""


def _has_begun(node: Document) -> bool:
    """It does not only wait, for a lock or for the answer that follows it."""
    return node.get("phase") != Phase.PENDING or "memoizationStatus" in node
