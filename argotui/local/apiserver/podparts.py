"""Subresources of pods that change the pod: binding; and those that are refused."""

from __future__ import annotations

from aiohttp import web

from argotui.local.apiserver import bodies, committing, objectmeta, options, status, views
from argotui.local.apiserver.answers import answer
from argotui.local.apiserver.context import Call
from argotui.local.apiserver.reading import missing
from argotui.model.documents import Document


async def bind(call: Call) -> web.StreamResponse:
    """POST pods/NAME/binding: gives the pod to the node `target.name`. Raises StatusError 400, 404 or 409."""
    options.check_write(call, "CreateOptions")
    binding = bodies.decode_object(await bodies.read(call.request), call.request.content_type)
    node = _target_node(binding)
    if (binding.get("metadata") or {}).get("name") != call.target.name:
        raise status.bad_request("name in URL does not match name in Binding object")
    entry = call.context.store.latest(call.key)
    if entry is None:
        raise missing(call)
    pod = call.context.store.latest_document(entry)
    uid = (binding.get("metadata") or {}).get("uid")
    if uid and uid != entry.uid:
        why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {entry.uid}"
        raise status.conflict("pods", "", call.target.name, why)
    _assign(pod, node, entry.deleting)
    await committing.put(call, call.key, pod)
    return await answer(call, views.encode(_BOUND), 201)


def _target_node(binding: Document) -> str:
    target = binding.get("target")
    if not isinstance(target, dict) or not target.get("name") or not isinstance(target["name"], str):
        raise status.invalid("Binding", "", "", [status.Cause("FieldValueRequired", "Required value", "target.name")])
    if target.get("kind") not in (None, "", "Node"):
        cause = status.Cause("FieldValueNotSupported", 'Unsupported value: supported values: "Node"', "target.kind")
        raise status.invalid("Binding", "", "", [cause])
    return str(target["name"])


def _assign(pod: Document, node: str, deleting: bool) -> None:
    name = pod["metadata"]["name"]
    if deleting:
        raise status.conflict("pods/binding", "", name, f"pod {name} is being deleted, cannot be assigned to a host")
    present = pod["spec"].get("nodeName")
    if present:
        raise status.conflict("pods/binding", "", name, f'pod {name} is already assigned to node "{present}"')
    pod["spec"]["nodeName"] = node
    conditions = pod.setdefault("status", {}).setdefault("conditions", [])
    conditions[:] = [condition for condition in conditions if condition.get("type") != "PodScheduled"]
    conditions.append(
        {"type": "PodScheduled", "status": "True", "lastProbeTime": None, "lastTransitionTime": objectmeta.now()}
    )


_BOUND: Document = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
_INSTEAD = {
    "eviction": "argotui's local cluster has one node, from which nothing is evicted: delete the pod",
    "attach": "argotui's local cluster gives containers no input to attach to: follow the log, or use exec",
    "portforward": "pods of argotui's local cluster share the network of this machine: connect to the port directly",
}


async def refuse(call: Call) -> web.StreamResponse:
    """A subresource that this version does not do."""
    raise status.method_not_allowed(_INSTEAD[call.target.subresource])
