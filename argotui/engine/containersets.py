"""The nodes of the containers of a containerSet: they hang below the node of their pod (§1.3, §4.8)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from argotui.engine.calls import Call, node_fields
from argotui.model.documents import Document, dig
from argotui.model.phase import NodeType, Phase, completed, failed_or_error

if TYPE_CHECKING:
    from argotui.engine.execution import Execution

_EMISSARY_FAILED: Final = 64
"""Exit code by which the emissary says that it could not run the command."""


def expect(ex: Execution, call: Call, template: Document) -> None:
    """Containers get their nodes when their pod is there: of one that is never made nothing would be told."""
    if template.get("containerSet") is None:
        return
    if call.node_id in ex.pods:
        _draw(ex, call, template)
        follow(ex, call.node_id, ex.pods[call.node_id])
    else:
        ex.when_seen[call.node_id] = partial(_draw, ex, call, template)


def _draw(ex: Execution, call: Call, template: Document) -> None:
    """All nodes first, since a container may be declared before one that it waits for."""
    containers: list[Document] = dig(template, "containerSet", "containers") or []
    fields = {**node_fields(ex, call), "boundaryID": call.node_id}
    for container in containers:
        if ex.nodes.get(_id(ex, call.name, container["name"])) is None:
            ex.nodes.create(f"{call.name}.{container['name']}", NodeType.CONTAINER, Phase.PENDING, ex.now, fields)
    for container in containers:
        identifier = _id(ex, call.name, container["name"])
        for other in container.get("dependencies") or ():
            ex.nodes.link(_id(ex, call.name, other), identifier)
        if not container.get("dependencies"):
            ex.nodes.link(call.node_id, identifier)


def _id(ex: Execution, pod_node: str, container: str) -> str:
    return ex.nodes.id_of(f"{pod_node}.{container}")


def follow(ex: Execution, node_id: str, pod: Document) -> None:
    """What the statuses of the pod's containers say of their nodes."""
    children = ex.nodes[node_id].get("children") or ()
    if not any(is_member(ex.nodes.get(child) or {}, node_id) for child in children):
        return
    name = ex.nodes[node_id]["name"]
    for status in dig(pod, "status", "containerStatuses") or ():
        identifier = _id(ex, name, status.get("name") or "")
        node = ex.nodes.get(identifier)
        if node is not None and node.get("type") == NodeType.CONTAINER and not completed(node.get("phase") or ""):
            phase, message = _judged(status)
            if phase != node.get("phase"):
                ex.set_phase(identifier, phase, message)


def _judged(status: Document) -> tuple[Phase, str | None]:
    ended = dig(status, "state", "terminated")
    if ended is None:
        return (Phase.PENDING if dig(status, "state", "running") is None else Phase.RUNNING), None
    code = int(ended.get("exitCode") or 0)
    if code == 0:
        return Phase.SUCCEEDED, None
    reason, said = ended.get("reason") or "", ended.get("message") or ""
    message = f"{status.get('name')}: {reason} (exit code {code}): {said}"
    return (Phase.ERROR if code == _EMISSARY_FAILED else Phase.FAILED), message


def close(ex: Execution, node_id: str, message: str | None = None) -> None:
    """The pod's node is over, so its containers are: those that have not ended by themselves end as it did."""
    phase = ex.nodes.phase(node_id) or ""
    said = ex.nodes[node_id].get("message") if message is None else message
    for identifier in members(ex, node_id):
        if not completed(ex.nodes.phase(identifier) or ""):
            ex.set_phase(identifier, phase, said if failed_or_error(phase) else None)


def members(ex: Execution, node_id: str) -> list[str]:
    """Ids of the nodes of a pod's containers, each after those it waits for."""
    found: dict[str, None] = {}
    waiting = list(ex.nodes[node_id].get("children") or ())
    while waiting:
        identifier = waiting.pop(0)
        node = ex.nodes.get(identifier)
        if identifier not in found and node is not None and is_member(node, node_id):
            found[identifier] = None
            waiting.extend(node.get("children") or ())
    return list(found)


def is_member(node: Document, pod_node: str) -> bool:
    """The node stands for a container of that pod."""
    return node.get("type") == NodeType.CONTAINER and node.get("boundaryID") == pod_node
