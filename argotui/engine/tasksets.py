"""Nodes whose work an agent does: HTTP templates, handed over in the workflow's WorkflowTaskSet (§4.8).

The TaskSet is a shared table: what is to be done in `spec.tasks`, what came of it in `status.nodes`, both by node id.
An entry is taken away when its result is stored in the workflow. The agent is one pod for the whole workflow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from argotui.engine import podstatus
from argotui.engine.effects import CompleteTaskSet, CreatePod, DeletePod, ForgetTasks, PutTasks
from argotui.engine.facts import Fact, PodChanged, PodCreateFailed, PodGone, TaskSetChanged, TaskSetRefused
from argotui.engine.goform import go_template
from argotui.engine.pods import PodBuildError
from argotui.engine.pods.agent import agent_pod_name, build_agent_pod
from argotui.engine.progress import parse_progress
from argotui.model import documents
from argotui.model.documents import Document, dig
from argotui.model.keys import COMPONENT_AGENT, LABEL_COMPONENT
from argotui.model.names import node_id
from argotui.model.phase import TASK_SET_TYPES, Phase

if TYPE_CHECKING:
    from argotui.engine.execution import Execution

CREATE_AGAIN_AFTER: Final = timedelta(seconds=10)
_PHASES: Final = frozenset(str(phase) for phase in Phase)


def is_agent(pod: Document) -> bool:
    """The pod is a workflow's agent."""
    return documents.labels(pod).get(LABEL_COMPONENT) == COMPONENT_AGENT


class TaskSet:
    """What a run has in its TaskSet, and the state of its agent's pod."""

    def __init__(self, ex: Execution) -> None:
        self._ex = ex
        self._wanted: dict[str, Document] = {}  # tasks that are not over
        self._new: dict[str, Document] = {}
        self._done: dict[str, None] = {}
        self._stored: Document = {}  # tasks that the TaskSet had when it was last seen
        self._pod: Document | None = None
        self._is_asked = False

    @property
    def name(self) -> str:
        """Of the agent's pod."""
        return agent_pod_name(self._ex.name)

    # --- nodes --------------------------------------------------------------------------------

    def want(self, identifier: str, template: Document) -> None:
        """The agent is to do this."""
        task = self._wanted[identifier] = go_template(template)
        if identifier in self._done or self._stored.get(identifier) != task:
            self._new[identifier] = task
            self._done.pop(identifier, None)  # what stands there is of an earlier life of the node

    def drop(self, identifier: str) -> None:
        """The node is over."""
        self._wanted.pop(identifier, None)
        self._new.pop(identifier, None)
        self._done[identifier] = None

    def flush(self) -> None:
        """At the end of a step: what has to be told to the agent."""
        ex = self._ex
        if self._new:
            ex.effects.append(PutTasks(dict(self._new)))
            self._new = {}
        if self._done:
            ex.effects.append(ForgetTasks(tuple(self._done)))
            self._done = {}
        if self._wanted and self._pod is None and not self._is_asked:
            self._create()

    def complete(self) -> None:
        """The workflow is over: the agent ends."""
        for identifier in list(self._wanted):
            self.drop(identifier)
        self.flush()
        if any(node.get("type") in TASK_SET_TYPES for node in self._ex.nodes.documents.values()):
            self._ex.effects.append(CompleteTaskSet())
            self.dismiss()

    def dismiss(self) -> None:
        """The agent's pod is not needed any more."""
        if not self._ex.config.disable_agent_pod_creation:
            self._ex.effects.append(DeletePod(self.name))

    # --- facts --------------------------------------------------------------------------------

    def take(self, facts: Iterable[Fact]) -> None:
        """What concerns the TaskSet and the agent's pod."""
        for fact in facts:
            match fact:
                case TaskSetChanged(found):
                    self._take_results(found)
                case TaskSetRefused(message):
                    self._fail_all(f"failed to write the WorkflowTaskSet: {message}")
                case PodChanged(pod) if is_agent(pod):
                    self._take_pod(pod)
                case PodGone(name, uid) if name == self.name:
                    self._take_gone(uid)
                case PodCreateFailed(identifier, message, transient) if identifier == self._agent_id:
                    self._take_refusal(message, transient)

    def _take_results(self, found: Document) -> None:
        results = dig(found, "status", "nodes") or {}
        self._stored = dig(found, "spec", "tasks") or {}
        for identifier in {**self._stored, **results}:
            node = self._ex.nodes.get(identifier)
            if node is None or self._ex.nodes.is_fulfilled(identifier):
                self._done[identifier] = None
            elif isinstance(results.get(identifier), dict) and node.get("type") in TASK_SET_TYPES:
                self._take_result(identifier, results[identifier])

    def _take_result(self, identifier: str, result: Document) -> None:
        phase = result.get("phase")
        if phase not in _PHASES:
            return
        ex = self._ex
        fields: dict[str, Any] = {"outputs": result.get("outputs")}
        if parse_progress(result.get("progress")):
            fields["progress"] = result["progress"]
        ex.nodes.update(identifier, fields)
        ex.set_phase(identifier, phase, str(result.get("message") or ""))
        if ex.nodes.is_fulfilled(identifier):
            ex.ended(identifier)
            self.drop(identifier)

    # --- the agent's pod ----------------------------------------------------------------------

    @property
    def _agent_id(self) -> str:
        """Stands for the agent where effects and facts name a node."""
        return node_id(self._ex.name, "agent")

    def _take_pod(self, pod: Document) -> None:
        self._pod, self._is_asked = pod, False
        if dig(pod, "metadata", "deletionTimestamp") or not podstatus.is_over(pod):
            return
        if podstatus.pod_phase(pod) == Phase.FAILED:
            self._fail_all(f'agent pod failed with reason:"{podstatus.failure(pod)[1]}"')
        self._ex.effects.append(DeletePod(documents.name(pod), documents.uid(pod)))

    def _take_gone(self, uid: str) -> None:
        if self._pod is not None and uid in ("", documents.uid(self._pod)):
            self._pod = None

    def _take_refusal(self, message: str, transient: bool) -> None:
        if not transient:
            self._is_asked = False
            self._fail_all(f'create agent pod failed with reason:"{message}"')
            return
        self._ex.at(self._ex.now + CREATE_AGAIN_AFTER, self._ask_again)

    def _ask_again(self) -> None:
        self._is_asked = False

    def _create(self) -> None:
        ex = self._ex
        self._is_asked = True
        if ex.config.disable_agent_pod_creation:
            return
        workflow = {"metadata": ex.workflow["metadata"], "spec": ex.spec, "status": ex.status}
        try:
            pod = build_agent_pod(workflow, ex.config, ex.globals)
        except PodBuildError as error:
            self._fail_all(f'create agent pod failed with reason:"{error}"')
            return
        ex.effects.append(CreatePod(self._agent_id, pod))

    def _fail_all(self, message: str) -> None:
        for identifier in self._unfinished():
            self._ex.set_phase(identifier, Phase.ERROR, message)
            self._ex.ended(identifier)
            self.drop(identifier)

    def _unfinished(self) -> Iterator[str]:
        nodes = self._ex.nodes
        for identifier, node in list(nodes.documents.items()):
            if node.get("type") in TASK_SET_TYPES and not nodes.is_fulfilled(identifier):
                yield identifier
