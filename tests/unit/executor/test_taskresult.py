"""The WorkflowTaskResult protocol of §5.1, against an API that sometimes does not answer."""

from typing import Any

import pytest

from argotui.executor.outputs import MAX_REQUEST
from argotui.executor.taskresult import TaskResult
from argotui.executor.template import ExecutorError, ResultIdentity, deadline_of
from argotui.kube.errors import ApiError, Unreachable
from argotui.model.mergepatch import merge_patch
from argotui.model.resources import Resource

Document = dict[str, Any]
IDENTITY = ResultIdentity("argo", "wf-1", "wf", "uid-1", "prod")
DONE = "workflows.argoproj.io/report-outputs-completed"


class Api:
    """Objects by name; `trouble` is raised by the next requests, one each."""

    def __init__(self, *trouble: Exception) -> None:
        self.objects: dict[str, Document] = {}
        self.trouble = list(trouble)
        self.requests = 0

    def _maybe(self) -> None:
        self.requests += 1
        if self.trouble:
            raise self.trouble.pop(0)

    async def create(self, res: Resource, body: Document, namespace: str | None = None) -> Document:
        self._maybe()
        if body["metadata"]["name"] in self.objects:
            raise ApiError(409, "AlreadyExists", "it exists")
        self.objects[body["metadata"]["name"]] = body
        return body

    async def patch(self, res: Resource, name: str, body: Any, namespace: str | None = None) -> Document:
        self._maybe()
        if name not in self.objects:
            raise ApiError(404, "NotFound", "it is not there")
        self.objects[name] = merge_patch(self.objects[name], body)
        return self.objects[name]


async def test_announced_then_reported() -> None:
    api = Api()
    result = TaskResult(api, IDENTITY)
    await result.begin()
    document = api.objects["wf-1"]
    assert document["metadata"]["labels"] == {
        "workflows.argoproj.io/workflow": "wf",
        DONE: "false",
        "workflows.argoproj.io/controller-instanceid": "prod",
    }
    assert document["metadata"]["ownerReferences"] == [
        {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "name": "wf", "uid": "uid-1"}
    ]
    await result.finish({"result": "x"}, "2/2")
    assert api.objects["wf-1"]["outputs"] == {"result": "x"}
    assert api.objects["wf-1"]["progress"] == "2/2"
    assert api.objects["wf-1"]["metadata"]["labels"][DONE] == "true"
    assert api.requests == 2


async def test_results_that_come_at_once_are_one_write() -> None:
    api = Api()
    result = TaskResult(api, IDENTITY)
    await result.finish({"result": "x"}, "1/1", begun=False)
    assert api.requests == 1
    assert api.objects["wf-1"]["metadata"]["labels"][DONE] == "true"
    assert api.objects["wf-1"]["outputs"] == {"result": "x"}
    await TaskResult(api, IDENTITY).finish({"result": "y"}, begun=False)
    assert api.objects["wf-1"]["outputs"] == {"result": "y"}


async def test_what_is_there_already_is_taken_up() -> None:
    api = Api()
    await TaskResult(api, IDENTITY).begin()
    await TaskResult(api, IDENTITY).begin()
    assert list(api.objects) == ["wf-1"]


async def test_a_server_that_is_away_is_waited_for() -> None:
    api = Api(Unreachable("refused"), ApiError(429, "TooManyRequests", "busy", retry_after=0.0))
    result = TaskResult(api, IDENTITY)
    await result.begin()
    api.trouble = [ApiError(503, "ServiceUnavailable", "starting")]
    await result.finish({})
    assert api.objects["wf-1"]["metadata"]["labels"][DONE] == "true"
    assert "outputs" not in api.objects["wf-1"]


async def test_outputs_that_are_too_large_are_an_error_and_still_complete() -> None:
    api = Api()
    result = TaskResult(api, IDENTITY)
    await result.begin()
    with pytest.raises(ExecutorError, match="request is too large"):
        await result.finish({"parameters": [{"name": "v", "value": "x" * MAX_REQUEST}]})
    assert "outputs" not in api.objects["wf-1"]
    assert api.objects["wf-1"]["metadata"]["labels"][DONE] == "true"


async def test_a_deleted_result_is_made_again() -> None:
    api = Api()
    await TaskResult(api, IDENTITY).finish({"result": "x"})
    assert api.objects["wf-1"]["outputs"] == {"result": "x"}
    assert api.objects["wf-1"]["metadata"]["labels"][DONE] == "true"


async def test_a_refusal_is_the_executors_error() -> None:
    with pytest.raises(ExecutorError, match="forbidden: no right"):
        await TaskResult(Api(ApiError(403, "Forbidden", "forbidden: no right")), IDENTITY).begin()


def test_identity_and_deadline_come_from_the_environment() -> None:
    environment = {"ARGO_NODE_ID": "n", "ARGO_WORKFLOW_NAME": "w", "ARGO_WORKFLOW_UID": "u"}
    assert ResultIdentity.of(environment, "ns") == ResultIdentity("ns", "n", "w", "u")
    with pytest.raises(ExecutorError, match="lacks ARGO_NODE_ID"):
        ResultIdentity.of({"ARGO_WORKFLOW_NAME": "w"}, "ns")
    assert deadline_of({"ARGO_DEADLINE": "0001-01-01T00:00:00Z"}) is None
    with pytest.raises(ExecutorError, match="ARGO_DEADLINE"):
        deadline_of({"ARGO_DEADLINE": "soon"})
