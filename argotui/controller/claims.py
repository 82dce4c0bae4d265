"""The volume claims of one workflow: made once, deleted with their protection (§2.15)."""

import asyncio
import logging
import os
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Protocol

from argotui.controller.transient import is_quota
from argotui.engine.effects import CreatePVC, DeletePVCs
from argotui.engine.facts import ClaimCreated, ClaimNotCreated, ClaimsDeleted, Fact
from argotui.kube.client import Client
from argotui.kube.errors import ApiError, KubeError
from argotui.model.documents import Document, deleted, name, namespace, uid
from argotui.model.keys import FINALIZER_PVC_PROTECTION
from argotui.model.resources import PERSISTENT_VOLUME_CLAIMS

log = logging.getLogger(__name__)

_KEEP_PROTECTION = "ARGO_REMOVE_PVC_PROTECTION_FINALIZER"
_TRIES = 5


class Sender(Protocol):
    """Where the workflow's requests wait their turn."""

    async def send(self, request: Callable[[], Coroutine[Any, Any, Document]], given_up: asyncio.Event) -> Document:
        """The answer. Raises KubeError, GivenUp."""


class ClaimWork:
    """Carries out `CreatePVC` and `DeletePVCs` of one load of one workflow. Both raise GivenUp."""

    def __init__(
        self,
        sender: Sender,
        client: Client,
        workflow: Document,
        tell: Callable[[Fact], None],
        given_up: asyncio.Event,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._sender = sender
        self._client = client
        self._owner = uid(workflow)
        self._namespace = namespace(workflow)
        self._tell = tell
        self._given_up = given_up
        self._keeps_protection = environ.get(_KEEP_PROTECTION) == "false"

    async def create(self, effect: CreatePVC) -> None:
        """Tells the engine how it went."""
        claim = name(effect.claim)
        try:
            await self._send(lambda: self._client.create(PERSISTENT_VOLUME_CLAIMS, effect.claim, self._namespace))
        except ApiError as error:
            if not error.is_already_exists:
                self._refused(claim, error.message, transient=is_quota(error))
                return
            await self._adopt(claim)
        except KubeError as error:
            self._refused(claim, str(error), transient=False)
        else:
            self._tell(ClaimCreated(claim))

    async def _adopt(self, claim: str) -> None:
        """The name is taken: by this very workflow, before a restart or a retry, or by somebody else."""
        found = await self._find(claim)
        if found is None or deleted(found):
            self._refused(claim, f'persistentvolumeclaims "{claim}" is being deleted', transient=True)
        elif self._owner not in _owners(found):
            self._refused(claim, f"{claim} pvc already exists with different ownerreference", transient=False)
        else:
            self._tell(ClaimCreated(claim))

    def _refused(self, claim: str, message: str, *, transient: bool) -> None:
        log.warning("%s/%s: claim not created: %s", self._namespace, claim, message)
        self._tell(ClaimNotCreated(claim, message, transient))

    async def delete(self, effect: DeletePVCs) -> None:
        """Tells the engine which claims are still there."""
        left = [claim for claim in effect.names if not await self._is_deleted(claim)]
        self._tell(ClaimsDeleted(tuple(left)))

    async def _is_deleted(self, claim: str) -> bool:
        try:
            await self._send(lambda: self._client.delete(PERSISTENT_VOLUME_CLAIMS, claim, self._namespace))
            if not self._keeps_protection:
                await self._unprotect(claim)
        except ApiError as error:
            if error.is_not_found:
                return True
            log.error("%s/%s: claim not deleted: %s", self._namespace, claim, error)
            return False
        except KubeError as error:
            log.error("%s/%s: claim not deleted: %s", self._namespace, claim, error)
            return False
        return True

    async def _unprotect(self, claim: str) -> None:
        """Pods that have ended still count as users of a claim until they are deleted; nobody waits for that."""
        for _ in range(_TRIES):
            found = await self._find(claim)
            finalizers = (found or {}).get("metadata", {}).get("finalizers") or []
            if found is None or FINALIZER_PVC_PROTECTION not in finalizers:
                return
            rest = [each for each in finalizers if each != FINALIZER_PVC_PROTECTION]
            if await self._is_replaced({**found, "metadata": {**found["metadata"], "finalizers": rest}}):
                return

    async def _is_replaced(self, claim: Document) -> bool:
        """A PUT, since upstream's role does not let claims be patched; a newer one is left to the next try."""
        try:
            await self._send(lambda: self._client.replace(PERSISTENT_VOLUME_CLAIMS, claim))
        except ApiError as error:
            if not error.is_conflict:
                raise
            return False
        return True

    async def _find(self, claim: str) -> Document | None:
        try:
            return await self._send(lambda: self._client.get(PERSISTENT_VOLUME_CLAIMS, claim, self._namespace))
        except ApiError as error:
            if error.is_not_found:
                return None
            raise

    async def _send(self, request: Callable[[], Coroutine[Any, Any, Document]]) -> Document:
        return await self._sender.send(request, self._given_up)


def _owners(claim: Document) -> set[str]:
    references = (claim.get("metadata") or {}).get("ownerReferences") or []
    return {str(each.get("uid")) for each in references if isinstance(each, dict)}
