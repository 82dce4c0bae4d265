"""PersistentVolumeClaims of the local cluster: each is bound to a directory, shared by the pods that name it.

A claim's directory is named after the claim's uid and lives as long as the claim. Its protection (the finalizer that
Kubernetes puts on every claim) is taken away once no pod that has not ended names it any more.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from argotui.executor.insist import insist
from argotui.kube.errors import ApiError
from argotui.kube.reflector import Delta, DeltaType
from argotui.local.kubelet.api import Api
from argotui.local.kubelet.events import warn
from argotui.local.kubelet.tidy import Tidy
from argotui.model import documents
from argotui.model.documents import Document, dig
from argotui.model.keys import FINALIZER_PVC_PROTECTION
from argotui.model.resources import PERSISTENT_VOLUME_CLAIMS

log = logging.getLogger(__name__)

_OVER = ("Succeeded", "Failed")
_UNSUPPORTED = ("dataSource", "dataSourceRef", "selector")


class Provisioner:
    """Fed with the changes of all claims and of all pods. `pods` gives the pods as they are known now."""

    def __init__(self, api: Api, directory: Path, tidy: Tidy, pods: Callable[[], Iterable[Document]]) -> None:
        self._api = api
        self._directory = directory
        self._tidy = tidy
        self._pods = pods
        self._claims: dict[str, Document] = {}
        self._gone: dict[str, Document] = {}
        """Claims that do not exist any more, whose directories are still in use."""
        self._tasks: dict[str, asyncio.Task[None]] = {}
        directory.mkdir(mode=0o700, exist_ok=True)

    def on_claim(self, delta: Delta) -> None:
        """Called by the reflector of claims."""
        claim, uid = delta.object, documents.uid(delta.object)
        if delta.type is DeltaType.DELETED:
            self._claims.pop(uid, None)
            self._gone[uid] = claim
            self._sweep()
        else:
            self._claims[uid] = claim
            self._settle(uid)

    def on_pod(self, pod: Document, *, gone: bool) -> None:
        """A pod has changed: one that has ended may have been the last user of a claim."""
        if not gone and dig(pod, "status", "phase") not in _OVER:
            return
        names = set(claim_names(pod))
        for uid, claim in list(self._claims.items()):
            if documents.deleted(claim) and documents.name(claim) in names:
                self._settle(uid)
        if self._gone:
            self._sweep()

    def tidy_up(self) -> None:
        """After the first list: removes directories whose claims are no more."""
        for name in os.listdir(self._directory):
            if name not in self._claims and name not in self._gone:
                self._tidy.discard(self._directory / name)

    async def stop(self) -> None:
        """Ends what is under way; the next kubelet takes it up."""
        for task in list(self._tasks.values()):
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    # --- one claim ----------------------------------------------------------------------------

    def _settle(self, uid: str) -> None:
        """Looks at a claim once more, after whatever is being done with it."""
        before = self._tasks.get(uid)
        task = asyncio.get_running_loop().create_task(self._work(uid, before))
        self._tasks[uid] = task
        task.add_done_callback(lambda done: self._tasks.pop(uid) if self._tasks.get(uid) is done else None)

    async def _work(self, uid: str, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait([before])
        claim = self._claims.get(uid)
        if claim is None:
            return
        try:
            if documents.deleted(claim):
                await self._unprotect(claim)
            elif dig(claim, "status", "phase") != "Bound":
                await self._bind(claim)
        except ApiError as error:
            # gone, or changed since: the watch tells of both
            if not (error.is_not_found or error.is_conflict):
                log.error("claim %s: %s", documents.name(claim), error)

    async def _bind(self, claim: Document) -> None:
        why_not = refusal(claim)
        if why_not:
            warn(self._api, claim, "ProvisioningFailed", why_not)
            return
        uid = documents.uid(claim)
        path = self._directory / uid
        path.mkdir(exist_ok=True)
        path.chmod(0o777)  # steps may run as anybody; the directory around it is ours alone
        await self._patch(claim, {"metadata": {"uid": uid}, "spec": {"volumeName": f"pvc-{uid}"}})
        spec = claim.get("spec") or {}
        status = {
            "phase": "Bound",
            "accessModes": spec.get("accessModes") or [],
            "capacity": {"storage": dig(spec, "resources", "requests", "storage")},
        }
        await self._patch(claim, {"metadata": {"uid": uid}, "status": status}, "status")

    async def _unprotect(self, claim: Document) -> None:
        finalizers = dig(claim, "metadata", "finalizers") or []
        if FINALIZER_PVC_PROTECTION not in finalizers or self._is_used(claim):
            return
        rest = [each for each in finalizers if each != FINALIZER_PVC_PROTECTION]
        await self._patch(
            claim, {"metadata": {"resourceVersion": documents.resource_version(claim), "finalizers": rest}}
        )

    async def _patch(self, claim: Document, body: Document, subresource: str = "") -> None:
        name, namespace = documents.name(claim), documents.namespace(claim)
        await insist(
            lambda: self._api.patch(PERSISTENT_VOLUME_CLAIMS, name, body, namespace, subresource=subresource),
            f"claim {name}",
        )

    # --- who uses it --------------------------------------------------------------------------

    def _is_used(self, claim: Document) -> bool:
        name, namespace = documents.name(claim), documents.namespace(claim)
        return any(
            name in claim_names(pod) for pod in self._pods() if documents.namespace(pod) == namespace and _is_live(pod)
        )

    def _sweep(self) -> None:
        """Removes the directories of claims that are gone, as soon as nothing that runs has them mounted."""
        for uid, claim in list(self._gone.items()):
            if not self._is_used(claim):
                del self._gone[uid]
                self._tidy.discard(self._directory / uid)


def claim_names(pod: Mapping[str, Any]) -> list[str]:
    """The claims that a pod's volumes name."""
    volumes = dig(pod, "spec", "volumes") or ()
    return [str(name) for volume in volumes if (name := dig(volume, "persistentVolumeClaim", "claimName"))]


def _is_live(pod: Document) -> bool:
    return bool(dig(pod, "spec", "nodeName")) and dig(pod, "status", "phase") not in _OVER


def refusal(claim: Document) -> str:
    """Why a claim is not bound here, naming the field; "" when it can be."""
    spec = claim.get("spec") or {}
    if spec.get("volumeMode") == "Block":
        return "spec.volumeMode: Block is not supported by the local cluster; only Filesystem is"
    for field in _UNSUPPORTED:
        if spec.get(field):
            return f"spec.{field} is not supported by the local cluster: every claim gets an empty directory"
    return ""
