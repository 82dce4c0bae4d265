"""Creating one pod exactly once, whatever answers come or do not come."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from argotui.controller.beside import Foreign, put_beside
from argotui.controller.pace import MESSAGE as DELAYED
from argotui.controller.requests import rest
from argotui.controller.transient import is_quota
from argotui.engine.effects import CreatePod
from argotui.engine.facts import Fact, PodChanged, PodCreateFailed, PodDelayed
from argotui.kube.client import Client
from argotui.kube.errors import ApiError, KubeError
from argotui.kube.transport import decode, encode
from argotui.model.documents import Document, deleted, name, namespace, uid
from argotui.model.resources import PODS

log = logging.getLogger(__name__)

_DROPPABLE = {"resources": "PodLevelResourcesDropped", "resourceClaims": "ResourceClaimsDropped"}
"""Field of a pod's spec -> reason of the Event when the server has dropped it."""

_GONE_PAUSE = 0.25
"""Between looks at a pod of the same name that is still being deleted."""


class Sender(Protocol):
    """Where the workflow's requests wait their turn."""

    created: dict[str, Document]

    async def send(self, request: Callable[[], Coroutine[Any, Any, Document]], given_up: asyncio.Event) -> Document:
        """The answer. Raises KubeError, GivenUp."""


class _Parcel:
    """A pod that waits to be sent. Packed it takes a quarter of the memory, and thousands may wait."""

    def __init__(self, pod: Document, *, packed: bool) -> None:
        self.name = name(pod)
        self._content: Document | bytes = encode(pod) if packed else pod

    def open(self) -> Document:
        """The pod."""
        if isinstance(self._content, bytes):
            pod: Document = decode(self._content)
            return pod
        return self._content


class Creation:
    """Runs until the pod exists, cannot exist, or is not wanted any more (`given_up`).

    turn: asked once; the seconds until it may be created. packed: many others wait with it.
    """

    def __init__(
        self,
        sender: Sender,
        client: Client,
        workflow: Document,
        effect: CreatePod,
        tell: Callable[[Fact], None],
        turn: Callable[[], float] = lambda: 0.0,
        warn: Callable[[str, str], None] = lambda _reason, _message: None,
        *,
        packed: bool = False,
    ) -> None:
        self.given_up = asyncio.Event()
        self._sender = sender
        self._client = client
        self._owner = uid(workflow)
        self._namespace = namespace(workflow)
        self._node_id = effect.node_id
        self._config_map = effect.config_map
        self._pod = _Parcel(effect.pod, packed=packed)
        self._name = self._pod.name
        self._tell = tell
        self._turn = turn
        self._warn = warn

    async def run(self) -> None:
        """Raises GivenUp. Final failures are told to the engine as a fact."""
        await self._wait_turn()
        while True:
            try:
                await self._create_config_map()
                pod = await self._sender.send(self._request, self.given_up)
            except ApiError as error:
                if error.is_already_exists:
                    if await self._adopt():
                        return
                else:
                    self._fail(error.message, transient=is_quota(error))  # the engine asks again when it wants to
                    return
            except (KubeError, Foreign) as error:
                self._fail(str(error), transient=False)
                return
            else:
                self._look_for_dropped(pod)
                self._sender.created[self._name] = pod
                return

    async def _wait_turn(self) -> None:
        seconds = self._turn()
        if seconds > 0:
            self._tell(PodDelayed(self._node_id, DELAYED))
            await rest(seconds, self.given_up)

    async def _create_config_map(self) -> None:
        """What is too large for the pod itself."""
        body = self._config_map
        if body is not None:
            await put_beside(
                self._client,
                lambda request: self._sender.send(request, self.given_up),
                body,
                lambda: rest(_GONE_PAUSE, self.given_up),
            )

    async def _request(self) -> Document:
        return await self._client.create(PODS, self._pod.open(), self._namespace)

    def _look_for_dropped(self, pod: Document) -> None:
        """Servers drop fields whose feature is switched off, and say nothing (§8.8)."""
        asked, got = self._pod.open().get("spec") or {}, pod.get("spec") or {}
        for field, reason in _DROPPABLE.items():
            if asked.get(field) and not got.get(field):
                self._warn(reason, f"pod {self._name}: the API server has dropped spec.{field}; is the feature on?")

    async def _adopt(self) -> bool:
        """The name is taken. True when that settles the matter, False when to try again."""
        try:
            found = await self._sender.send(lambda: self._client.get(PODS, self._name, self._namespace), self.given_up)
        except ApiError as error:
            if error.is_not_found:
                return False
            raise
        if deleted(found):  # also that of an earlier workflow of the same name
            await rest(_GONE_PAUSE, self.given_up)
            return False
        if self._owner not in _owners(found):
            self._fail(f'pods "{self._name}" already exists and does not belong to this workflow', transient=False)
            return True
        self._sender.created[self._name] = found
        self._tell(PodChanged(found))
        return True

    def _fail(self, message: str, *, transient: bool) -> None:
        log.warning("%s/%s: pod not created: %s", self._namespace, self._name, message)
        self._tell(PodCreateFailed(self._node_id, message, transient))


def _owners(pod: Document) -> set[str]:
    references = (pod.get("metadata") or {}).get("ownerReferences") or []
    return {str(each.get("uid")) for each in references if isinstance(each, dict)}
