"""Tidying up after workflows that are over: what a crash between the last write and the clean-up left."""

import asyncio
import logging

from argotui.controller.caches import ByWorkflow, is_owned
from argotui.controller.requests import Requests
from argotui.controller.scope import Scope
from argotui.kube.client import Client
from argotui.kube.errors import ApiError, KubeError
from argotui.kube.reflector import Key
from argotui.model import keys
from argotui.model.documents import Document, labels, name
from argotui.model.resources import PODS, WORKFLOW_TASK_RESULTS, WORKFLOWS

log = logging.getLogger(__name__)


class Leftovers:
    """Labels the finished pods of complete workflows and deletes their results, as the runner would have done."""

    def __init__(self, client: Client, requests: Requests, scope: Scope, pods: ByWorkflow, results: ByWorkflow) -> None:
        self._client = client
        self._requests = requests
        self._scope = scope
        self._pods = pods
        self._results = results
        self._never = asyncio.Event()

    async def tidy(self, key: Key) -> None:
        """Does nothing unless the workflow `key` exists and is complete; the rest is garbage collection's."""
        namespace, workflow_name = key
        try:
            workflow = await self._client.get(WORKFLOWS, workflow_name, namespace)
            if labels(workflow).get(keys.LABEL_COMPLETED) == "true" and self._scope.covers(workflow):
                await self._clean(workflow, key)
        except ApiError as error:
            if not error.is_not_found:
                log.warning("%s/%s: what it left is not cleaned up: %s", namespace, workflow_name, error)
        except KubeError as error:
            log.warning("%s/%s: what it left is not cleaned up: %s", namespace, workflow_name, error)

    async def _clean(self, workflow: Document, key: Key) -> None:
        namespace, workflow_name = key
        if self._results.of(workflow):
            log.info("%s/%s: deletes results that were left", namespace, workflow_name)
            selector = f"{keys.LABEL_WORKFLOW}={workflow_name}"
            await self._requests.send(
                lambda: self._client.delete_collection(WORKFLOW_TASK_RESULTS, namespace, label_selector=selector),
                self._never,
            )
        for pod in self._pods.of(workflow):
            if (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed") and is_owned(pod, workflow):
                await self._label(namespace, name(pod))

    async def _label(self, namespace: str, pod: str) -> None:
        patch = {"metadata": {"labels": {keys.LABEL_COMPLETED: "true"}}}
        try:
            await self._requests.send(lambda: self._client.patch(PODS, pod, patch, namespace), self._never)
        except ApiError as error:
            if not error.is_not_found:
                raise
