"""The PodDisruptionBudget of one workflow (§2.15)."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from argotui.controller.events import Events
from argotui.engine.effects import CreateDisruptionBudget, DeleteDisruptionBudget, EmitEvent
from argotui.kube.client import Client
from argotui.kube.errors import ApiError
from argotui.model.documents import Document, namespace
from argotui.model.resources import POD_DISRUPTION_BUDGETS

log = logging.getLogger(__name__)


class Sender(Protocol):
    """Where the workflow's requests wait their turn."""

    async def send(self, request: Callable[[], Coroutine[Any, Any, Document]], given_up: asyncio.Event) -> Document:
        """The answer. Raises KubeError, GivenUp."""


class BudgetWork:
    """Carries out the effects of one load of one workflow. Both raise KubeError, GivenUp."""

    def __init__(
        self, sender: Sender, client: Client, workflow: Document, events: Events, given_up: asyncio.Event
    ) -> None:
        self._sender = sender
        self._client = client
        self._workflow = workflow
        self._namespace = namespace(workflow)
        self._events = events
        self._given_up = given_up

    async def create(self, effect: CreateDisruptionBudget) -> None:
        """A refusal is told by an Event: the workflow runs all the same, only less protected."""
        try:
            await self._sender.send(
                lambda: self._client.create(POD_DISRUPTION_BUDGETS, effect.budget, self._namespace), self._given_up
            )
        except ApiError as error:
            if error.is_already_exists:
                return
            message = f"its pods are not protected by a PodDisruptionBudget: {error.message}"
            self._events.put(self._workflow, EmitEvent("Warning", "PodDisruptionBudgetFailed", message, {}))
            raise

    async def delete(self, effect: DeleteDisruptionBudget) -> None:
        """Not found is success."""
        try:
            await self._sender.send(
                lambda: self._client.delete(POD_DISRUPTION_BUDGETS, effect.name, self._namespace), self._given_up
            )
        except ApiError as error:
            if not error.is_not_found:
                raise
