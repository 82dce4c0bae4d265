"""The executor's side of §5.1: the task result of a pod, written with the rights of the pod's ServiceAccount."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from argotui.kube.client import Client
from argotui.kube.errors import ApiError
from argotui.model.documents import Document, namespace, owner
from argotui.model.keys import LABEL_INSTANCE_ID, LABEL_REPORT_OUTPUTS_COMPLETED, LABEL_WORKFLOW
from argotui.model.patching import merge_patch
from argotui.model.resources import WORKFLOW_TASK_RESULTS
from tests.cluster.node.contract import Contract, values


class Report:
    """What `wait` writes of one pod, request by request."""

    def __init__(self, client: Client, contract: Contract) -> None:
        self._client = client
        self._contract = contract
        self._namespace = namespace(contract.pod)

    async def begin(self) -> None:
        """An empty result, as soon as `wait` starts; one that is there already is patched."""
        try:
            await self._client.create(WORKFLOW_TASK_RESULTS, self._document(), self._namespace)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
            await self._patch({"metadata": {"labels": self._labels("false")}})

    async def finish(self, outputs: Mapping[str, Any], *, completed: bool = True) -> None:
        """The outputs, if there are any; then that these are all, unless the executor fails."""
        reported = self._contract.reported(outputs)
        if reported:
            await self._patch({"outputs": reported})
        if completed:
            await self._patch({"metadata": {"labels": self._labels("true")}})

    async def _patch(self, body: Document) -> None:
        try:
            await self._client.patch(WORKFLOW_TASK_RESULTS, self._contract.node_id, body, self._namespace)
        except ApiError as error:
            if not error.is_not_found:
                raise
            await self._client.create(WORKFLOW_TASK_RESULTS, merge_patch(self._document(), body), self._namespace)

    def _labels(self, completed: str) -> dict[str, str]:
        found = {LABEL_WORKFLOW: self._contract.workflow, LABEL_REPORT_OUTPUTS_COMPLETED: completed}
        instance = values(self._contract.init).get("ARGO_INSTANCE_ID")
        return found | ({LABEL_INSTANCE_ID: instance} if instance else {})

    def _document(self) -> Document:
        reference = owner(self._contract.pod) or {}
        kept = {key: reference[key] for key in ("apiVersion", "kind", "name", "uid")}
        metadata = {"name": self._contract.node_id, "labels": self._labels("false"), "ownerReferences": [kept]}
        return {"apiVersion": "argoproj.io/v1alpha1", "kind": "WorkflowTaskResult", "metadata": metadata}
