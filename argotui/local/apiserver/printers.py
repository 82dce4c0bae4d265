"""What `kubectl get` shows of the built-in kinds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from argotui.local.apiserver.podprinter import pod_cells
from argotui.local.apiserver.printing import Moment, age
from argotui.model.documents import Document

__all__ = ["PLAIN", "PRINTERS", "Column", "Moment"]

_WIDE = 1


@dataclass(frozen=True)
class Column:
    """A column; priority 1 is shown by `-o wide` only."""

    name: str
    type: str = "string"
    format: str = ""
    description: str = ""
    priority: int = 0

    def as_document(self) -> Document:
        """The columnDefinition."""
        return {
            "name": self.name,
            "type": self.type,
            "format": self.format,
            "description": self.description or f"{self.name} of the object.",
            "priority": self.priority,
        }


Printer = tuple[tuple[Column, ...], Callable[[Document], list[Any]]]
_AGE = Column("Age")


def _names(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name) for name in names)


def _wide(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, priority=_WIDE) for name in names)


def _count(document: Document, *fields: str) -> int:
    return sum(len(document.get(field) or ()) for field in fields)


def _event(event: Document) -> list[Any]:
    about, source = event.get("involvedObject") or {}, event.get("source") or {}
    series = event.get("series") or {}
    first = event.get("firstTimestamp") or event.get("eventTime")
    last = series.get("lastObservedTime") or event.get("lastTimestamp") or first
    count = series.get("count") or event.get("count") or 1
    reporter = source.get("component") or event.get("reportingComponent") or ""
    host = source.get("host") or event.get("reportingInstance") or ""
    return [
        Moment(last or ""),
        event.get("type", ""),
        event.get("reason", ""),
        f"{about.get('kind', '').lower()}/{about.get('name', '')}",
        about.get("fieldPath", ""),
        f"{reporter}, {host}" if host else reporter,
        (event.get("message") or "").strip(),
        Moment(first or ""),
        count,
    ]


def _node(node: Document) -> list[Any]:
    found = node.get("status") or {}
    ready = [c.get("status") for c in found.get("conditions") or () if c.get("type") == "Ready"]
    state = {"True": "Ready", "False": "NotReady"}.get(ready[0] if ready else "", "Unknown")
    if (node.get("spec") or {}).get("unschedulable"):
        state += ",SchedulingDisabled"
    prefix = "node-role.kubernetes.io/"
    roles = sorted(key[len(prefix) :] for key in node["metadata"].get("labels") or {} if key.startswith(prefix))
    info = found.get("nodeInfo") or {}
    addresses = {a.get("type"): a.get("address") for a in found.get("addresses") or ()}
    return [
        state, ",".join(roles) or "<none>", age(node), info.get("kubeletVersion", ""),
        addresses.get("InternalIP", "<none>"), info.get("osImage") or "<unknown>",
        info.get("kernelVersion") or "<unknown>", info.get("containerRuntimeVersion") or "<unknown>",
    ]  # fmt: skip


def _service(service: Document) -> list[Any]:
    spec = service.get("spec") or {}
    ports = [f"{port.get('port')}/{port.get('protocol', 'TCP')}" for port in spec.get("ports") or ()]
    selector = ",".join(f"{key}={value}" for key, value in (spec.get("selector") or {}).items())
    return [
        spec.get("type", ""), spec.get("clusterIP") or "<none>", ",".join(spec.get("externalIPs") or ()) or "<none>",
        ",".join(ports) or "<none>", age(service), selector or "<none>",
    ]  # fmt: skip


def _claim(claim: Document) -> list[Any]:
    spec, found = claim.get("spec") or {}, claim.get("status") or {}
    short = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}
    modes = [short.get(mode, mode) for mode in found.get("accessModes") or ()]
    return [
        found.get("phase", ""), spec.get("volumeName", ""), (found.get("capacity") or {}).get("storage", ""),
        ",".join(modes), spec.get("storageClassName", ""), age(claim), spec.get("volumeMode", ""),
    ]  # fmt: skip


def _binding(binding: Document) -> list[Any]:
    role = binding.get("roleRef") or {}
    return [f"{role.get('kind', '')}/{role.get('name', '')}", age(binding)]


def _job(job: Document) -> list[Any]:
    spec, found = job.get("spec") or {}, job.get("status") or {}
    conditions = {c.get("type") for c in found.get("conditions") or () if c.get("status") == "True"}
    state = "Complete" if "Complete" in conditions else "Failed" if "Failed" in conditions else "Running"
    return [state, f"{found.get('succeeded', 0)}/{spec.get('completions', 1)}", age(job)]


def _budget(budget: Document) -> list[Any]:
    spec = budget.get("spec") or {}
    found = budget.get("status") or {}
    limits = [str(spec.get(field, "N/A")) for field in ("minAvailable", "maxUnavailable")]
    return [*limits, found.get("disruptionsAllowed", 0), age(budget)]


def _created(document: Document) -> list[Any]:
    return [document["metadata"].get("creationTimestamp", "")]


def _of(field: str, inner: str, *more: str) -> Callable[[Document], list[Any]]:
    """A column from `field.inner`, counts of the lists or maps `more`, and the age."""

    def cells(document: Document) -> list[Any]:
        found = (document.get(field) or {}).get(inner, "")
        return [found, *(_count(document, name) for name in more), age(document)]

    return cells


PLAIN: Printer = ((_AGE,), lambda document: [age(document)])
"""For a kind without columns of its own."""

_EVENTS = (
    *_names("Last Seen", "Type", "Reason", "Object"),
    *_wide("Subobject", "Source"),
    Column("Message"),
    *_wide("First Seen", "Count"),
    Column("Name", format="name", priority=_WIDE),
)

PRINTERS: dict[str, Printer] = {
    "pods": (
        (
            *_names("Ready", "Status", "Restarts", "Age"),
            *_wide("IP", "Node", "Nominated Node", "Readiness Gates"),
        ),
        pod_cells,
    ),
    "configmaps": (_names("Data", "Age"), lambda cm: [_count(cm, "data", "binaryData"), age(cm)]),
    "secrets": (_names("Type", "Data", "Age"), lambda s: [s.get("type", ""), _count(s, "data"), age(s)]),
    "serviceaccounts": (_names("Secrets", "Age"), lambda sa: [_count(sa, "secrets"), age(sa)]),
    "namespaces": (_names("Status", "Age"), _of("status", "phase")),
    "events": (_EVENTS, _event),
    "nodes": (
        (
            *_names("Status", "Roles", "Age", "Version"),
            *_wide("Internal-IP", "OS-Image", "Kernel-Version", "Container-Runtime"),
        ),
        _node,
    ),
    "services": (
        (*_names("Type", "Cluster-IP", "External-IP", "Port(s)", "Age"), *_wide("Selector")),
        _service,
    ),
    "persistentvolumeclaims": (
        (*_names("Status", "Volume", "Capacity", "Access Modes", "StorageClass", "Age"), *_wide("VolumeMode")),
        _claim,
    ),
    "leases.coordination.k8s.io": (_names("Holder", "Age"), _of("spec", "holderIdentity")),
    "customresourcedefinitions.apiextensions.k8s.io": (_names("Created At"), _created),
    "roles.rbac.authorization.k8s.io": (_names("Created At"), _created),
    "clusterroles.rbac.authorization.k8s.io": (_names("Created At"), _created),
    "rolebindings.rbac.authorization.k8s.io": (_names("Role", "Age"), _binding),
    "clusterrolebindings.rbac.authorization.k8s.io": (_names("Role", "Age"), _binding),
    "jobs.batch": (_names("Status", "Completions", "Age"), _job),
    "poddisruptionbudgets.policy": (
        _names("Min Available", "Max Unavailable", "Allowed Disruptions", "Age"),
        _budget,
    ),
}
