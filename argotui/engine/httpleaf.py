"""HTTP templates: nodes that wait for their workflow's agent (§4.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from argotui.engine.bounds import end_of, refusal
from argotui.engine.calls import Call, ensure_node, fail_call, rename, report_end, report_error
from argotui.engine.errors import EngineError, NodeTimeout
from argotui.engine.program import TemplatePlan
from argotui.model.documents import Document
from argotui.model.duration import go_duration
from argotui.model.phase import NodeType, Phase

if TYPE_CHECKING:
    from argotui.engine.execution import Execution


def start_http(ex: Execution, call: Call, _plan: TemplatePlan, template: Document) -> None:
    """Start or take up a request that the agent makes."""
    HttpLeaf(ex, call, template).start()


class HttpLeaf:
    """One request."""

    def __init__(self, ex: Execution, call: Call, template: Document) -> None:
        self.call = call
        self._ex = ex
        self._template = template

    def start(self) -> None:
        ex, call = self._ex, self.call
        ensure_node(ex, call, self._template, NodeType.HTTP, Phase.PENDING)
        try:
            rename(ex, call, self._template)
            self._set_alarm()
        except NodeTimeout as error:
            self._time_out(error)
            return
        except EngineError as error:
            fail_call(ex, call, error)
            return
        ex.leaves[call.node_id] = self
        refused = refusal(ex, call)
        if refused:
            ex.set_phase(call.node_id, Phase.FAILED, refused)
            self.settle()
        else:
            ex.task_set.want(call.node_id, self._template)

    def settle(self) -> None:
        self._ex.leaves.pop(self.call.node_id, None)
        self._ex.task_set.drop(self.call.node_id)
        self._ex.fail_fast.check(self.call.boundary)
        report_end(self._ex, self.call)

    def pod_is_gone(self) -> None:
        """A request has no pod of its own."""

    def create_failed(self, message: str, transient: bool) -> None:
        """A request has no pod of its own."""

    def _set_alarm(self) -> None:
        """The template's `timeout` counts from the node's start. Raises EngineError, NodeTimeout."""
        ex = self._ex
        end = end_of(ex, self.call, self._template, "timeout", go_duration)
        if end is None:
            return
        if ex.now >= end:
            raise NodeTimeout("timeout")
        ex.at(end, self._expire)

    def _expire(self) -> None:
        ex, identifier = self._ex, self.call.node_id
        if ex.leaves.get(identifier) is self and ex.nodes.is_alive(self.call.boundary):
            self._time_out(NodeTimeout("timeout"))

    def _time_out(self, error: NodeTimeout) -> None:
        self._ex.leaves.pop(self.call.node_id, None)
        self._ex.task_set.drop(self.call.node_id)
        self._ex.set_phase(self.call.node_id, Phase.FAILED, str(error))
        report_error(self._ex, self.call, error)
