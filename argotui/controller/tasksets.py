"""The WorkflowTaskSet of one workflow: tasks in, finished entries out (§4.8)."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from argotui.controller.transient import is_transient
from argotui.engine.effects import CompleteTaskSet, ForgetTasks, PutTasks
from argotui.engine.facts import Fact, TaskSetRefused
from argotui.engine.owners import owned_by
from argotui.kube.client import Client
from argotui.kube.errors import ApiError, KubeError
from argotui.model import keys
from argotui.model.documents import Document, labels, name, namespace
from argotui.model.resources import WORKFLOW_TASK_SETS

log = logging.getLogger(__name__)


class Sender(Protocol):
    """Where the workflow's requests wait their turn."""

    async def send(self, request: Callable[[], Coroutine[Any, Any, Document]], given_up: asyncio.Event) -> Document:
        """The answer. Raises KubeError, GivenUp."""


class TaskSetWork:
    """Carries out what one load of one workflow asks of its TaskSet, one thing after the other. All raise GivenUp."""

    def __init__(
        self, sender: Sender, client: Client, workflow: Document, tell: Callable[[Fact], None], given_up: asyncio.Event
    ) -> None:
        self._sender = sender
        self._client = client
        self._workflow = workflow
        self._tell = tell
        self._given_up = given_up

    async def carry_out(self, effect: PutTasks | ForgetTasks | CompleteTaskSet) -> None:
        """Raises KubeError only for what may be left undone: a later load asks for it again."""
        match effect:
            case PutTasks():
                await self._put(effect)
            case ForgetTasks(node_ids):
                await self._forget(node_ids)
            case CompleteTaskSet():
                await self._patch({"metadata": {"labels": {keys.LABEL_COMPLETED: "true"}}})

    async def _put(self, effect: PutTasks) -> None:
        body = {
            "metadata": {"labels": {keys.LABEL_COMPLETED: "false"}},
            "spec": {"tasks": dict(effect.tasks)},
        }
        try:
            await self._clear(tuple(effect.tasks))
            if not await self._patch(body):
                await self._create(body)
        except KubeError as error:
            if is_transient(error):
                raise
            log.warning("%s/%s: tasks not handed over: %s", namespace(self._workflow), name(self._workflow), error)
            self._tell(TaskSetRefused(error.message if isinstance(error, ApiError) else str(error)))

    async def _create(self, body: Document) -> None:
        made = dict(body["metadata"]["labels"])
        instance = labels(self._workflow).get(keys.LABEL_INSTANCE_ID)
        if instance:
            made[keys.LABEL_INSTANCE_ID] = instance
        document: Document = {
            "apiVersion": WORKFLOW_TASK_SETS.api_version,
            "kind": WORKFLOW_TASK_SETS.kind,
            "metadata": {
                "name": name(self._workflow),
                "namespace": namespace(self._workflow),
                "labels": made,
                "ownerReferences": [owned_by(self._workflow)],
            },
            "spec": body["spec"],
        }
        try:
            await self._send(lambda: self._client.create(WORKFLOW_TASK_SETS, document))
        except ApiError as error:
            if not error.is_already_exists:
                raise
            await self._patch(body)

    async def _forget(self, node_ids: tuple[str, ...]) -> None:
        await self._clear(node_ids)
        await self._patch({"spec": {"tasks": dict.fromkeys(node_ids)}})

    async def _clear(self, node_ids: tuple[str, ...]) -> None:
        """Results of these ids that stand there. Roles made for older versions do not allow it; then none may stand."""
        try:
            await self._patch({"status": {"nodes": dict.fromkeys(node_ids)}}, "status")
        except ApiError as error:
            if not error.is_forbidden:
                raise
            about = namespace(self._workflow), name(self._workflow)
            log.warning("%s/%s: old results are not cleared: %s", *about, error)

    async def _patch(self, body: Document, subresource: str = "") -> bool:
        """False when there is no TaskSet."""
        client, workflow = self._client, self._workflow
        try:
            await self._send(
                lambda: client.patch(
                    WORKFLOW_TASK_SETS, name(workflow), body, namespace(workflow), subresource=subresource
                )
            )
        except ApiError as error:
            if not error.is_not_found:
                raise
            return False
        return True

    async def _send(self, request: Callable[[], Coroutine[Any, Any, Document]]) -> None:
        await self._sender.send(request, self._given_up)
