"""The WorkflowTaskResult: how results get from a pod to the controller (§5.1)."""

from __future__ import annotations

from typing import Any, Protocol

from argotui.executor.insist import insist
from argotui.executor.outputs import MAX_REQUEST
from argotui.executor.template import ExecutorError, ResultIdentity
from argotui.kube.errors import ApiError
from argotui.model.documents import Document, compact_json
from argotui.model.keys import API_VERSION, LABEL_INSTANCE_ID, LABEL_REPORT_OUTPUTS_COMPLETED, LABEL_WORKFLOW
from argotui.model.resources import WORKFLOW_TASK_RESULTS, Resource


class Api(Protocol):
    """The two verbs of the client that are used here."""

    async def create(self, res: Resource, body: Document, namespace: str | None = None) -> Document: ...

    async def patch(self, res: Resource, name: str, body: Any, namespace: str | None = None) -> Document: ...


class TaskResult:
    """The result object of one pod."""

    def __init__(self, api: Api, identity: ResultIdentity) -> None:
        self._api = api
        self._identity = identity

    async def begin(self) -> None:
        """Says that results are to come: the controller does not count the node as over before they are there."""
        try:
            await insist(lambda: self._create("false", {}), "create the task result")
        except ApiError as error:
            if not error.is_already_exists:
                raise ExecutorError(error.message) from None

    async def report_progress(self, progress: str) -> None:
        """`progress` is `N/M`."""
        await self._patch({"progress": progress}, "report the progress")

    async def finish(self, outputs: Document, progress: str = "", *, begun: bool = True) -> None:
        """Reports the outputs and that they are complete, in one write. Raises ExecutorError when they are too large.

        Then, and whenever the server refuses the outputs, the mark of completeness is still set, as upstream does.
        Without `begin` before it, this write makes the object.
        """
        complete: Document = {"metadata": {"labels": {LABEL_REPORT_OUTPUTS_COMPLETED: "true"}}}
        if progress:
            complete["progress"] = progress
        body = {**complete, "outputs": outputs} if outputs else complete
        try:
            if len(compact_json(body).encode("utf-8", "surrogatepass")) > MAX_REQUEST:
                raise ExecutorError("etcdserver: request is too large")
            await (self._patch(body, "report the outputs") if begun else self._make(body))
        except ExecutorError:
            await self._patch(complete, "report the end")
            raise

    async def _patch(self, body: Document, what: str) -> None:
        identity = self._identity
        try:
            await insist(
                lambda: self._api.patch(WORKFLOW_TASK_RESULTS, identity.node_id, body, identity.namespace), what
            )
        except ApiError as error:
            if not error.is_not_found:
                raise ExecutorError(error.message) from None
            await self._create_late(body)

    async def _make(self, body: Document) -> None:
        """The object with its results; those of a kubelet that died before it took note of it are replaced."""
        try:
            await insist(lambda: self._create("true", body), "report the outputs")
        except ApiError as error:
            if error.is_already_exists:
                await self._patch(body, "report the outputs")
            elif not error.is_not_found:
                raise ExecutorError(error.message) from None

    async def _create_late(self, body: Document) -> None:
        """Somebody has deleted it. Made again, unless its workflow is gone: then there is nobody to report to."""
        labels = (body.get("metadata") or {}).get("labels") or {}
        completed = labels.get(LABEL_REPORT_OUTPUTS_COMPLETED, "false")
        try:
            await insist(lambda: self._create(completed, body), "report the outputs")
        except ApiError as error:
            if not (error.is_not_found or error.is_already_exists):
                raise ExecutorError(error.message) from None

    async def _create(self, completed: str, body: Document) -> Document:
        identity = self._identity
        labels = {LABEL_WORKFLOW: identity.workflow, LABEL_REPORT_OUTPUTS_COMPLETED: completed}
        if identity.instance_id:
            labels[LABEL_INSTANCE_ID] = identity.instance_id
        owner = {"apiVersion": API_VERSION, "kind": "Workflow", "name": identity.workflow, "uid": identity.workflow_uid}
        document: Document = {
            "apiVersion": API_VERSION,
            "kind": WORKFLOW_TASK_RESULTS.kind,
            "metadata": {
                "name": identity.node_id,
                "namespace": identity.namespace,
                "labels": labels,
                "ownerReferences": [owner],
            },
        }
        for key in ("outputs", "progress"):
            if body.get(key):
                document[key] = body[key]
        return await self._api.create(WORKFLOW_TASK_RESULTS, document, identity.namespace)
