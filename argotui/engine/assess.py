"""What pods and task results say about nodes (§1.5, §5.2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from argotui.engine import containersets, podrestarts, podstatus
from argotui.engine.daemons import is_ready
from argotui.engine.facts import Fact, PodChanged, PodCreateFailed, PodDelayed, PodGone, TaskResultChanged
from argotui.engine.outputs import publish
from argotui.engine.progress import parse_progress
from argotui.model import documents
from argotui.model.documents import Document, dig
from argotui.model.keys import ANNOTATION_NODE_ID, LABEL_REPORT_OUTPUTS_COMPLETED
from argotui.model.phase import NodeType, Phase, completed
from argotui.model.times import parse_time

if TYPE_CHECKING:
    from argotui.engine.execution import Execution

RESULT_GRACE: Final = timedelta(seconds=10)
"""How long the last report of an executor that has ended may be on its way to us."""

_LEGACY: Final = "taskResultsCompletionStatus"


class Assessor:
    """Knows the pods and results of nodes that are not over, and writes on the nodes what follows."""

    def __init__(self, ex: Execution) -> None:
        self._ex = ex
        self._results: dict[str, Document] = {}
        self._names: dict[str, str] = {}
        self._due: dict[tuple[str, bool], datetime] = {}
        self.running: set[str] = set()
        """Nodes that were not over when their pod was last seen running."""

    # --- facts --------------------------------------------------------------------------------

    def take(self, facts: Iterable[Fact]) -> None:
        """Everything that is told at once: what it says of a node is written when all of it is known."""
        concerned: dict[str, None] = {}
        for fact in facts:
            concerned |= dict.fromkeys(self._take(fact))
        for identifier in reversed(concerned):  # the agenda is a stack: the first one's successors go first
            self.look(identifier)

    def _take(self, fact: Fact) -> Iterator[str]:
        match fact:
            case TaskResultChanged(result):
                yield from self._take_result(result)
            case PodChanged(pod):
                yield from self._take_pod(pod)
            case PodGone(name, uid):
                yield from self._take_gone(name, uid)
            case PodDelayed(identifier, message):
                self._say_delay(identifier, message)
            case PodCreateFailed(identifier, message, transient):
                leaf = self._ex.leaves.get(identifier)
                if leaf is not None:
                    leaf.create_failed(message, transient)

    def _take_result(self, result: Document) -> Iterator[str]:
        identifier = documents.name(result)
        self._legacy(identifier, _label(result))
        if not self._ex.nodes.is_fulfilled(identifier):
            self._results[identifier] = result
            yield identifier

    def _take_pod(self, pod: Document) -> Iterator[str]:
        identifier = documents.annotations(pod).get(ANNOTATION_NODE_ID)
        if identifier:
            self._ex.pods[identifier] = pod
            if self._ex.config.node_events_as_pod:
                self._ex.pod_uids[identifier] = documents.uid(pod)
            seen = self._ex.when_seen.pop(identifier, None)
            if seen is not None:
                seen()
            self._names[documents.name(pod)] = identifier
            yield identifier

    def _take_gone(self, name: str, uid: str) -> Iterator[str]:
        ex, identifier = self._ex, self._names.get(name)
        ex.kept.pop(name, None)
        pod = None if identifier is None else ex.pods.get(identifier)
        if identifier is None or pod is None or (uid and uid != documents.uid(pod)):
            return
        self.running.discard(identifier)
        phase = ex.nodes.phase(identifier) or ""
        was_its_end = podstatus.is_over(pod) and not podrestarts.is_restarting(ex, identifier, pod)
        if was_its_end and not completed(phase) and not self._is_leftover(pod, identifier):
            return  # how it ended is known: that counts
        self._forget(identifier)
        leaf = ex.leaves.get(identifier)
        if leaf is not None:
            leaf.pod_is_gone()
        yield identifier

    def _say_delay(self, identifier: str, message: str) -> None:
        """The node of a pod that has to wait says why."""
        nodes = self._ex.nodes
        if identifier not in self._ex.pods and nodes.phase(identifier) == Phase.PENDING:
            nodes.update(identifier, {"message": message})

    def _legacy(self, identifier: str, label: str) -> None:
        """Workflows that began under an old controller keep a map of what was reported."""
        known = self._ex.status.get(_LEGACY)
        if known and label and known.get(identifier) is not (label == "true"):
            self._ex.status[_LEGACY] = {**known, identifier: label == "true"}

    def awaits_older_reports(self) -> bool:
        """Whether a report of that map is missing, and may still come."""
        known, nodes = self._ex.status.get(_LEGACY) or {}, self._ex.nodes
        missing = [each for each, done in known.items() if not done and nodes.get(each) is not None]
        return any(self._waits_for_report(each, self._ex.pods.get(each), is_promised=True) for each in missing)

    # --- nodes --------------------------------------------------------------------------------

    def look(self, identifier: str) -> None:
        """Write on the node what its pod and its result say."""
        nodes = self._ex.nodes
        node = nodes.get(identifier)
        if node is None or node.get("type") != NodeType.POD:
            return
        pod = self._ex.pods.get(identifier)
        if pod is not None and not self._is_leftover(pod, identifier):
            containersets.follow(self._ex, identifier, pod)
        if completed(node.get("phase") or ""):
            self._end_survivor(identifier)
        if not nodes.is_fulfilled(identifier):
            self._apply_result(identifier)
            if completed(node.get("phase") or ""):
                self._await_report(identifier, pod)
            elif pod is not None and not self._is_leftover(pod, identifier):
                (self.running.add if podstatus.is_running(pod) else self.running.discard)(identifier)
                if self._is_told_apart(identifier):
                    self._apply_pod(identifier, pod)
            if nodes.is_fulfilled(identifier):
                self.ended(identifier)
        else:
            self._tidy(identifier)

    def _is_told_apart(self, identifier: str) -> bool:
        """Whether it is known if the pod is that of a daemon; after a load the node alone may not tell."""
        ex = self._ex
        if ex.nodes[identifier].get("taskResultSynced") is not None or identifier in ex.leaves:
            return True
        is_known = ex.daemons.serves(identifier) or self._is_abandoned(identifier)
        return is_known or self._has_plain_template(identifier)

    def _is_abandoned(self, identifier: str) -> bool:
        """What is around the node has ended without it, so no frame will ever tell."""
        ex = self._ex
        return not ex.nodes.is_alive(ex.nodes[identifier].get("boundaryID") or "")

    def _has_plain_template(self, identifier: str) -> bool:
        """The node's template stands in the workflow itself and is no daemon's: so it is while the workflow is
        suspended, under a status of an older controller that says nothing of reports."""
        ex, name = self._ex, self._ex.nodes[identifier].get("templateName")
        spec = ex.status.get("storedWorkflowTemplateSpec") or ex.workflow.get("spec") or {}
        templates = [each for each in spec.get("templates") or () if each.get("name") == name]
        return bool(name) and bool(templates) and not any(each.get("daemon") for each in templates)

    def ended(self, identifier: str) -> None:
        """The node is over: whoever waits for it is told."""
        self._results.pop(identifier, None)
        publish(self._ex, self._ex.nodes[identifier].get("outputs"))
        leaf = self._ex.leaves.get(identifier)
        if leaf is not None:
            leaf.settle()
        self._tidy(identifier)

    def _tidy(self, identifier: str) -> None:
        """The pod of a node that is over is put away as soon as it has ended."""
        pod = self._ex.pods.get(identifier)
        if pod is None or not podstatus.is_over(pod):
            return
        self._forget(identifier)
        self._ex.put_away(pod)

    def _forget(self, identifier: str) -> None:
        pod = self._ex.pods.pop(identifier)
        self._names.pop(documents.name(pod), None)

    def _is_leftover(self, pod: Document, identifier: str) -> bool:
        """A pod of an earlier life of the node, which is being deleted."""
        node = self._ex.nodes.get(identifier)
        if node is None or not dig(pod, "metadata", "deletionTimestamp"):
            return False
        created, started = parse_time(documents.created(pod)), parse_time(node.get("startedAt"))
        return created is not None and started is not None and created < started

    def _apply_result(self, identifier: str) -> None:
        nodes, result = self._ex.nodes, self._results.get(identifier)
        if result is None:
            return
        label = _label(result)
        pod = self._ex.pods.get(identifier)
        if label and self._is_told_apart(identifier) and not (pod and self._is_daemon(identifier, pod)):
            nodes.set_synced(identifier, label == "true", self._ex.now)
        fields: dict[str, Any] = {}
        if result.get("outputs"):
            code = (nodes[identifier].get("outputs") or {}).get("exitCode")
            fields["outputs"] = {**result["outputs"], **({} if code is None else {"exitCode": code})}
        if parse_progress(result.get("progress")):
            fields["progress"] = result["progress"]
        nodes.update(identifier, fields)

    # --- pods ---------------------------------------------------------------------------------

    def _apply_pod(self, identifier: str, pod: Document) -> None:
        if podrestarts.restart(self._ex, identifier, pod):
            return
        is_daemon = self._is_daemon(identifier, pod)
        nodes = self._ex.nodes
        fields: dict[str, Any] = {"hostNodeName": dig(pod, "spec", "nodeName")}
        code = podstatus.exit_code(pod)
        if code is not None:
            fields["outputs"] = {**(nodes[identifier].get("outputs") or {}), "exitCode": code}
        nodes.update(identifier, fields)
        if podstatus.has_stray_containers(pod):
            self._ex.terminate(identifier)
        phase, message = _judged(pod)
        if is_daemon:
            self._apply_daemon(identifier, pod, phase, message)
        elif not completed(phase):
            self._move(identifier, phase, message)
        elif not podstatus.is_executor_busy(pod) and not self._waits_for_report(identifier, pod):
            self._end(identifier, pod, phase, message)

    def _is_daemon(self, identifier: str, pod: Document) -> bool:
        if self._ex.daemons.is_daemon(identifier):
            return True
        is_unknown = identifier not in self._ex.leaves and self._is_abandoned(identifier)
        return is_unknown and self._ex.daemons.says_daemon(pod)

    def _apply_daemon(self, identifier: str, pod: Document, phase: Phase, message: str | None) -> None:
        """A daemon runs when all its containers are ready; that it ends by itself is a failure."""
        daemons = self._ex.daemons
        if completed(phase):
            daemons.down(identifier)
            self._end(identifier, pod, Phase.FAILED if phase == Phase.SUCCEEDED else phase, message)
        elif phase != Phase.RUNNING:
            self._move(identifier, phase, message)
        elif is_ready(pod):
            self._move(identifier, phase, message)
            daemons.up(identifier, dig(pod, "status", "podIP") or "")

    def _end_survivor(self, identifier: str) -> None:
        """A pod that still lives although its node is over: it was seen too late to be ended with the node, or the
        controller that ended the node died before it could end the pod."""
        pod = self._ex.pods.get(identifier)
        if pod is not None and not podstatus.is_over(pod) and not self._is_leftover(pod, identifier):
            self._ex.terminate(identifier)

    def _move(self, identifier: str, phase: Phase, message: str | None) -> None:
        nodes = self._ex.nodes
        old = nodes.phase(identifier)
        if message is None and old == Phase.PENDING:
            message = ""
        if old != phase or (message is not None and message != (nodes[identifier].get("message") or "")):
            self._ex.set_phase(identifier, phase, message)

    def _end(self, identifier: str, pod: Document, phase: Phase, message: str | None) -> None:
        ex = self._ex
        fields: dict[str, Any] = {"finishedAt": podstatus.finished_at(pod, ex.now)}
        if not ex.nodes[identifier].get("resourcesDuration"):
            fields["resourcesDuration"] = podstatus.resource_seconds(pod) or None
        ex.nodes.update(identifier, fields)
        self._move(identifier, phase, message)
        if identifier in ex.nodes.unsynced:
            ex.nodes.set_synced(identifier, True, ex.now)

    # --- reports ------------------------------------------------------------------------------

    def _waits_for_report(self, identifier: str, pod: Document | None, *, is_promised: bool = False) -> bool:
        """The executor's last report is missing, and may still come; if so, look again when it is late.

        is_promised: it is known to have begun, though nothing of it is to be seen.
        """
        label = _label(self._results.get(identifier) or {})
        if label == "true" or (pod is not None and podstatus.report_is_lost(pod)):
            return False
        if label != "false" and not is_promised and (pod is None or not podstatus.is_report_due(pod)):
            return False
        lives = pod is not None and not podstatus.is_over(pod)
        patience = timedelta(seconds=self._ex.config.result_timeout_seconds) if lives else RESULT_GRACE
        due = self._due.setdefault((identifier, lives), self._ex.now + patience)
        if self._ex.now >= due:
            return False
        self._ex.at(due, partial(self.look, identifier))
        return True

    def _await_report(self, identifier: str, pod: Document | None) -> None:
        """The node has ended before its executor: it is over when that has reported, or never will."""
        if pod is not None:
            self.running.add(identifier)
        if not self._waits_for_report(identifier, pod):
            self._ex.nodes.set_synced(identifier, True, self._ex.now)


def _label(result: Document) -> str:
    return documents.labels(result).get(LABEL_REPORT_OUTPUTS_COMPLETED, "")


def _judged(pod: Document) -> tuple[Phase, str | None]:
    """Phase and message of the node; message None when the pod says nothing about it."""
    phase = podstatus.pod_phase(pod)
    match phase:
        case Phase.PENDING:
            return Phase.PENDING, podstatus.pending_reason(pod)
        case Phase.RUNNING:
            return Phase.RUNNING, None
        case Phase.SUCCEEDED:
            return Phase.SUCCEEDED, None
        case Phase.FAILED:
            return podstatus.failure(pod)
    return Phase.ERROR, f"Unexpected pod phase for {documents.name(pod)}: {phase}"
