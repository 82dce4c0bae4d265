"""The smaller built-in kinds."""

from __future__ import annotations

import base64
import json
import re

from argotui.local.apiserver.names import quoted
from argotui.local.apiserver.status import Cause
from argotui.local.apiserver.strategies.strategy import (
    TypedStrategy,
    forbidden,
    invalid,
    required,
    unsupported,
)
from argotui.model.documents import Document
from argotui.model.keys import FINALIZER_PVC_PROTECTION

_KEY = re.compile(r"[-._a-zA-Z0-9]+\Z")
_KEY_TEXT = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',"
    "  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)
_MAX_BYTES = 1 << 20
_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_CLAIM_TEXT = (
    "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
)


def _key_causes(path: str, keys: list[str]) -> list[Cause]:
    found = []
    for key in keys:
        if not _KEY.match(key) or key in (".", ".."):
            found.append(invalid(f"{path}[{key}]", quoted(key), _KEY_TEXT))
        elif len(key) > 253:
            found.append(invalid(f"{path}[{key}]", quoted(key), "must be no more than 253 characters"))
    return found


def _frozen_causes(document: Document, old: Document | None, fields: tuple[str, ...]) -> list[Cause]:
    """`immutable: true` stays, and so does the data."""
    if old is None or not old.get("immutable"):
        return []
    found = [] if document.get("immutable") else [forbidden("immutable", "field is immutable when `immutable` is set")]
    why = "field is immutable when `immutable` is set"
    return found + [forbidden(field, why) for field in fields if document.get(field) != old.get(field)]


def _decoded_size(values: dict[str, str]) -> int:
    return sum(len(base64.b64decode(text)) for text in values.values())


class ConfigMapStrategy(TypedStrategy):
    """Keys, size, immutability."""

    def causes(self, document: Document, old: Document | None) -> list[Cause]:
        """See Strategy."""
        data, binary = document.get("data", {}), document.get("binaryData", {})
        found = _key_causes("data", list(data)) + _key_causes("binaryData", list(binary))
        found += [
            invalid(f"data[{key}]", quoted(key), "duplicate of key present in binaryData")
            for key in data
            if key in binary
        ]
        size = _decoded_size(binary) + sum(len(value.encode()) for value in data.values())
        if size > _MAX_BYTES:
            found.append(Cause("FieldValueTooLong", f"Too long: may not be more than {_MAX_BYTES} bytes", ""))
        return found + _frozen_causes(document, old, ("data", "binaryData"))


_NEEDED = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}
_ACCOUNT_TOKEN = "kubernetes.io/service-account-token"
_ACCOUNT_NAME = "kubernetes.io/service-account.name"


def _content_causes(document: Document) -> list[Cause]:
    """What the secret's type needs."""
    data, kind = document.get("data", {}), document["type"]
    if kind == _ACCOUNT_TOKEN and not document["metadata"].get("annotations", {}).get(_ACCOUNT_NAME):
        return [required(f"metadata.annotations[{_ACCOUNT_NAME}]")]
    if kind == "kubernetes.io/basic-auth" and not {"username", "password"} & set(data):
        return [required("data[username]"), required("data[password]")]
    found = [required(f"data[{key}]") for key in _NEEDED.get(kind, ()) if key not in data]
    for key in (".dockerconfigjson", ".dockercfg"):
        if key in _NEEDED.get(kind, ()) and key in data and not _is_json(base64.b64decode(data[key])):
            found.append(invalid(f"data[{key}]", '"<secret contents redacted>"', "invalid character"))
    return found


def _is_json(content: bytes) -> bool:
    try:
        json.loads(content)
    except (ValueError, RecursionError):
        return False
    return True


class SecretStrategy(TypedStrategy):
    """stringData becomes data; the type stays."""

    def complete(self, document: Document, old: Document | None) -> None:
        """See Strategy."""
        for key, text in document.pop("stringData", {}).items():
            document.setdefault("data", {})[key] = base64.b64encode(text.encode()).decode()
        document.setdefault("type", "Opaque")

    def causes(self, document: Document, old: Document | None) -> list[Cause]:
        """See Strategy."""
        data = document.get("data", {})
        found = _key_causes("data", list(data))
        found += _content_causes(document)
        if _decoded_size(data) > _MAX_BYTES:
            found.append(Cause("FieldValueTooLong", f"Too long: may not be more than {_MAX_BYTES} bytes", "data"))
        if old is not None and document["type"] != old.get("type"):
            found.append(invalid("type", quoted(document["type"]), "field is immutable"))
        return found + _frozen_causes(document, old, ("data",))


class NamespaceStrategy(TypedStrategy):
    """The label with the name, the finalizer that deletion waits for, the phase."""

    def complete(self, document: Document, old: Document | None) -> None:
        """See Strategy."""
        labels = document["metadata"].setdefault("labels", {})
        labels["kubernetes.io/metadata.name"] = document["metadata"].get("name", "")
        if old is None:
            document["spec"] = {"finalizers": ["kubernetes"]}
            document["status"] = {"phase": "Active"}
        else:
            document["spec"] = old.get("spec", {})


class EventStrategy(TypedStrategy):
    """An event is about an object of its own namespace."""

    def complete(self, document: Document, old: Document | None) -> None:
        """See Strategy."""
        document.setdefault("involvedObject", {})
        document.setdefault("source", {})
        document.setdefault("eventTime", None)
        for key in ("reportingComponent", "reportingInstance"):
            document.setdefault(key, "")

    def causes(self, document: Document, old: Document | None) -> list[Cause]:
        """See Strategy."""
        about, here = document["involvedObject"].get("namespace", ""), document["metadata"].get("namespace", "")
        if about != here and (about or here != "default"):
            return [invalid("involvedObject.namespace", quoted(about), "does not match event.namespace")]
        return []


class LeaseStrategy(TypedStrategy):
    """Durations are positive, transitions are counted upwards."""

    def causes(self, document: Document, old: Document | None) -> list[Cause]:
        """See Strategy."""
        spec = document.get("spec", {})
        found = []
        if spec.get("leaseDurationSeconds", 1) <= 0:
            found.append(
                invalid("spec.leaseDurationSeconds", str(spec["leaseDurationSeconds"]), "must be greater than 0")
            )
        if spec.get("leaseTransitions", 0) < 0:
            found.append(
                invalid("spec.leaseTransitions", str(spec["leaseTransitions"]), "must be greater than or equal to 0")
            )
        return found


class _IdleStrategy(TypedStrategy):
    """A kind that is kept, but nothing in this cluster acts on it."""

    WHAT = ""

    def warnings(self, document: Document, old: Document | None) -> list[str]:
        """See Strategy."""
        return [f"{self.WHAT} by this version of argotui's local cluster"] if old is None else []


class ServiceStrategy(_IdleStrategy):
    """Services are kept only."""

    WHAT = "services are stored but not given an address"

    def complete(self, document: Document, old: Document | None) -> None:
        """See Strategy."""
        spec = document.setdefault("spec", {})
        spec.setdefault("type", "ClusterIP")
        spec.setdefault("sessionAffinity", "None")
        for port in spec.get("ports", ()):
            port.setdefault("protocol", "TCP")
            port.setdefault("targetPort", port.get("port"))

    def causes(self, document: Document, old: Document | None) -> list[Cause]:
        """See Strategy."""
        kinds = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
        kind = document["spec"]["type"]
        return [] if kind in kinds else [unsupported("spec.type", kind, kinds)]


class ClaimStrategy(TypedStrategy):
    """Claims are protected from the start; the kubelet binds them to directories."""

    def complete(self, document: Document, old: Document | None) -> None:
        """See Strategy."""
        document.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")
        if old is None:
            document["status"] = {"phase": "Pending"}
            finalizers = document["metadata"].setdefault("finalizers", [])
            if FINALIZER_PVC_PROTECTION not in finalizers:
                finalizers.append(FINALIZER_PVC_PROTECTION)

    def causes(self, document: Document, old: Document | None) -> list[Cause]:
        """See Strategy."""
        spec = document["spec"]
        found = [] if spec.get("accessModes") else [required("spec.accessModes", "at least 1 access mode is required")]
        found += [
            unsupported("spec.accessModes", mode, _MODES) for mode in spec.get("accessModes", ()) if mode not in _MODES
        ]
        if "storage" not in (spec.get("resources") or {}).get("requests", {}):
            found.append(required("spec.resources[storage]"))
        if old is not None and _settled(spec, old) != _settled(old.get("spec") or {}, old):
            found.append(forbidden("spec", _CLAIM_TEXT))
        return found

    def warnings(self, document: Document, old: Document | None) -> list[str]:
        """See Strategy."""
        if old is not None or "ReadWriteOncePod" not in document["spec"].get("accessModes", ()):
            return []
        return ["spec.accessModes: argotui's local cluster does not keep other pods from a ReadWriteOncePod claim"]


def _settled(spec: Document, old: Document) -> Document:
    """What of a claim's spec may not change any more: its volume is chosen once."""
    free = {"resources", "volumeAttributesClassName"}
    if not (old.get("spec") or {}).get("volumeName"):
        free.add("volumeName")
    return {key: value for key, value in spec.items() if key not in free}


class BudgetStrategy(_IdleStrategy):
    """Budgets are kept only: nothing evicts pods of a single node."""

    WHAT = "disruption budgets are stored, and no pod is ever evicted"

    def causes(self, document: Document, old: Document | None) -> list[Cause]:
        """See Strategy."""
        spec = document.get("spec", {})
        if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
            return [invalid("spec", "<value>", "minAvailable and maxUnavailable cannot be both set")]
        return []


class JobStrategy(_IdleStrategy):
    """Jobs are kept only."""

    WHAT = "jobs are stored but not run"
