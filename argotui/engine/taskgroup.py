"""The loop of a DAG task: a TaskGroup node and its items (§2.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from argotui.engine.calls import Call, open_call
from argotui.engine.errors import EngineError
from argotui.engine.hooks import run_exit_hook
from argotui.engine.when import WhenError, evaluate_when
from argotui.model.documents import Document
from argotui.model.phase import NodeType, Phase, failed_or_error

if TYPE_CHECKING:
    from argotui.engine.dag import DagFrame


class TaskGroupFrame:
    """One TaskGroup node that is not over."""

    def __init__(self, dag: DagFrame, task: str, node_id: str, members: list[Document]) -> None:
        self._dag = dag
        self._ex = dag.ex
        self._task = task
        self._node_id = node_id
        self._members = members
        self._open = len(members) + 1

    def start(self) -> None:
        self._launch(0)

    def _launch(self, position: int) -> None:
        """Start the items one by one; the end of the launch counts as one more item."""
        if position == len(self._members):
            self._one_less()
            return
        self._ex.later(self._launch, position + 1)
        member = self._members[position]
        identifier = self._id(member)
        try:
            runs = self._ex.nodes.get(identifier) is not None or evaluate_when(member.get("when") or "")
        except WhenError as error:
            self._pass_over(member, Phase.ERROR, str(error))
            return
        if runs:
            call = self._dag.task_call(self._task, member, (self._node_id,), self, position)
            self._ex.later(open_call, self._ex, call)
        else:
            self._pass_over(member, Phase.SKIPPED, f"when '{member['when']}' evaluated false")

    def _id(self, member: Document) -> str:
        return self._dag.node_id(member["name"])

    def _pass_over(self, member: Document, phase: Phase, message: str) -> None:
        name = f"{self._dag.call.name}.{member['name']}"
        fields = self._dag.passed_over_fields(member, message)
        self._ex.nodes.create(name, NodeType.SKIPPED, phase, self._ex.now, fields, (self._node_id,))
        self._one_less()

    def done(self, call: Call) -> None:
        run_exit_hook(self._ex, call, lambda: self._dag.scope(self._task), self._one_less, self._hook_failed)

    def raised(self, call: Call, error: EngineError) -> None:
        self._dag.task_raised(call, error)
        self.done(call)

    def _hook_failed(self, error: EngineError) -> None:
        self._dag.fail(error)

    def _one_less(self) -> None:
        self._open -= 1
        if self._open:
            return
        phase = Phase.SUCCEEDED
        for member in self._members:
            ended = self._ex.nodes.phase(self._id(member)) or ""
            if failed_or_error(ended):
                phase = Phase(ended)
        if not self._ex.nodes.is_fulfilled(self._node_id):
            self._ex.set_phase(self._node_id, phase)
            self._dag.task_done(self._task)
