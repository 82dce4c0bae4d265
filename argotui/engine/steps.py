"""Steps templates: groups one after the other, the steps of a group side by side (§2.4)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from argotui.engine.calls import Call, ensure_node, fail_call, open_call, rename, report_end
from argotui.engine.errors import DepthExceeded, EngineError, NodeTimeout
from argotui.engine.expressions import Drawn
from argotui.engine.hooks import Hook, hook_scope, lifecycle_hooks, run_exit_hook
from argotui.engine.lifecycle import LifecycleHooks
from argotui.engine.loops import expand
from argotui.engine.outputs import loop_variables, node_variables, publish, template_outputs
from argotui.engine.program import TemplatePlan, input_scope
from argotui.engine.references import resolve
from argotui.engine.scopes import Layers, Lookup, Siblings
from argotui.engine.sources import asked_by
from argotui.engine.when import WhenError, evaluate_when
from argotui.model.documents import Document
from argotui.model.phase import NodeType, Phase, failed_or_error, node_failed

if TYPE_CHECKING:
    from argotui.engine.execution import Execution


def start_steps(ex: Execution, call: Call, plan: TemplatePlan, template: Document) -> None:
    """Start or take up a Steps node."""
    StepsFrame(ex, call, plan, template).start()


class StepsFrame:
    """One Steps node that is not over."""

    def __init__(self, ex: Execution, call: Call, plan: TemplatePlan, template: Document) -> None:
        self.ex = ex
        self.call = call
        self.plan = plan
        self._groups: list[list[Document]] = [list(group or ()) for group in template.get("steps") or ()]
        self._template = template
        self._known: dict[str, Lookup] = {}
        self._group: GroupFrame | None = None
        self._variables = (
            Siblings("steps", self._known.get, lambda: list(self._known)),
            input_scope(template),
            ex.globals,
        )

    def scope(self, name: str) -> Layers:
        """What a step of that node name (or its group, or the outputs) may refer to."""
        return Layers(*self._variables, drawn=partial(self._drawn, name))

    def _drawn(self, name: str) -> Drawn:
        """The time of a step is that of its group: it does not change while the step waits for room."""
        group = None if self._group is None else self.ex.nodes.get(self._group.node_id)
        return self.ex.globals.drawn_for(name, (group or {}).get("startedAt"))

    def start(self) -> None:
        ensure_node(self.ex, self.call, self._template, NodeType.STEPS, Phase.RUNNING)
        try:
            rename(self.ex, self.call, self._template)
        except EngineError as error:
            self.fail(error)
            return
        if self.ex.fail_fast.watch(self.call.node_id, self.plan, self):
            self._enter(0)

    def _enter(self, index: int) -> None:
        if self.ex.nodes.is_fulfilled(self.call.node_id):
            return
        if index == len(self._groups):
            self._succeed()
            return
        self._group = GroupFrame(self, index, self._groups[index])
        self._group.start()

    def group_done(self, group: GroupFrame) -> None:
        """A group is over: its outputs become known, and the next one starts."""
        node = self.ex.nodes[group.node_id]
        if node_failed(node):
            self._end(Phase.FAILED, node.get("message") or "")
            return
        try:
            for step in self._groups[group.index]:
                self._learn(group, step)
        except EngineError as error:
            self.fail(error)
            return
        self.ex.later(self._enter, group.index + 1)

    def _learn(self, group: GroupFrame, step: Document) -> None:
        name = str(step.get("name"))
        identifier = self.ex.nodes.id_of(f"{group.name}.{name}")
        if self.ex.nodes.get(identifier) is not None:
            self._known[name] = node_variables(self.ex, identifier, step.get("inline"))
            return
        items = [item for item in group.items_of(name) if self.ex.nodes[item].get("type") != NodeType.SKIPPED]
        if items:
            self._known[name] = loop_variables(self.ex, group.node_id, items)

    def _succeed(self) -> None:
        try:
            outputs = template_outputs(self._template, self.scope(self.call.name))
        except EngineError as error:
            self._connect()
            self.fail(error)
            return
        if outputs is not None:
            self.ex.nodes.update(self.call.node_id, {"outputs": outputs})
            publish(self.ex, outputs)
        self._end(Phase.SUCCEEDED, None)

    def fail(self, error: EngineError) -> None:
        """The template cannot go on."""
        fail_call(self.ex, self.call, error)

    def fail_fast(self, message: str) -> None:
        """The template ends because one of its children failed; upstream leaves it without outbound nodes."""
        if self._group is not None:
            self._group.close()
        group = self._last_group()
        if group is not None and not self.ex.nodes.is_fulfilled(group["id"]):
            self.ex.set_phase(group["id"], Phase.FAILED, message)
        self.ex.set_phase(self.call.node_id, Phase.FAILED, message)
        report_end(self.ex, self.call)

    def _end(self, phase: Phase, message: str | None) -> None:
        self._connect()
        self.ex.set_phase(self.call.node_id, phase, message)
        report_end(self.ex, self.call)

    def _connect(self) -> None:
        """The outbound nodes are those of the children of the last group that began."""
        nodes, group = self.ex.nodes, self._last_group()
        children = [] if group is None else group.get("children") or []
        found = [out for child in children for out in nodes.outbound(child)]
        nodes.update(self.call.node_id, {"outboundNodes": found or None})

    def _last_group(self) -> Document | None:
        """The last group that began."""
        nodes = self.ex.nodes
        names = (f"{self.call.name}[{index}]" for index in reversed(range(len(self._groups))))
        return next((group for name in names if (group := nodes.get(nodes.id_of(name))) is not None), None)


class GroupFrame:
    """One StepGroup node that is not over."""

    def __init__(self, steps: StepsFrame, index: int, declared: list[Document]) -> None:
        self.index = index
        self.name = f"{steps.call.name}[{index}]"
        self.node_id = steps.ex.nodes.id_of(self.name)
        self._steps = steps
        self._ex = steps.ex
        self._declared = declared
        self._members: list[tuple[str, Document]] = []
        self._by_id: dict[str, Document] = {}
        self._hooks: dict[str, LifecycleHooks] = {}
        self._open = 0
        self._closed = False

    def start(self) -> None:
        ex = self._ex
        if self._is_over():
            self._closed = True
            self._steps.group_done(self)
            self._take_up_daemons()
            return
        if ex.nodes.get(self.node_id) is None:
            fields: Document = {
                "templateScope": self._steps.plan.base.scope,
                "boundaryID": self._steps.call.node_id,
                "nodeFlag": {},
            }
            ex.nodes.create(self.name, NodeType.STEP_GROUP, Phase.RUNNING, ex.now, fields, self._parents())
        elif ex.nodes.phase(self.node_id) != Phase.RUNNING:
            ex.set_phase(self.node_id, Phase.RUNNING)
        try:
            self._members = self._expanded()
        except EngineError as error:
            self._end(Phase.ERROR, str(error))
            return
        self._by_id = {ex.nodes.id_of(name): step for name, step in self._members}
        self._open = len(self._members) + 1
        self._launch(0)

    def _is_over(self) -> bool:
        nodes = self._ex.nodes
        if not nodes.is_fulfilled(self.node_id):
            return False
        children = nodes[self.node_id].get("children") or ()
        return all(nodes.is_fulfilled(child) or self._ex.daemons.serves(child) for child in children)

    def _take_up_daemons(self) -> None:
        """The group is over, but daemons of it may have to be started again."""
        nodes = self._ex.nodes
        if any(self._ex.daemons.serves(child) for child in nodes[self.node_id].get("children") or ()):
            for position, (name, step) in enumerate(self._expanded()):
                if self._ex.daemons.serves(nodes.id_of(name)):
                    self._ex.later(open_call, self._ex, self._call(name, step, position))

    def _parents(self) -> list[str]:
        nodes = self._ex.nodes
        if self.index == 0:
            return [self._steps.call.node_id]
        previous = nodes.id_of(f"{self._steps.call.name}[{self.index - 1}]")
        children = nodes[previous].get("children") or []
        return [out for child in children for out in nodes.outbound(child)] or [previous]

    def _expanded(self) -> list[tuple[str, Document]]:
        """(node name, step) of every step, loops written out. Raises EngineError."""
        members: list[tuple[str, Document]] = []
        for step in self._resolved():
            found = expand(step, self._scope(step))
            if not found:
                self._skip(str(step.get("name")), step, "Skipped, empty params")
            members.extend((f"{self.name}.{member['name']}", member) for member in found)
        return members

    def _resolved(self) -> list[Document]:
        try:
            return [resolve(step, self._scope(step)) for step in self._declared]
        except EngineError as error:
            raise EngineError(f"failed to resolve references: {error}") from None

    def _scope(self, step: Document) -> Layers:
        return self._steps.scope(f"{self.name}.{step.get('name')}")

    def _launch(self, position: int) -> None:
        """Start the members one by one: what one of them sets off is done before the next one starts."""
        if self._closed:
            return
        if position == len(self._members):
            self._one_less()
            return
        self._ex.later(self._launch, position + 1)
        name, step = self._members[position]
        try:
            runs = evaluate_when(step.get("when") or "")
        except WhenError as error:
            self._refuse(name, step, error)
            return
        if runs:
            call = self._call(name, step, position)
            self._watch(call)
            self._ex.later(open_call, self._ex, call)
        else:
            self._skip(step["name"], step, f"when '{step['when']}' evaluated false")
            self._one_less()

    def _call(self, name: str, step: Document, position: int) -> Call:
        boundary = self._steps.call
        return Call(
            name=name,
            node_id=self._ex.nodes.id_of(name),
            asked=asked_by(step),
            owner=self,
            base=self._steps.plan.base,
            holder=step,
            kind="steps",
            arguments=step.get("arguments") or {},
            parents=(self.node_id,),
            boundary=boundary.node_id,
            boundary_plan=self._steps.plan,
            on_exit=boundary.on_exit,
            depth=boundary.depth + 1,
            order=(*boundary.order, self.index, position),
        )

    def _skip(self, step_name: str, step: Document, message: str, phase: Phase = Phase.SKIPPED) -> None:
        ex, name = self._ex, f"{self.name}.{step_name}"
        if ex.nodes.get(ex.nodes.id_of(name)) is not None:
            return
        fields: Document = {
            "templateName": step.get("template"),
            "templateRef": step.get("templateRef"),
            "templateScope": self._steps.plan.base.scope,
            "boundaryID": self._steps.call.node_id,
            "nodeFlag": {},
            "message": message,
        }
        ex.nodes.create(name, NodeType.SKIPPED, phase, ex.now, fields, (self.node_id,))

    def _refuse(self, name: str, step: Document, error: WhenError) -> None:
        self._skip(name.removeprefix(f"{self.name}."), step, str(error), Phase.ERROR)
        self._end(Phase.ERROR, str(error))

    def _watch(self, call: Call) -> None:
        hooks = lifecycle_hooks(call.holder)
        if hooks:
            self._hooks[call.node_id] = self._ex.watch.open(
                call, hooks, partial(self._hook_scope, call), self._hook_failed
            )

    def _hook_scope(self, call: Call, hook: Hook) -> Layers:
        """A hook also sees how the other steps of the group are doing."""
        beside = Siblings("steps", self._beside, lambda: [str(step["name"]) for _, step in self._members])
        return hook_scope(self._ex, call, hook, Layers(self._scope(call.holder), beside))

    def _beside(self, name: str) -> Lookup | None:
        phase = self._ex.nodes.phase(self._ex.nodes.id_of(f"{self.name}.{name}"))
        return None if phase is None else Layers({"status": phase})

    def done(self, call: Call) -> None:
        if self._closed:
            return
        hooks = self._hooks.pop(call.node_id, None)
        if hooks is None:
            self._exit(call)
        else:
            hooks.finish(partial(self._exit, call))

    def _exit(self, call: Call) -> None:
        if not self._closed:
            run_exit_hook(self._ex, call, lambda: self._scope(call.holder), self._one_less, self._hook_failed)

    def raised(self, call: Call, error: EngineError) -> None:
        if self._closed:
            return
        self._ex.watch.close(call.node_id)
        if isinstance(error, DepthExceeded):
            self._one_less()
        elif isinstance(error, NodeTimeout):
            self._end(Phase.FAILED, str(error))
        else:
            self._end(Phase.ERROR, f"step group deemed errored due to child {call.name} error: {error}")

    def _hook_failed(self, error: EngineError) -> None:
        if not self._closed:
            self._end(Phase.ERROR, str(error))

    def _one_less(self) -> None:
        """A member is over; the last one decides. Launching itself counts as one member."""
        self._open -= 1
        if not self._closed and self._open == 0:
            self._judge()

    def close(self) -> None:
        """The template around the group is over."""
        self._closed = True

    def _judge(self) -> None:
        nodes = self._ex.nodes
        for child in nodes[self.node_id].get("children") or ():
            if not continues(self._by_id.get(child), nodes.phase(child) or ""):
                self._end(Phase.FAILED, f"child '{child}' failed")
                return
        self._end(Phase.SUCCEEDED, None)

    def _end(self, phase: Phase, message: str | None) -> None:
        self._closed = True
        self._ex.set_phase(self.node_id, phase, message)
        self._steps.group_done(self)

    def items_of(self, step_name: str) -> list[str]:
        """Node ids of a loop's items, in the loop's order."""
        if self._members:
            loop = [(name, step) for name, step in self._members if _is_item(step["name"], step_name)]
            return [
                identifier for identifier in (self._ex.nodes.id_of(name) for name, _ in loop) if self._has(identifier)
            ]
        return self._recorded_items(step_name)

    def _has(self, identifier: str) -> bool:
        return self._ex.nodes.get(identifier) is not None

    def _recorded_items(self, step_name: str) -> list[str]:
        """The same for a group that was over before this run was loaded: read from the node names."""
        prefix = f"{self.name}.{step_name}("
        found: list[tuple[int, str]] = []
        for child in self._ex.nodes[self.node_id].get("children") or ():
            name = (self._ex.nodes.get(child) or {}).get("name") or ""
            if name.startswith(prefix):
                found.append((int(name.removeprefix(prefix).partition(":")[0]), child))
        return [child for _, child in sorted(found)]


def _is_item(name: str, loop: str) -> bool:
    return name.startswith(f"{loop}(")


def continues(holder: Mapping[str, Any] | None, phase: str) -> bool:
    """The end of a step or task does not fail its group: it went well, or `continueOn` covers it."""
    if not failed_or_error(phase):
        return True
    continue_on = (holder or {}).get("continueOn") or {}
    return bool(continue_on.get("error" if phase == Phase.ERROR else "failed"))
