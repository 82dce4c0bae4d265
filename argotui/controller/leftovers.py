"""Tidying up after workflows that are over: what a crash between the last write and the clean-up left."""

import asyncio
import logging
from collections.abc import Callable

from argotui.controller.caches import ByWorkflow
from argotui.controller.podcleanup import PodCleanup
from argotui.controller.requests import Requests
from argotui.controller.scope import Scope
from argotui.controller.terminating import Terminations
from argotui.engine.config import EngineConfig
from argotui.engine.effects import CollectPod, Effect, LabelPodCompleted
from argotui.engine.podgc import EndedPod, PodPolicy
from argotui.engine.tasksets import is_agent
from argotui.kube.client import Client
from argotui.kube.errors import ApiError, KubeError
from argotui.kube.reflector import Key
from argotui.model import keys
from argotui.model.documents import Document, deleted, dig, labels, name, uid
from argotui.model.resources import PODS, WORKFLOW_TASK_RESULTS, WORKFLOWS

log = logging.getLogger(__name__)


class Leftovers:
    """Labels or deletes the finished pods of complete workflows and deletes their results, as the runner would have."""

    def __init__(
        self,
        client: Client,
        requests: Requests,
        scope: Scope,
        pods: ByWorkflow,
        results: ByWorkflow,
        terminations: Terminations,
        cleanup: PodCleanup,
        config: Callable[[], EngineConfig],
    ) -> None:
        self._client = client
        self._requests = requests
        self._scope = scope
        self._pods = pods
        self._results = results
        self._terminations = terminations
        self._cleanup = cleanup
        self._config = config
        self._never = asyncio.Event()

    async def tidy(self, key: Key, *, end_pods: bool = False) -> None:
        """Does nothing unless the workflow `key` exists and is complete; the rest is garbage collection's.

        `end_pods`: pods that still run are ended, for a controller that died may have been about to.
        """
        namespace, workflow_name = key
        try:
            workflow = await self._client.get(WORKFLOWS, workflow_name, namespace)
            if labels(workflow).get(keys.LABEL_COMPLETED) == "true" and self._scope.covers(workflow):
                await self._clean(workflow, key, end_pods)
        except ApiError as error:
            if not error.is_not_found:
                log.warning("%s/%s: what it left is not cleaned up: %s", namespace, workflow_name, error)
        except KubeError as error:
            log.warning("%s/%s: what it left is not cleaned up: %s", namespace, workflow_name, error)

    async def _clean(self, workflow: Document, key: Key, end_pods: bool) -> None:
        namespace, workflow_name = key
        if self._results.of(workflow):
            log.info("%s/%s: deletes results that were left", namespace, workflow_name)
            selector = f"{keys.LABEL_WORKFLOW}={workflow_name}"
            await self._requests.send(
                lambda: self._client.delete_collection(WORKFLOW_TASK_RESULTS, namespace, label_selector=selector),
                self._never,
            )
        policy, phase = self._policy(workflow), str(dig(workflow, "status", "phase") or "")
        for pod in self._pods.of(workflow):
            if is_agent(pod):
                if not deleted(pod):
                    await self._delete(namespace, pod)
            elif (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
                await self._put_away(namespace, policy.effect(EndedPod.of(pod), phase))
            elif end_pods:
                grace = (pod.get("spec") or {}).get("terminationGracePeriodSeconds")
                self._terminations.start(namespace, name(pod), uid(pod), grace)

    def _policy(self, workflow: Document) -> PodPolicy:
        spec = dig(workflow, "status", "storedWorkflowTemplateSpec") or workflow.get("spec") or {}
        return PodPolicy.of(spec, self._config())

    async def _put_away(self, namespace: str, effect: Effect | None) -> None:
        match effect:
            case LabelPodCompleted(pod):
                await self._label(namespace, pod)
            case CollectPod():
                self._cleanup.put(namespace, effect)

    async def _delete(self, namespace: str, pod: Document) -> None:
        try:
            await self._requests.send(
                lambda: self._client.delete(PODS, name(pod), namespace, uid=uid(pod), propagation="Background"),
                self._never,
            )
        except ApiError as error:
            if not (error.is_not_found or error.is_conflict):
                raise

    async def _label(self, namespace: str, pod: str) -> None:
        patch = {"metadata": {"labels": {keys.LABEL_COMPLETED: "true"}}}
        try:
            await self._requests.send(lambda: self._client.patch(PODS, pod, patch, namespace), self._never)
        except ApiError as error:
            if not error.is_not_found:
                raise
