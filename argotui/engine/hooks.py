"""Hooks of steps and tasks: what they are, what they see, and the one that runs at the end (§2.9)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from argotui.engine.calls import Call, Owner, drawn_for, open_call
from argotui.engine.errors import EngineError
from argotui.engine.expressions import is_true
from argotui.engine.references import marked_absent
from argotui.engine.scopes import Layers, NodeVariables, Siblings
from argotui.engine.sources import Asked, asked_by
from argotui.engine.template import TemplateError, substitute_document
from argotui.model.documents import Document
from argotui.model.phase import is_hooked, node_completed

AFTER_ATTEMPTS: Final = 1 << 40
"""Place of an exit handler among everything below the node it belongs to."""

if TYPE_CHECKING:
    from argotui.engine.execution import Execution


@dataclass(frozen=True, slots=True)
class Hook:
    """A template to run because of what happens to a node. suffix: how the hook's node is named below that node.

    arguments: as written. expression: the condition, empty for none.
    """

    suffix: str
    asked: Asked
    arguments: Document
    expression: str = ""


def exit_hook(holder: Mapping[str, Any], workflow_arguments: Document) -> Hook | None:
    """`onExit` (which gets the workflow's arguments) or `hooks.exit` of a step, a task or a spec."""
    if holder.get("onExit"):
        return Hook("onExit", Asked(str(holder["onExit"])), workflow_arguments)
    hook = (holder.get("hooks") or {}).get("exit")
    if not hook:
        return None
    arguments = hook.get("arguments") or workflow_arguments
    return Hook("onExit", asked_by(hook), arguments, str(hook.get("expression") or ""))


def lifecycle_hooks(holder: Mapping[str, Any]) -> list[Hook]:
    """The hooks of a step, a task or a spec that run when their expression says so, in the order of their names."""
    hooks: Mapping[str, Any] = holder.get("hooks") or {}
    return [
        Hook(f"hooks.{name}", asked_by(hook), hook.get("arguments") or {}, str(hook.get("expression") or ""))
        for name, hook in sorted(hooks.items())
        if name != "exit" and hook
    ]


def run_exit_hook(
    ex: Execution,
    call: Call,
    scope: Callable[[], Mapping[str, Any]],
    then: Callable[[], None],
    failed: Callable[[EngineError], None],
) -> None:
    """Run the exit handler of a call whose node is over, if it has one and may; `then` follows in any case.

    scope: makes the variables of the enclosing template; the node's own are added.
    """
    hook = exit_hook(call.holder, ex.spec.get("arguments") or {})
    if hook is None or not node_completed(ex.nodes[call.node_id]) or not ex.may_run(on_exit=True):
        ex.later(then)
        return
    try:
        own = hook_scope(ex, call, hook, scope())
        if not is_wanted(ex, call, hook, own):
            ex.later(then)
            return
        made = hook_call(ex, call, hook, hook_arguments(hook, own), _Waiting(then, failed))
    except EngineError as error:
        ex.later(failed, error)
        return
    made.on_exit = True
    ex.later(open_call, ex, made)


def is_wanted(ex: Execution, call: Call, hook: Hook, scope: Mapping[str, Any]) -> bool:
    """The hook has begun, or its condition holds. Raises EngineError."""
    if not hook.expression or ex.nodes.get(ex.nodes.id_of(f"{call.name}.{hook.suffix}")) is not None:
        return True
    return is_true(hook.expression, scope)


def hook_call(ex: Execution, call: Call, hook: Hook, arguments: Document, owner: Owner, place: int = 0) -> Call:
    """The call of a hook's template, beside the call it belongs to. place: among the node's other hooks."""
    name = f"{call.name}.{hook.suffix}"
    return replace(
        call,
        name=name,
        node_id=ex.nodes.id_of(name),
        asked=hook.asked,
        owner=owner,
        holder={},
        arguments=arguments,
        parents=(call.node_id,),
        flag={"hooked": True},
        order=(*call.order, AFTER_ATTEMPTS + place),
        deadline=None,
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


def hook_scope(ex: Execution, call: Call, hook: Hook, scope: Mapping[str, Any]) -> Layers:
    """What a hook of a node may refer to: everything that the node could, and the node itself."""
    name = str(call.holder.get("name") or "")
    node = ex.nodes[call.node_id]
    own = NodeVariables(last_attempt(ex, node), (), {"status": str(node.get("phase") or "")})
    names = dict.fromkeys((name, name.partition("(")[0], "self"))
    siblings = Siblings(call.kind, lambda asked: own if asked in names else None, lambda: list(names))
    return Layers(siblings, scope, ex.globals, drawn=partial(drawn_for, ex, f"{call.name}.{hook.suffix}"))


def hook_arguments(hook: Hook, scope: Layers) -> Document:
    """The arguments with everything substituted that is known. Raises EngineError."""
    if not hook.arguments:
        return {}
    try:
        arguments: Document = substitute_document(marked_absent(hook.arguments, scope), scope)
    except TemplateError as error:
        raise EngineError(str(error)) from None
    return arguments


def last_attempt(ex: Execution, node: Document) -> Document:
    """The node whose outputs count: for a Retry node its last attempt."""
    if node.get("type") != "Retry":
        return node
    for child in reversed(node.get("children") or ()):
        attempt = ex.nodes.get(child)
        if attempt is not None and not is_hooked(attempt):
            return attempt
    return node
