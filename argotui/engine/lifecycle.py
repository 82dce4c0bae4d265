"""Lifecycle hooks: templates that run while a node runs, or when it is over, because an expression says so (§2.9).

A hook is looked at whenever its node has changed; one whose expression looks further than its node, at every step.
Once it has begun it runs to its end, whatever becomes of its expression, and its node's group waits for it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Final

from argotui.engine.calls import Call, enter, open_call
from argotui.engine.errors import EngineError
from argotui.engine.expressions import references
from argotui.engine.hooks import Hook, hook_arguments, hook_call, is_wanted
from argotui.model.phase import Phase

if TYPE_CHECKING:
    from argotui.engine.execution import Execution
    from argotui.engine.scopes import Layers

MakeScope = Callable[[Hook], "Layers"]
"""The variables of a hook as they are now."""

_BEFORE_EXIT: Final = 1 << 20
"""These hooks have their places before that of the exit handler."""

_FIXED: Final = frozenset(
    {"name", "namespace", "uid", "parameters", "serviceAccountName", "mainEntrypoint", "priority"}
)
"""Below `workflow`: what does not change while a run is in memory."""


class Watch:
    """All nodes that have hooks and are not over; looks at the hooks of those that have changed."""

    def __init__(self, ex: Execution) -> None:
        self._ex = ex
        self._hooks: dict[str, LifecycleHooks] = {}
        self._far: dict[str, LifecycleHooks] = {}
        self._noted: dict[str, None] = {}
        """Nodes that are new here, or have changed since they were looked at."""

    def open(
        self, call: Call, declared: list[Hook], scope: MakeScope, failed: Callable[[EngineError], None]
    ) -> LifecycleHooks:
        """Begin to watch the node of a call for its hooks. failed: hears once of a hook that cannot be judged."""
        hooks = LifecycleHooks(self._ex, call, declared, scope, failed)
        self._hooks[call.node_id] = hooks
        self._noted[call.node_id] = None
        if hooks.looks_far:
            self._far[call.node_id] = hooks
        return hooks

    def close(self, node_id: str) -> None:
        """The node and all its hooks are over."""
        self._hooks.pop(node_id, None)
        self._far.pop(node_id, None)

    def note(self) -> None:
        """Remember what has changed: a step ends before everything that follows from it is done."""
        if self._hooks:
            self._noted |= dict.fromkeys(node_id for node_id in self._ex.nodes.before if node_id in self._hooks)

    def look(self) -> bool:
        """Start the hooks whose time has come; True when any has started or failed."""
        if not self._hooks:
            return False
        self.note()
        noted, self._noted = self._noted, {}
        found = [self._look(node_id) for node_id in dict.fromkeys((*noted, *self._far))]
        return any(found)

    def _look(self, node_id: str) -> bool:
        hooks = self._hooks.get(node_id)
        if hooks is None:
            return False
        if not hooks.is_alive:
            self.close(node_id)
            return False
        return hooks.look()


class LifecycleHooks:
    """The hooks of one node."""

    def __init__(
        self,
        ex: Execution,
        call: Call,
        declared: list[Hook],
        scope: MakeScope,
        failed: Callable[[EngineError], None],
    ) -> None:
        self._ex = ex
        self._call = call
        self._idle = dict(enumerate(declared, 1))
        self._wanted: set[int] = set()
        """Places of hooks that wait for room."""
        self._queued: set[int] = set()
        """Places of hooks that the gate knows of, wanted or not any more."""
        self._running = 0
        self._scope = scope
        self._failed = failed
        self._is_broken = False
        self._then: Callable[[], None] | None = None
        own = ("workflow", "status") if not call.boundary else (call.kind, str(call.holder.get("name") or ""), "status")
        self.looks_far = any(_looks_far(hook.expression, own) for hook in declared)

    @property
    def is_alive(self) -> bool:
        """Somebody still waits for the node or its hooks."""
        return self._ex.nodes.is_alive(self._call.boundary)

    def look(self) -> bool:
        """Start the hooks whose time has come; True when any has started or failed."""
        if self._is_broken or not self._may_look:
            return False
        try:
            begun = [made for place in list(self._idle) if (made := self._considered(place)) is not None]
        except EngineError as error:
            self._break(error)
            return True
        for made in reversed(begun):  # the agenda is a stack
            self._ex.later(open_call, self._ex, made)
        return bool(begun)

    @property
    def _may_look(self) -> bool:
        """A task's hooks do not see it pending; those of a step do."""
        phase = self._ex.nodes.phase(self._call.node_id)
        return phase is not None and not (self._call.kind == "tasks" and phase == Phase.PENDING)

    def _considered(self, place: int) -> Call | None:
        """The call of a hook whose time has come, and for which there is room.

        A hook that waits for room has not begun: it does not run if its expression has turned false by then.
        """
        made = self._call_of(place)
        if made is None:
            self._wanted.discard(place)
            return None
        self._wanted.add(place)
        if place in self._queued:
            return None
        if not self._ex.gate.admits(made, partial(self._admitted, place)):
            self._queued.add(place)
            return None
        return self._begun(place, made)

    def _call_of(self, place: int) -> Call | None:
        ex, call, hook = self._ex, self._call, self._idle[place]
        scope = self._scope(hook)
        if not is_wanted(ex, call, hook, scope):
            return None
        return hook_call(ex, call, hook, hook_arguments(hook, scope), self, place - _BEFORE_EXIT)

    def _begun(self, place: int, made: Call) -> Call:
        del self._idle[place]
        self._wanted.discard(place)
        self._running += 1
        return made

    def _admitted(self, place: int) -> None:
        """There is room for a hook that has waited for it."""
        self._queued.discard(place)
        if self._is_broken or place not in self._wanted:
            return
        try:
            made = self._call_of(place)
        except EngineError as error:
            self._break(error)
        else:
            if made is None:
                self._wanted.discard(place)
            else:
                enter(self._ex, self._begun(place, made))
        self._go_on()

    def finish(self, then: Callable[[], None]) -> None:
        """The node is over: `then` follows when those hooks are over that have begun, or begin now."""
        self._then = then
        self.look()
        self._go_on()

    def _go_on(self) -> None:
        if self._then is not None and (self._is_broken or not (self._running or self._wanted)):
            then, self._then = self._then, None
            self._ex.watch.close(self._call.node_id)
            self._ex.later(then)

    def _break(self, error: EngineError) -> None:
        self._is_broken = True
        self._failed(error)

    def done(self, _call: Call) -> None:
        """A hook is over, well or not."""
        self._running -= 1
        self._go_on()

    def raised(self, _call: Call, error: EngineError) -> None:
        """A hook could not be carried out."""
        if not self._is_broken:
            self._break(error)
            self._go_on()


@lru_cache(maxsize=1024)
def _looks_far(expression: str, own: tuple[str, ...]) -> bool:
    """The value may change although the node does not. An expression that cannot be read is an error soon enough."""
    from argotui.engine.expr import ExprError

    try:
        named = references(expression)
    except ExprError:
        return False
    return "now(" in expression or not all(_is_near(reference.parts, own) for reference in named)


def _is_near(parts: tuple[str, ...], own: tuple[str, ...]) -> bool:
    if parts[0] == "workflow":
        return parts == own or (len(parts) > 1 and parts[1] in _FIXED)
    if parts[0] == own[0] and parts[1:2] in (own[1:2], ("self",)):
        return True
    return parts[0] not in ("steps", "$env")  # tasks see only what has ended, other names are constant
