"""`managedFields` of the objects that requests write."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from argotui.local.apiserver import options
from argotui.local.apiserver.access import podaccounts
from argotui.local.apiserver.context import Call
from argotui.local.apiserver.fields import managers, tracking
from argotui.local.apiserver.fields.comparing import UnfitValue
from argotui.local.apiserver.fields.fieldset import Path
from argotui.local.apiserver.fields.managers import Managers
from argotui.local.apiserver.fields.shapes import shape_of
from argotui.local.apiserver.fields.tracking import Writer
from argotui.local.apiserver.served import Collection
from argotui.model.documents import Document

_STATUS: Path = ("f:status",)
_ZEROS: dict[str, Document] = {
    "Pod": {"spec": {"containers": None}, "status": {}},
    "Service": {"spec": {}, "status": {"loadBalancer": {}}},
    "Namespace": {"spec": {}, "status": {}},
    "Node": {"spec": {}, "status": {"daemonEndpoints": {"kubeletEndpoint": {"Port": 0}}, "nodeInfo": {}}},
    "PersistentVolumeClaim": {"spec": {"resources": {}}, "status": {}},
    "Job": {"spec": {"template": {"metadata": {}, "spec": {"containers": None}}}, "status": {}},
    "PodDisruptionBudget": {"spec": {}, "status": {}},
    "Lease": {"spec": {}},
    "Event": {
        "involvedObject": {}, "source": {}, "firstTimestamp": None, "lastTimestamp": None, "eventTime": None,
        "reportingComponent": "", "reportingInstance": "",
    },
    "CustomResourceDefinition": {
        "spec": {"group": "", "names": {"plural": "", "kind": ""}, "scope": "", "versions": None}, "status": {},
    },
    "Role": {"rules": None}, "ClusterRole": {"rules": None},
    "RoleBinding": {"roleRef": {"apiGroup": "", "kind": "", "name": ""}},
    "ClusterRoleBinding": {"roleRef": {"apiGroup": "", "kind": "", "name": ""}},
}  # fmt: skip
"""What an object of a built-in kind has in Go before anything is set: none of it counts as set by its creator."""


_ADDED: dict[str, tuple[Path, ...]] = {
    "namespaces": (("f:spec",),),
    "persistentvolumeclaims": (("f:metadata", "f:finalizers"),),
}
"""What the server itself adds to a new object; it is nobody's."""


def _added(collection: Collection, document: Document) -> tuple[Path, ...]:
    return tuple(podaccounts.added(document)) if collection.id == "pods" else _ADDED.get(collection.id, ())


def empty(collection: Collection) -> Document:
    """The object that a new one is compared with."""
    resource = collection.resource
    head: Document = {"apiVersion": resource.api_version, "kind": resource.kind}
    return head | {"metadata": {}} | _ZEROS.get(resource.kind, {}) if collection.builtin else head


def writer_of(call: Call, document: Document) -> Writer:
    """Who writes, and which parts of the object a write to this path leaves alone."""
    subresource, resource = call.target.subresource, call.collection.resource
    return Writer(options.manager_of(call), resource.api_version, subresource, _ignored(call, document))


def _ignored(call: Call, document: Document) -> tuple[Path, ...]:
    if call.target.subresource != "status":
        return (_STATUS,) if call.collection.resource.status_subresource else ()
    if call.collection.builtin:
        return ("f:spec",), ("f:metadata", "f:deletionTimestamp"), ("f:metadata", "f:ownerReferences")
    return tuple((f"f:{key}",) for key in document if key != "status")


def take(document: Document) -> Any:
    """Takes managedFields out of an object; None when it has none."""
    return document["metadata"].pop("managedFields", None)


def put(document: Document, found: Managers) -> None:
    """Gives an object its managedFields."""
    document["metadata"].pop("managedFields", None)
    if found:
        document["metadata"]["managedFields"] = managers.encode(found)


def track(call: Call, document: Document, sent: Any, old: Document | None, kept: Any) -> None:
    """Sets the managedFields of an object that is about to be stored.

    `sent` are those that came with the request, `kept` those of the object before; neither `document`
    nor `old` has any.
    """
    if options.from_own_component(call):
        if kept:
            document["metadata"]["managedFields"] = kept
        return
    present = _present(call, sent, kept)
    if old is not None and not present:
        return
    writer = writer_of(call, document)
    if old is None:
        writer = replace(writer, ignored=(*writer.ignored, *_added(call.collection, document)))
    before = old if old is not None else empty(call.collection)
    try:
        put(document, tracking.updated(shape_of(call.collection), writer, present, before, document))
    except UnfitValue:
        pass  # as in Kubernetes: an object that does not have its shape goes without managers


def _present(call: Call, sent: Any, kept: Any) -> Managers:
    if call.target.subresource:
        return managers.decode(kept) or {}
    if sent is not None and managers.is_reset(sent):
        return {}
    return (managers.decode(sent) if sent else None) or managers.decode(kept) or {}


def same_but_for_time(left: Any, right: Any) -> bool:
    """Whether two managedFields tell the same, whenever that was."""
    return _timeless(left) == _timeless(right)


def _timeless(entries: Any) -> list[Document]:
    return [{key: value for key, value in entry.items() if key != "time"} for entry in entries or ()]
