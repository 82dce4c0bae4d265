"""The course of a workflow: entry node, exit handler, last phase (§2.1, §2.9)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from argotui.engine import gojson
from argotui.engine.calls import Call, drawn_for, open_call
from argotui.engine.errors import EngineError
from argotui.engine.expressions import is_true
from argotui.engine.gotext import quote
from argotui.engine.hooks import Hook, exit_hook, hook_arguments, lifecycle_hooks
from argotui.engine.scopes import Layers, Lookup, Wanted
from argotui.engine.sources import Asked
from argotui.model.documents import Document
from argotui.model.names import pod_name
from argotui.model.phase import Phase, node_failed

if TYPE_CHECKING:
    from argotui.engine.execution import Execution
    from argotui.engine.lifecycle import LifecycleHooks

_ENTRY_ERROR: Final = "error in entry template execution: "
_EXIT_ERROR: Final = "error in exit template execution : "
_ENDS: Final[dict[str, Phase]] = {
    Phase.SUCCEEDED: Phase.SUCCEEDED,
    Phase.SKIPPED: Phase.SUCCEEDED,
    Phase.OMITTED: Phase.SUCCEEDED,
    Phase.FAILED: Phase.FAILED,
    Phase.ERROR: Phase.ERROR,
}
"""Phase of the entry node -> phase of the workflow."""


@dataclass(frozen=True, slots=True)
class _Owner:
    """Hears of the end of the entry or of the exit handler."""

    over: Callable[[], None]
    failed: Callable[[str], None]
    prefix: str

    def done(self, _call: Call) -> None:
        self.over()

    def raised(self, _call: Call, error: EngineError) -> None:
        self.failed(f"{self.prefix}{error}")


class Course:
    """What comes after what. `outcome` is set when nothing more will be started."""

    def __init__(self, ex: Execution) -> None:
        self._ex = ex
        self._exit_id = ex.nodes.id_of(f"{ex.name}.onExit")
        self._hooks: LifecycleHooks | None = None
        self._problem = ""
        """Why a hook could not be judged."""
        self.outcome: tuple[Phase, str] | None = None
        """Last phase and message of the workflow."""

    def start(self) -> None:
        """Begin, or take up whatever is not over."""
        ex = self._ex
        message = str(ex.status.get("message") or "")
        if message.startswith((_ENTRY_ERROR, _EXIT_ERROR)):  # it has failed before, but pods had still to report
            self.outcome = Phase.ERROR, message
            return
        owner = _Owner(self._entry_over, self._fail, _ENTRY_ERROR)
        arguments = ex.spec.get("arguments") or {}
        entry = Call(ex.name, ex.name, Asked(str(ex.spec.get("entrypoint") or "")), owner, arguments=arguments)
        hooks = lifecycle_hooks(ex.spec)
        if hooks:
            self._hooks = ex.watch.open(entry, hooks, self._hook_scope, self._hook_broken)
        ex.later(open_call, ex, entry)

    def _hook_scope(self, hook: Hook) -> Layers:
        """What the workflow's hooks may refer to: it, and the phase of its entry as that of the whole."""
        ex = self._ex
        return Layers(_Entry(ex), ex.globals, drawn=partial(drawn_for, ex, f"{ex.name}.{hook.suffix}"))

    def _hook_broken(self, error: EngineError) -> None:
        """A hook that cannot be judged ends the workflow in an Error."""
        ex = self._ex
        self._problem = str(error)
        if not ex.nodes.is_fulfilled(ex.name):
            for identifier in sorted(ex.nodes.active_pods):
                ex.terminate(identifier)
            ex.set_phase(ex.name, Phase.ERROR, self._problem)
            if ex.nodes[ex.name].get("taskResultSynced") is not None:
                ex.nodes.set_synced(ex.name, True, ex.now)
            ex.leaves.pop(ex.name, None)
            ex.later(self._entry_over)

    def _fail(self, message: str) -> None:
        """Written down at once: it is not to be seen from the nodes."""
        self._ex.status["message"] = message
        self.outcome = Phase.ERROR, message

    def _entry_over(self) -> None:
        ex = self._ex
        ex.daemons.end_below("")
        ex.globals.final_status = self._entry()[0]
        ex.globals.failures = quote(_failures(ex))
        if self._hooks is None:
            self._exit()
        else:
            self._hooks.finish(self._exit)

    def _exit(self) -> None:
        """The exit handler, if there is one and it may run."""
        ex = self._ex
        hook = exit_hook(ex.spec, ex.spec.get("arguments") or {})
        has_begun = ex.nodes.get(self._exit_id) is not None
        if hook is None or not (ex.may_run(on_exit=True) or has_begun):
            self._finish()
            return
        scope = self._hook_scope(hook)
        try:
            if not (has_begun or not hook.expression or is_true(hook.expression, scope)):
                self._finish()
                return
            arguments = hook_arguments(hook, scope)
        except EngineError as error:
            self._fail(f"{_EXIT_ERROR}{error}")
            return
        owner = _Owner(self._finish, self._fail, _EXIT_ERROR)
        call = Call(f"{ex.name}.onExit", self._exit_id, hook.asked, owner, arguments=arguments, order=(1,))
        call.on_exit, call.flag = True, {"hooked": True}
        ex.later(open_call, ex, call)

    def _entry(self) -> tuple[Phase, str]:
        node = self._ex.nodes[self._ex.name]
        message = str(node.get("message") or "")
        if node_failed(node) and self._ex.shutdown:
            message = f"Stopped with strategy '{self._ex.shutdown}'"
        return _ENDS[Phase(node["phase"])], message

    def _finish(self) -> None:
        """A failed exit handler fails a workflow that has succeeded."""
        phase, message = self._entry()
        if self._problem and phase != Phase.ERROR:
            phase, message = Phase.ERROR, self._problem
        handler = self._ex.nodes.get(self._exit_id)
        if phase != Phase.SUCCEEDED:
            self.outcome = phase, message
        elif handler is not None and node_failed(handler):
            self.outcome = Phase(handler["phase"]), str(handler.get("message") or "")
        else:
            self.outcome = Phase.SUCCEEDED, ""


class _Entry(Lookup):
    """`workflow.status` and `workflow.failures` as the workflow's hooks see them."""

    def __init__(self, ex: Execution) -> None:
        self._ex = ex

    def get(self, name: str, default: Any = None) -> Any:
        if name == "workflow.status":
            phase = self._ex.nodes.phase(self._ex.name) or ""
            return str(_ENDS.get(phase, phase))
        return quote(_failures(self._ex)) if name == "workflow.failures" else default

    def names(self) -> set[str]:
        return {"workflow.status", "workflow.failures"}

    def near(self, wanted: Wanted) -> dict[str, Any]:
        """The failures are looked for only when they are asked for."""
        every = not wanted.isdisjoint({("workflow",), ("$env",)})
        return {name: self[name] for name in self.names() if every or tuple(name.split(".")) in wanted}


def _failures(ex: Execution) -> str:
    """`workflow.failures`: JSON of the nodes that failed, as Go writes it."""
    failed = [node for node in ex.nodes.documents.values() if node_failed(node)]
    return "[" + ",".join(_failure(ex, node) for node in failed) + "]" if failed else "null"


def _failure(ex: Execution, node: Document) -> str:
    template = str((node.get("templateRef") or {}).get("template") or node.get("templateName") or "")
    fields = {
        "displayName": node.get("displayName") or "",
        "message": node.get("message") or "",
        "templateName": template,
        "phase": node["phase"],
        "podName": pod_name(ex.name, node["name"], template, ex.pod_name_version),
        "finishedAt": node.get("finishedAt"),
    }
    return "{" + ",".join(f"{gojson.text(key)}:{gojson.text(value)}" for key, value in fields.items()) + "}"


def fail_entry(ex: Execution) -> None:
    """A workflow that ends in an Error while its entry node still runs."""
    node = ex.nodes.get(ex.name)
    if node is not None and node.get("phase") == Phase.RUNNING:
        ex.set_phase(ex.name, Phase.ERROR, "Workflow operation error")
