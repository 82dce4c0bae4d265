"""The scripted agent: answers the requests of a workflow's TaskSet (§4.8)."""

from __future__ import annotations

import asyncio
from math import inf

from argotui.kube.client import Client
from argotui.model.documents import Document, labels, namespace
from argotui.model.keys import LABEL_WORKFLOW
from argotui.model.resources import WORKFLOW_TASK_SETS, WORKFLOWS
from tests.cluster.node.accounts import Accounts
from tests.cluster.node.contract import UnexpectedPod, values
from tests.cluster.node.fate import Fate, Script


class Agent:
    """Serves the pods that carry out requests."""

    def __init__(self, client: Client, accounts: Accounts, script: Script) -> None:
        self._client = client
        self._accounts = accounts
        self._script = script

    async def serve(self, pod: Document) -> None:
        """Takes each task once and reports it, until it is cancelled. Raises UnexpectedPod."""
        main = next(each for each in pod["spec"]["containers"] if each["name"] == "main")
        command = [*main["command"], *main.get("args", ())]
        if command[:3] != ["argoexec", "agent", "main"]:
            raise UnexpectedPod(f"the agent's command is {command}")
        workflow = values(main)["ARGO_WORKFLOW_NAME"]
        if workflow != labels(pod)[LABEL_WORKFLOW]:
            raise UnexpectedPod(f"the agent is told of the workflow {workflow}")
        own = await self._accounts.client(namespace(pod), pod["spec"].get("serviceAccountName") or "default")
        done: set[str] = set()
        async with asyncio.TaskGroup() as group:
            async for tasks in self._tasks(own, namespace(pod), workflow):
                for identifier in tasks - done:
                    done.add(identifier)
                    group.create_task(self._carry_out(own, namespace(pod), workflow, identifier))

    async def _tasks(self, own: Client, where: str, workflow: str):  # type: ignore[no-untyped-def]
        selector = f"metadata.name={workflow}"
        page = await own.list(WORKFLOW_TASK_SETS, where, field_selector=selector)
        for found in page.items:
            yield set((found.get("spec") or {}).get("tasks") or {})
        version = page.resource_version
        async for event in own.watch(WORKFLOW_TASK_SETS, where, resource_version=version, field_selector=selector):
            if event.type in ("ADDED", "MODIFIED"):
                yield set((event.object.get("spec") or {}).get("tasks") or {})

    async def _carry_out(self, own: Client, where: str, workflow: str, identifier: str) -> None:
        nodes = (await self._client.get(WORKFLOWS, workflow, where))["status"]["nodes"]
        fate = self._script(workflow, nodes[identifier]["name"])
        if fate.seconds == inf:
            return
        await asyncio.sleep(fate.seconds)
        body = {"status": {"nodes": {identifier: _result(fate)}}}
        await own.patch(WORKFLOW_TASK_SETS, workflow, body, where, subresource="status")


def _result(fate: Fate) -> Document:
    phase = "Failed" if fate.exit_code else "Succeeded"
    return {"phase": phase, "message": fate.message or fate.pod_message, "outputs": dict(fate.outputs)}
