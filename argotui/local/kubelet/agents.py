"""`argoexec agent main`, run inside the kubelet (see argotui.executor.agent)."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from argotui.executor.agent.work import Agent
from argotui.executor.template import ExecutorError
from argotui.kube.errors import ApiError
from argotui.local.kubelet.api import Api
from argotui.local.kubelet.environment import environment_of
from argotui.local.kubelet.references import References
from argotui.local.runtime.records import ContainerRecord, Ended
from argotui.model import documents
from argotui.model.documents import Document

_FAILED = 64


async def run_agent(
    acting: Callable[[], Awaitable[Api]], pod: Document, container: Document, record: ContainerRecord
) -> Ended:
    """Serves until the workflow is complete, and writes the end of the container down."""

    def log(line: str) -> None:
        record.append_log(f"{line}\n")

    try:
        api = await acting()
    except ExecutorError as error:
        log(f"error: {error}")
        return record.write_exit(_FAILED, "", str(error))
    environment = await environment_of(pod, container, References(api, ""))
    workflow = environment.get("ARGO_WORKFLOW_NAME", "")
    if not workflow:
        return record.write_exit(_FAILED, "", "the environment of the agent lacks ARGO_WORKFLOW_NAME")
    agent = Agent(api, documents.namespace(pod), workflow, _Marks(record.directory / "requests"), log)
    try:
        await agent.run()
    except ApiError as error:
        log(f"error: {error.message}")
        return record.write_exit(_FAILED, "", error.message)
    log("the workflow is complete")
    return record.write_exit(0)


class _Marks:
    """A file for each request, made exclusively before it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def mark(self, node_id: str) -> bool:
        """False when it was marked before."""
        self._directory.mkdir(exist_ok=True)
        path = self._directory / hashlib.sha256(node_id.encode()).hexdigest()
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            return False
        return True
