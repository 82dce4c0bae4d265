"""Volumes and mounts: the executor's own, the user's, and main's mirrored for the wait container (§4.3)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from argotui.engine.pods.request import PodBuildError, PodRequest
from argotui.model.documents import Document, clone

RUN = "var-run-argo"
TMP = "tmp-dir-argo"
STAGING = "argo-staging"
RUN_PATH = "/var/run/argo"
STAGING_PATH = "/argo/staging"
SCRIPT_PATH = "/argo/staging/script"
MAIN_ROOT = "/mainctrfs"
TOKEN = "exec-sa-token"
TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"


def empty_dir(name: str) -> Document:
    """A volume that lives as long as the pod."""
    return {"name": name, "emptyDir": {}}


def mount(container: Document, name: str, path: str, sub_path: str = "") -> None:
    """Appends one mount to a container."""
    entry = {"name": name, "mountPath": path}
    if sub_path:
        entry["subPath"] = sub_path
    container["volumeMounts"] = [*(container.get("volumeMounts") or ()), entry]


def add_referenced(volumes: list[Document], containers: Iterable[Document], request: PodRequest) -> None:
    """Appends the volumes that mounts ask for and the template does not declare itself.

    Looked up in the workflow's volumes, then among its claims.  Raises PodBuildError.
    """
    present = {volume.get("name") for volume in volumes}
    known = _declared(request)
    for container in containers:
        for entry in container.get("volumeMounts") or ():
            name = entry.get("name") or ""
            if name in present:
                continue
            if name not in known:
                raise PodBuildError(f"volume '{name}' not found in workflow spec")
            volumes.append(clone(known[name]))
            present.add(name)


def _declared(request: PodRequest) -> dict[str, Document]:
    status = request.workflow.get("status") or {}
    claims = status.get("persistentVolumeClaims") or ()
    known: dict[str, Document] = {}
    for volume in [*(request.spec.get("volumes") or ()), *claims]:
        known.setdefault(volume.get("name") or "", volume)
    return known


def mirror_user_mounts(mains: Sequence[Document], containers: Iterable[Document]) -> None:
    """Gives sidecars and init containers with `mirrorVolumeMounts` the mounts of main."""
    wanted = [entry for main in mains if main["name"] == "main" for entry in main.get("volumeMounts") or ()]
    for container in containers:
        if container.pop("mirrorVolumeMounts", False):
            container["volumeMounts"] = [*(container.get("volumeMounts") or ()), *clone(wanted)]


def mirror_for_wait(mains: Sequence[Document], wait: Document) -> None:
    """Lets the wait container see main's volumes, writable, below one root (each path once)."""
    seen = set()
    for main in mains:
        for entry in main.get("volumeMounts") or ():
            mirrored = {k: v for k, v in entry.items() if k != "readOnly"}
            mirrored["mountPath"] = MAIN_ROOT + "/" + str(entry.get("mountPath") or "").lstrip("/")
            if mirrored["mountPath"] not in seen:
                seen.add(mirrored["mountPath"])
                wait["volumeMounts"] = [*(wait.get("volumeMounts") or ()), mirrored]
