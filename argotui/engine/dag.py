"""DAG templates: each task starts when the tasks it waits for are over (§2.5)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from argotui.engine.branches import target_phases
from argotui.engine.calls import Call, drawn_for, ensure_node, fail_call, open_call, rename, report_end
from argotui.engine.depends import ended
from argotui.engine.errors import DepthExceeded, EngineError, NodeTimeout
from argotui.engine.expressions import Drawn
from argotui.engine.graph import Graph
from argotui.engine.hooks import Hook, hook_scope, lifecycle_hooks, run_exit_hook
from argotui.engine.lifecycle import LifecycleHooks
from argotui.engine.loops import expand, is_loop
from argotui.engine.outputs import loop_variables, node_variables, publish, template_outputs
from argotui.engine.program import TemplatePlan, input_scope
from argotui.engine.references import resolve
from argotui.engine.scopes import Layers, Lookup, Siblings
from argotui.engine.sources import asked_by
from argotui.engine.steps import continues
from argotui.engine.taskgroup import TaskGroupFrame
from argotui.engine.template import TemplateError
from argotui.engine.when import WhenError, evaluate_when
from argotui.model.documents import Document
from argotui.model.phase import NodeType, Phase, failed_or_error

if TYPE_CHECKING:
    from argotui.engine.execution import Execution

OMITTED = "omitted: depends condition not met"


def start_dag(ex: Execution, call: Call, plan: TemplatePlan, template: Document) -> None:
    """Start or take up a DAG node."""
    DagFrame(ex, call, plan, template).start()


class DagFrame:
    """One DAG node that is not over."""

    def __init__(self, ex: Execution, call: Call, plan: TemplatePlan, template: Document) -> None:
        self.ex = ex
        self.call = call
        self.plan = plan
        self._template = template
        self._dag: Document = template.get("dag") or {}
        self._tasks = {str(task.get("name") or ""): task for task in reversed(self._dag.get("tasks") or [])}
        self._graph: Graph = plan.graph
        self._targets = self._graph.targets(str(self._dag.get("target") or ""))
        self._remaining: dict[str, int] = {}
        self._unfinished = 0
        self._active = 1
        """Tasks that have begun and are not over; the launch itself counts as one."""
        self._loops: dict[str, Lookup] = {}
        self._hooks: dict[str, LifecycleHooks] = {}
        self._closed = False

    # --- life ---------------------------------------------------------------------------------

    def start(self) -> None:
        ensure_node(self.ex, self.call, self._template, NodeType.DAG, Phase.RUNNING)
        try:
            rename(self.ex, self.call, self._template)
        except EngineError as error:
            self.fail(error)
            return
        if not self.ex.fail_fast.watch(self.call.node_id, self.plan, self):
            return
        needed = self._graph.needed(self._targets)
        self._unfinished = len(needed)
        self.ex.later(self._one_less)
        for name in reversed(needed):
            self._remaining[name] = len(self._graph.dependencies[name].tasks)
            if not self._remaining[name]:
                self.ex.later(self._ready, name)

    @property
    def _is_shut(self) -> bool:
        """A shutdown lets no further task begin, and fails the DAG when those that have begun are over (§2.14)."""
        return not self.ex.may_run(self.call.on_exit)

    def _one_less(self) -> None:
        """The launch, or a task and all that it has set off, is done."""
        if self._closed:
            return
        self._active -= 1
        if self._is_shut and not self._active:
            self._end(Phase.FAILED)
        elif not self._is_shut and not self._unfinished:
            self._judge()

    def fail(self, error: EngineError) -> None:
        """The template cannot go on."""
        self._closed = True
        fail_call(self.ex, self.call, error)

    def fail_fast(self, message: str) -> None:
        """The template ends because one of its children failed; upstream leaves it without outbound nodes."""
        self._close(Phase.FAILED, message)

    def node_id(self, task: str) -> str:
        """The id of a task's node."""
        return self.ex.nodes.id_of(f"{self.call.name}.{task}")

    # --- one task -----------------------------------------------------------------------------

    def _ready(self, name: str) -> None:
        """Everything the task waits for is over."""
        if self._closed:
            return
        nodes, identifier = self.ex.nodes, self.node_id(name)
        if self._is_shut and nodes.get(identifier) is None:
            return
        self._active += 1
        if nodes.is_fulfilled(identifier):
            self._over(name)
            if not self._has_daemons(identifier):
                return
        if nodes.get(identifier) is None and not self._wanted(name):
            return
        try:
            task = resolve(self._tasks[name], self.scope(name))
            members = expand(task, self.scope(name))
        except EngineError as error:
            self._pass_over(name, Phase.ERROR, str(error))
            return
        if is_loop(self._tasks[name]):
            self._start_loop(name, members)
        else:
            self._start_single(name, members[0])

    def _has_daemons(self, identifier: str) -> bool:
        """Items of a loop that may have to be started again, though the loop as such is over."""
        return any(self.ex.daemons.serves(child) for child in self.ex.nodes[identifier].get("children") or ())

    def _wanted(self, name: str) -> bool:
        """Evaluate the condition of the dependencies; an unwanted task is omitted."""
        try:
            if self._graph.dependencies[name].satisfied(self._ended):
                return True
        except EngineError as error:
            self._pass_over(name, Phase.ERROR, str(error))
        else:
            self._pass_over(name, Phase.OMITTED, OMITTED)
        return False

    def _ended(self, task: str, result: str) -> bool:
        node = self.ex.nodes.get(self.node_id(task))
        return node is not None and ended(node, self.ex.nodes.phase, result)

    def _start_single(self, name: str, task: Document) -> None:
        try:
            runs = self.ex.nodes.get(self.node_id(name)) is not None or evaluate_when(task.get("when") or "")
        except WhenError as error:
            self._pass_over(name, Phase.ERROR, str(error))
            return
        if not runs:
            self._pass_over(name, Phase.SKIPPED, f"when '{task['when']}' evaluated false")
            return
        self._watch(name)
        self.ex.later(open_call, self.ex, self.task_call(name, task, self._parents(name), _TaskOwner(self, name)))

    def _start_loop(self, name: str, members: list[Document]) -> None:
        if not members:
            self._pass_over(name, Phase.SKIPPED, "Skipped, empty params")
            return
        identifier = self.node_id(name)
        if self.ex.nodes.get(identifier) is None:
            self._create(name, NodeType.TASK_GROUP, Phase.RUNNING, "")
        self._watch(name)
        TaskGroupFrame(self, name, identifier, members).start()

    def _pass_over(self, name: str, phase: Phase, message: str) -> None:
        if self.ex.nodes.get(self.node_id(name)) is None:
            self._create(name, NodeType.SKIPPED, phase, message)
        else:
            self.ex.set_phase(self.node_id(name), phase, message)
        self._over(name)

    def _create(self, name: str, kind: NodeType, phase: Phase, message: str) -> None:
        fields = self.passed_over_fields(self._tasks[name], message)
        self.ex.nodes.create(f"{self.call.name}.{name}", kind, phase, self.ex.now, fields, self._parents(name))

    def passed_over_fields(self, task: Document, message: str) -> dict[str, Any]:
        """Fields of a node that stands for a task without running its template."""
        return {
            "templateName": task.get("template"),
            "templateRef": task.get("templateRef"),
            "templateScope": self.plan.base.scope,
            "boundaryID": self.call.node_id,
            "nodeFlag": {},
            "message": message,
        }

    def task_call(self, name: str, task: Document, parents: tuple[str, ...], owner: Any, item: int = 0) -> Call:
        """The call of a task of that name, or of one item of its loop."""
        position = self._graph.position(name)
        node_name = f"{self.call.name}.{task['name']}"
        return Call(
            name=node_name,
            node_id=self.ex.nodes.id_of(node_name),
            asked=asked_by(task),
            owner=owner,
            base=self.plan.base,
            holder=task,
            kind="tasks",
            arguments=task.get("arguments") or {},
            parents=parents,
            boundary=self.call.node_id,
            boundary_plan=self.plan,
            on_exit=self.call.on_exit,
            depth=self.call.depth + 1,
            order=(*self.call.order, position, item),
        )

    def _parents(self, name: str) -> tuple[str, ...]:
        dependencies = self._graph.dependencies[name].tasks
        if not dependencies:
            return (self.call.node_id,)
        before = [self.node_id(task) for task in dependencies]
        return tuple(out for task in before for out in self.ex.nodes.outbound(task)) or tuple(before)

    # --- ends ---------------------------------------------------------------------------------

    def _watch(self, name: str) -> None:
        """Begin to look at the hooks of a task, if it has any; a loop has them as a whole."""
        task = self._tasks[name]
        hooks = lifecycle_hooks(task)
        if hooks and name not in self._hooks:
            call = self.task_call(name, task, (), _TaskOwner(self, name))
            look = partial(self._hook_scope, call, name)
            self._hooks[name] = self.ex.watch.open(call, hooks, look, partial(self._hook_broken, name))

    def _hook_scope(self, call: Call, name: str, hook: Hook) -> Layers:
        return hook_scope(self.ex, call, hook, self.scope(name))

    def _hook_broken(self, name: str, error: EngineError) -> None:
        """A hook that cannot be judged ends its task in an Error; the DAG, when the task is over already."""
        ex, identifier = self.ex, self.node_id(name)
        if self._closed or ex.nodes.phase(identifier) == Phase.ERROR:
            return
        if ex.nodes.is_fulfilled(identifier):
            self.fail(error)
            return
        ex.terminate(identifier)
        ex.set_phase(identifier, Phase.ERROR, str(error))
        if ex.nodes[identifier].get("taskResultSynced") is not None:
            ex.nodes.set_synced(identifier, True, ex.now)
        if identifier in ex.leaves:
            ex.ended(identifier)
        else:
            ex.later(self.task_done, name)

    def _over(self, name: str) -> None:
        """The task's node is over; its hooks, its exit handler, then whoever waits for it."""
        self._watch(name)
        hooks = self._hooks.get(name)
        if hooks is None:
            self._exit(name)
        else:
            hooks.finish(partial(self._exit, name))

    def _exit(self, name: str) -> None:
        if self._closed:
            return
        call = self.task_call(name, self._tasks[name], (), _TaskOwner(self, name))
        run_exit_hook(self.ex, call, lambda: self.scope(name), lambda: self._complete(name), self._hook_failed)

    def task_done(self, name: str) -> None:
        """Called by the task's own frame or call."""
        if not self._closed:
            self._over(name)

    def task_raised(self, call: Call, error: EngineError) -> None:
        """A task or an item could not be carried out: an Error that names it; the DAG goes on."""
        raised_in_task(self.ex, call, error)

    def _hook_failed(self, error: EngineError) -> None:
        if not self._closed:
            self.fail(error)

    def _complete(self, name: str) -> None:
        if self._closed:
            return
        self._unfinished -= 1
        self.ex.later(self._one_less)
        for dependent in reversed(self._graph.dependents[name]):
            if dependent in self._remaining:
                self._remaining[dependent] -= 1
                if not self._remaining[dependent]:
                    self.ex.later(self._ready, dependent)

    def _judge(self) -> None:
        """All tasks are over: the phase of the DAG follows from its targets."""
        for target, phase in target_phases(self.ex.nodes, self.call.node_id, self._target_ids()):
            if failed_or_error(phase) and not continues(self._task_of(target), phase):
                self._end(Phase(phase))
                return
        self._succeed()

    def _target_ids(self) -> list[str]:
        return [self.node_id(target) for target in self._targets if target in self._tasks]

    def _task_of(self, identifier: str) -> Document | None:
        return next((self._tasks[t] for t in self._targets if self.node_id(t) == identifier), None)

    def _succeed(self) -> None:
        try:
            for name in self._graph.order:
                if self.ex.nodes.get(self.node_id(name)) is not None:
                    publish(self.ex, self.ex.nodes[self.node_id(name)].get("outputs"))
            outputs = template_outputs(self._template, self._final_scope())
        except EngineError as error:
            self.fail(error)
            return
        if outputs is not None:
            self.ex.nodes.update(self.call.node_id, {"outputs": outputs})
            publish(self.ex, outputs)
        self._end(Phase.SUCCEEDED)

    def _end(self, phase: Phase) -> None:
        nodes = self.ex.nodes
        found = [out for target in self._target_ids() if nodes.get(target) for out in nodes.outbound(target)]
        nodes.update(self.call.node_id, {"outboundNodes": found or None})
        self._close(phase)

    def _close(self, phase: Phase, message: str | None = None) -> None:
        self._closed = True
        self.ex.set_phase(self.call.node_id, phase, message)
        report_end(self.ex, self.call)

    # --- variables ----------------------------------------------------------------------------

    def scope(self, task: str) -> Layers:
        """What a task may refer to: its ancestors, the inputs, the globals."""
        siblings = Siblings(
            "tasks",
            lambda name: self._variables(name) if self._graph.is_ancestor(name, task) else None,
            lambda: self._graph.ancestor_names(task),
        )
        drawn = partial(self._drawn, task)
        return Layers(siblings, input_scope(self._template), self.ex.globals, drawn=drawn)

    def _drawn(self, task: str) -> Drawn:
        """The time of a task is the end of the last one it waited for, so it does not change while the task waits
        for room; the start of the DAG when it waits for none."""
        nodes = self.ex.nodes
        ends = [
            (nodes.get(self.node_id(name)) or {}).get("finishedAt") for name in self._graph.dependencies[task].tasks
        ]
        moment = max(filter(None, ends), default=None) or nodes[self.call.node_id].get("startedAt")
        return self.ex.globals.drawn_for(f"{self.call.name}.{task}", moment)

    def _final_scope(self) -> Layers:
        siblings = Siblings("tasks", self._variables, lambda: list(self._graph.order))
        drawn = partial(drawn_for, self.ex, self.call.name)
        return Layers(siblings, input_scope(self._template), self.ex.globals, drawn=drawn)

    def _variables(self, name: str) -> Lookup | None:
        """What a finished task offers. A result of a loop that is not JSON fails whoever refers to it."""
        identifier = self.node_id(name)
        node = self.ex.nodes.get(identifier)
        if node is None:
            return None
        if node.get("type") != NodeType.TASK_GROUP:
            return node_variables(self.ex, identifier, self._tasks[name].get("inline"))
        known = self._loops.get(name)
        if known is None:
            try:
                known = loop_variables(self.ex, identifier, node.get("children") or ())
            except EngineError as error:
                raise TemplateError(str(error)) from None
            self._loops[name] = known
        return known


class _TaskOwner:
    """Owner of the call of one task."""

    __slots__ = ("_dag", "_name")

    def __init__(self, dag: DagFrame, name: str) -> None:
        self._dag = dag
        self._name = name

    def done(self, _call: Call) -> None:
        self._dag.task_done(self._name)

    def raised(self, call: Call, error: EngineError) -> None:
        self._dag.task_raised(call, error)
        self._dag.task_done(self._name)


def raised_in_task(ex: Execution, call: Call, error: EngineError) -> None:
    """The node of a task that could not be carried out says which task it was."""
    if not isinstance(error, DepthExceeded | NodeTimeout):
        ex.set_phase(call.node_id, Phase.ERROR, f"task '{call.name}' errored: {error}")
