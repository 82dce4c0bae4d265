"""Retry nodes: attempt after attempt until one goes well or the strategy ends it (§2.11)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from argotui.engine.calls import (
    POD_KINDS,
    Call,
    begin,
    drawn_for,
    ensure_node,
    fail_call,
    pod_name_of,
    record_error,
    report_end,
    report_error,
)
from argotui.engine.errors import EngineError, NodeTimeout
from argotui.engine.program import TemplatePlan, refilled
from argotui.engine.retries import BACKOFF, Again, Ended, Wait, attempts_deadline, decide, last_retry, retries_errors
from argotui.engine.scopes import Layers
from argotui.model.documents import Document
from argotui.model.phase import NodeType, Phase, is_retried, node_failed

if TYPE_CHECKING:
    from argotui.engine.execution import Execution


def start_retry(ex: Execution, call: Call, plan: TemplatePlan, template: Document) -> None:
    """Start or take up a Retry node."""
    RetryFrame(ex, call, plan, template).start()


class RetryFrame:
    """One Retry node that is not over."""

    def __init__(self, ex: Execution, call: Call, plan: TemplatePlan, template: Document) -> None:
        self._ex = ex
        self._call = call
        self._plan = plan
        self._template = template
        self._strategy = ex.program.retry_strategy(template) or {}
        self._reported = False
        """Whether the owner has been told; of a daemon it is as soon as that is ready."""
        self._attempts: list[Document] = []
        """Documents of the attempts; only the first and the last are kept up to date."""

    def start(self) -> None:
        ex, call = self._ex, self._call
        ensure_node(ex, call, self._template, NodeType.RETRY, Phase.RUNNING)
        children = (ex.nodes.get(child) for child in ex.nodes[call.node_id].get("children") or ())
        self._attempts = [child for child in children if child is not None and is_retried(child)]
        if ex.daemons.serves(call.node_id):
            self._report()
        if not self._attempts:
            self._try(0)
        elif ex.nodes.is_fulfilled(self._attempts[-1]["id"]):
            self._decide()
        else:
            self._try(len(self._attempts) - 1)

    # --- attempts -----------------------------------------------------------------------------

    def _try(self, number: int) -> None:
        """Begin an attempt, or take it up."""
        ex = self._ex
        try:
            template = refilled(self._template, self._variables(number))
            deadline = self._deadline(number)
        except EngineError as error:
            self._fail(error)
            return
        name = f"{self._call.name}({number})"
        attempt = replace(
            self._call,
            name=name,
            node_id=ex.nodes.id_of(name),
            owner=self,
            parents=(self._call.node_id,),
            flag={**(self._call.flag or {}), "retried": True},
            order=(*self._call.order, number),
            deadline=deadline,
            avoided_hosts=self._avoided_hosts(),
        )
        self._begin(attempt, template)

    def _begin(self, attempt: Call, template: Document) -> None:
        ex = self._ex
        if self._is_over:
            return
        if ex.gate.admits(attempt, partial(self._enter, attempt, template)):
            self._enter(attempt, template)

    def _enter(self, attempt: Call, template: Document) -> None:
        """What follows when there is room for the attempt."""
        ex = self._ex
        if self._is_over:
            return
        if self._attempts and ex.nodes.get(attempt.node_id) is None:
            ex.measures.attempt_over(self._call.node_id, self._attempts[-1]["id"])
        begin(ex, attempt, self._plan, template)
        if ex.nodes.get(attempt.node_id) is not None:
            self._remember(attempt.node_id)

    @property
    def _is_over(self) -> bool:
        nodes = self._ex.nodes
        return nodes.is_fulfilled(self._call.node_id) or not nodes.is_alive(self._call.boundary)

    def _remember(self, identifier: str) -> None:
        node = self._ex.nodes[identifier]
        if not self._attempts or self._attempts[-1]["id"] != identifier:
            self._attempts.append(node)

    def _avoided_hosts(self) -> tuple[str, ...]:
        """Hosts of failed attempts, when the strategy asks for another one."""
        if (self._strategy.get("affinity") or {}).get("nodeAntiAffinity") is None:
            return ()
        failed = [node for node in self._attempts if node.get("type") == NodeType.POD and node_failed(node)]
        return tuple(dict.fromkeys(node["hostNodeName"] for node in failed if node.get("hostNodeName")))

    def _deadline(self, number: int) -> datetime | None:
        """`maxDuration` bounds every attempt but the first, with which it begins."""
        return attempts_deadline(self._strategy, self._attempts[0]) if number else None

    def _variables(self, number: int) -> Layers:
        own = {"retries": str(number), **last_retry(self._attempts[number - 1] if number else {})}
        name = f"{self._call.name}({number})"
        if self._plan.kind in POD_KINDS:
            own["pod.name"] = pod_name_of(self._ex, replace(self._call, name=name), self._plan)
        return Layers(own, self._ex.globals, drawn=partial(drawn_for, self._ex, name))

    # --- ends ---------------------------------------------------------------------------------

    def done(self, call: Call) -> None:
        """An attempt is over, or a daemon and ready."""
        self._remember(call.node_id)
        daemons = self._ex.daemons
        if daemons.serves(call.node_id):
            daemons.up(self._call.node_id)
            daemons.when_lost(call.node_id, partial(self._lose, call))
            self._report()
        else:
            self._decide()

    def _lose(self, call: Call) -> None:
        """A daemon has ended by itself. Its Retry node stays up while another attempt takes its place."""
        self._remember(call.node_id)
        self._decide()

    def _report(self) -> None:
        if not self._reported:
            self._reported = True
            report_end(self._ex, self._call)

    def _fail(self, error: EngineError) -> None:
        if self._reported:
            self._ex.daemons.down(self._call.node_id)
            record_error(self._ex, self._call, error)
        else:
            fail_call(self._ex, self._call, error)

    def raised(self, call: Call, error: EngineError) -> None:
        """An attempt could not be carried out. Unless the strategy retries errors, that is passed on."""
        if isinstance(error, NodeTimeout) or retries_errors(self._strategy):
            self.done(call)
        elif not self._reported:
            report_error(self._ex, self._call, error)

    def _decide(self) -> None:
        ex, identifier = self._ex, self._call.node_id
        if self._is_over:
            return
        try:
            decision = decide(
                self._strategy,
                self._current(),
                ex.now,
                shutdown=ex.shutdown,
                workflow_deadline=ex.deadline,
                transient_pattern=ex.config.transient_error_pattern,
            )
        except EngineError as error:
            self._fail(error)
            return
        match decision:
            case Ended():
                self._end(decision)
            case Wait():
                self._wait(decision)
            case Again():
                if decision.clears_message and (ex.nodes[identifier].get("message") or "").startswith(BACKOFF):
                    ex.nodes.update(identifier, {"message": None})
                self._try(len(self._attempts))

    def _current(self) -> list[Document]:
        for position in {0, len(self._attempts) - 1}:
            self._attempts[position] = self._ex.nodes[self._attempts[position]["id"]]
        return self._attempts

    def _wait(self, wait: Wait) -> None:
        ex = self._ex
        ex.nodes.update(self._call.node_id, {"message": wait.message})
        for alarm in (wait.until, ex.deadline):
            if alarm is not None:
                ex.at(alarm, partial(self._decide_after, len(self._attempts)))

    def _decide_after(self, attempts: int) -> None:
        """The pause after this attempt is over, unless the next one has begun already."""
        if attempts == len(self._attempts):
            self._decide()

    def _end(self, ended: Ended) -> None:
        ex, identifier = self._ex, self._call.node_id
        outputs = self._attempts[-1].get("outputs")
        if outputs is not None:
            ex.nodes.update(identifier, {"outputs": outputs})
        if ex.daemons.serves(identifier):
            ex.daemons.down(identifier)
        ex.set_phase(identifier, ended.phase, ended.message or None)
        self._report()
