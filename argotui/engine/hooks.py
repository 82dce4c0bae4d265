"""Exit handlers of steps and tasks (§2.9)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from argotui.engine.calls import Call, open_call
from argotui.engine.errors import EngineError
from argotui.engine.references import marked_absent
from argotui.engine.scopes import Layers
from argotui.engine.sources import Asked, asked_by
from argotui.engine.template import TemplateError, substitute_document
from argotui.model.anystring import any_string
from argotui.model.documents import Document
from argotui.model.phase import is_hooked, node_completed

AFTER_ATTEMPTS: Final = 1 << 40
"""Place of an exit handler among everything below the node it belongs to."""

if TYPE_CHECKING:
    from argotui.engine.execution import Execution


@dataclass(frozen=True, slots=True)
class ExitHook:
    """The template to run after a node, with its arguments as written."""

    asked: Asked
    arguments: Document


def exit_hook(holder: Mapping[str, Any], workflow_arguments: Document) -> ExitHook | None:
    """`onExit` (which gets the workflow's arguments) or `hooks.exit` of a step, a task or a spec."""
    if holder.get("onExit"):
        return ExitHook(Asked(str(holder["onExit"])), workflow_arguments)
    hook = (holder.get("hooks") or {}).get("exit")
    if not hook:
        return None
    return ExitHook(asked_by(hook), hook.get("arguments") or workflow_arguments)


def run_exit_hook(
    ex: Execution,
    call: Call,
    scope: Mapping[str, Any],
    then: Callable[[], None],
    failed: Callable[[EngineError], None],
) -> None:
    """Run the exit handler of a call whose node is over, if it has one and may; `then` follows in any case.

    scope: variables of the enclosing template; the node's own outputs are added.
    """
    hook = exit_hook(call.holder, ex.spec.get("arguments") or {})
    node = ex.nodes[call.node_id]
    if hook is None or not node_completed(node) or not ex.may_run(on_exit=True):
        ex.later(then)
        return
    try:
        arguments = _arguments(ex, hook, call, scope)
    except TemplateError as error:
        ex.later(failed, EngineError(str(error)))
        return
    ex.later(open_call, ex, _hook_call(ex, call, hook, arguments, _Waiting(then, failed)))


def _hook_call(ex: Execution, call: Call, hook: ExitHook, arguments: Document, owner: _Waiting) -> Call:
    name = f"{call.name}.onExit"
    return Call(
        name=name,
        node_id=ex.nodes.id_of(name),
        asked=hook.asked,
        owner=owner,
        base=call.base,
        arguments=arguments,
        parents=(call.node_id,),
        boundary=call.boundary,
        boundary_plan=call.boundary_plan,
        on_exit=True,
        flag={"hooked": True},
        depth=call.depth,
        order=(*call.order, AFTER_ATTEMPTS),
    )


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Owner of a hook's call."""

    then: Callable[[], None]
    failed: Callable[[EngineError], None]

    def done(self, _call: Call) -> None:
        self.then()

    def raised(self, _call: Call, error: EngineError) -> None:
        self.failed(error)


def _arguments(ex: Execution, hook: ExitHook, call: Call, scope: Mapping[str, Any]) -> Document:
    if not hook.arguments:
        return {}
    prefix = f"{call.kind}.{caller_of(call)}.outputs.parameters."
    outputs = (last_attempt(ex, ex.nodes[call.node_id]).get("outputs") or {}).get("parameters") or ()
    own = {f"{prefix}{p.get('name')}": any_string(p.get("value")) or "" for p in outputs}
    full = Layers(own, scope, ex.globals)
    arguments: Document = substitute_document(marked_absent(hook.arguments, full), full)
    return arguments


def caller_of(call: Call) -> str:
    """The step's or task's name as it is referred to, without the part that names a loop item."""
    return str(call.holder.get("name") or "").partition("(")[0]


def last_attempt(ex: Execution, node: Document) -> Document:
    """The node whose outputs count: for a Retry node its last attempt."""
    if node.get("type") != "Retry":
        return node
    for child in reversed(node.get("children") or ()):
        attempt = ex.nodes.get(child)
        if attempt is not None and not is_hooked(attempt):
            return attempt
    return node
