"""The ServiceAccount of a new pod: it has to exist, and its token is mounted where programs look for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from argotui.local.apiserver import names, status
from argotui.local.apiserver.access.accounts import DEFAULT
from argotui.local.apiserver.access.tokenrequests import MOUNTED_SECONDS
from argotui.local.apiserver.fields import fieldset
from argotui.local.apiserver.fields.fieldset import Path
from argotui.local.apiserver.storage.entry import Key
from argotui.local.apiserver.storage.store import Store
from argotui.local.secrets import CERTIFICATE_MAP
from argotui.model.documents import Document

MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
_VOLUME = "kube-api-access-"


def admit(store: Store, pod: Document) -> None:
    """Completes a new pod whose fields have the right types. Raises StatusError 403 when the account is not there."""
    spec = pod.setdefault("spec", {})
    namespace, name = pod["metadata"]["namespace"], spec.get("serviceAccountName") or spec.get("serviceAccount")
    spec["serviceAccountName"] = spec["serviceAccount"] = name = name or DEFAULT
    entry = store.latest(Key("serviceaccounts", namespace, name))
    if entry is None:
        why = f"error looking up service account {namespace}/{name}: serviceaccount {names.quoted(name)} not found"
        raise status.forbidden("pods", "", pod["metadata"].get("name", ""), why)
    account = store.latest_document(entry)
    if account.get("imagePullSecrets") and not spec.get("imagePullSecrets"):
        spec["imagePullSecrets"] = account["imagePullSecrets"]
    wanted = spec.get("automountServiceAccountToken", account.get("automountServiceAccountToken", True))
    if wanted:
        mount(spec)


def mount(spec: Document) -> None:
    """Mounts the token into every container that has nothing there yet."""
    without = [container for container in _containers(spec) if not _has_mount(container)]
    if not without:
        return
    volume = names.generated(_VOLUME)
    for container in without:
        mount = {"name": volume, "readOnly": True, "mountPath": MOUNT}
        container["volumeMounts"] = [*(container.get("volumeMounts") or ()), mount]
    spec["volumes"] = [*(spec.get("volumes") or ()), {"name": volume, "projected": _sources()}]


def added(pod: Document) -> Iterator[Path]:
    """The fields of a new pod that `admit` has set, and whoever made the pod does not manage."""
    spec = pod.get("spec") or {}
    if spec.get("serviceAccountName") == DEFAULT:
        yield from (("f:spec", "f:serviceAccountName"), ("f:spec", "f:serviceAccount"))
    volumes = [str(volume.get("name")) for volume in spec.get("volumes") or ()]
    for name in volumes:
        if name.startswith(_VOLUME):
            yield _whole_or_item(("f:spec", "f:volumes"), volumes, fieldset.item({"name": name}))
    for group in ("initContainers", "containers"):
        for container in spec.get(group) or ():
            mounts = container.get("volumeMounts") or []
            if any(mount["mountPath"] == MOUNT and str(mount["name"]).startswith(_VOLUME) for mount in mounts):
                place = ("f:spec", f"f:{group}", fieldset.item({"name": container["name"]}), "f:volumeMounts")
                yield _whole_or_item(place, mounts, fieldset.item({"mountPath": MOUNT}))


def _whole_or_item(place: Path, items: list[Any], item: str) -> Path:
    """A list that would not be there without the item goes with it."""
    return place if len(items) == 1 else (*place, item)


def _containers(spec: Document) -> Iterator[Document]:
    for group in ("initContainers", "containers"):
        yield from spec.get(group) or ()


def _has_mount(container: Document) -> bool:
    return any(mount.get("mountPath") == MOUNT for mount in container.get("volumeMounts") or ())


def _sources() -> Document:
    namespace = {"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}
    return {
        "sources": [
            {"serviceAccountToken": {"expirationSeconds": MOUNTED_SECONDS, "path": "token"}},
            {"configMap": {"name": CERTIFICATE_MAP, "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
            {"downwardAPI": {"items": [namespace]}},
        ]
    }
