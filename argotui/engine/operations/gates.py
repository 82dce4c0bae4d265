"""Gates: suspend nodes that are resumed, rejected, or given values (§6.2)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from argotui.engine.operations.drafts import draft_of, packed
from argotui.engine.operations.refusal import OperationRefused
from argotui.model.documents import Document
from argotui.model.phase import Phase, completed, is_active_suspend
from argotui.model.selectors import SelectorError, node_selector
from argotui.model.times import format_time

SETTABLE = ("", Phase.SUCCEEDED, Phase.FAILED, Phase.ERROR)


def resume(workflow: Document, *, now: datetime, selector: str = "", message: str = "") -> Document:
    """Lets a workflow go on.

    Without a selector: `spec.suspend` goes, and every waiting gate succeeds; outputs nobody supplied take their
    default, and a missing default refuses.  With one: only the gates that match, and no default is filled in.
    `message` is what the gate's node will say.
    """
    if selector:
        return set_node(workflow, selector=selector, now=now, phase=Phase.SUCCEEDED, message=message)
    draft = draft_of(workflow)
    waiting = [node for node in (draft["status"].get("nodes") or {}).values() if is_active_suspend(node)]
    suspended = (draft.get("spec") or {}).get("suspend")
    if not waiting and not suspended:
        return workflow
    if suspended:
        del draft["spec"]["suspend"]
    for node in waiting:
        _supply_defaults(node)
        before = node.get("message") or ""
        _say(node, f"{before}; {message}" if before else message)
        node |= {"phase": Phase.SUCCEEDED, "finishedAt": format_time(now)}
    return packed(draft)


def _supply_defaults(node: Document) -> None:
    for parameter in (node.get("outputs") or {}).get("parameters") or ():
        source = parameter.get("valueFrom") or {}
        if source.get("supplied") is None:
            continue
        if source.get("default") is None:
            raise OperationRefused(
                f"raw output parameter '{parameter.get('name')}' has not been set and does not have a default value"
            )
        parameter["value"] = source["default"]
        del parameter["valueFrom"]


def stop_gate(workflow: Document, *, selector: str, now: datetime, message: str = "") -> Document:
    """Fails the waiting gates that match, and nothing else."""
    return set_node(workflow, selector=selector, now=now, phase=Phase.FAILED, message=message)


def set_node(
    workflow: Document,
    *,
    selector: str,
    now: datetime,
    phase: str = "",
    message: str = "",
    outputs: Mapping[str, str] | None = None,
) -> Document:
    """Gives the waiting gates that match a phase, a message, or values for supplied outputs.

    `selector` is a node field selector (`displayName=approve`).  Refused when nothing matches, or when an output
    is not declared as supplied or has its value already.
    """
    if not selector:
        raise OperationRefused("'set' currently only targets suspend nodes, use a node field selector to target them")
    if phase not in SETTABLE:
        raise OperationRefused(f"unknown node phase '{phase}': use Succeeded, Failed or Error")
    try:
        chosen = node_selector(selector)
    except SelectorError as error:
        raise OperationRefused(str(error)) from error
    draft = draft_of(workflow)
    nodes = (draft["status"].get("nodes") or {}).values()
    matching = [node for node in nodes if is_active_suspend(node) and chosen.matches(node)]
    if not matching or not (phase or message or outputs):
        raise OperationRefused(
            f"currently, set only targets suspend nodes: no suspend nodes matching nodeFieldSelector: {selector}"
        )
    for node in matching:
        _end(node, phase, now)
        if message:
            node["message"] = message
        _supply(draft, node, outputs or {})
    return packed(draft)


def _end(node: Document, phase: str, now: datetime) -> None:
    if phase:
        node["phase"] = str(phase)
    if completed(phase):
        node["finishedAt"] = format_time(now)


def _say(node: Document, message: str) -> None:
    node.pop("message", None)
    if message:
        node["message"] = message


def _supply(draft: Document, node: Document, values: Mapping[str, str]) -> None:
    if values and node.get("outputs") is None:
        raise OperationRefused("cannot set output parameters because node is not expecting any raw parameters")
    declared = (node.get("outputs") or {}).get("parameters") or []
    for name, value in values.items():
        parameter = next((p for p in declared if p.get("name") == name), None)
        if parameter is None:
            raise OperationRefused(f"node is not expecting output parameter '{name}'")
        if (parameter.get("valueFrom") or {}).get("supplied") is None:
            raise OperationRefused(
                f"cannot set output parameter '{name}' because it does not use valueFrom.raw or it was already set"
            )
        parameter["value"] = value
        del parameter["valueFrom"]
        if parameter.get("globalName"):
            _publish(draft["status"], parameter["globalName"], value)


def _publish(status: Document, name: str, value: str) -> None:
    """A supplied output with a global name is an output of the workflow as well."""
    outputs = status.setdefault("outputs", {})
    parameters = outputs.setdefault("parameters", [])
    for parameter in parameters:
        if parameter.get("name") == name:
            parameter["value"] = value
            return
    parameters.append({"name": name, "value": value})
