"""`argoexec resource`, run inside the kubelet (see argotui.executor.resource)."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path

from argotui.executor.commands import resource_action
from argotui.executor.resource.work import ResourceStep
from argotui.executor.taskresult import TaskResult
from argotui.executor.template import ExecutorError, ResultIdentity
from argotui.local.kubelet.api import Api
from argotui.local.kubelet.environment import environment_of
from argotui.local.kubelet.executors import Step
from argotui.local.kubelet.references import References
from argotui.local.runtime.records import ContainerRecord, Ended
from argotui.model import documents
from argotui.model.documents import Document

_FAILED = 64
_MESSAGE_CHARACTERS = 4096
_BEGUN, _ACTED = "resource.begun", "resource.acted"


async def run_resource(
    acting: Callable[[], Awaitable[Api]], pod: Document, container: Document, step: Step, record: ContainerRecord
) -> Ended:
    """Acts, reports, and writes the end of the container down."""

    def log(line: str) -> None:
        record.append_log(f"{line}\n")

    namespace = documents.namespace(pod)
    try:
        api = await acting()
        environment = await environment_of(pod, container, References(api, ""))
        result = TaskResult(api, ResultIdentity.of(environment, namespace))
        await result.begin()
    except ExecutorError as error:
        return _failed(record, str(error))
    work = ResourceStep(
        step.template, resource_action(container), namespace, documents.uid(pod), api, _Notes(record.directory), log
    )
    try:
        outputs, message = await work.run(), ""
    except ExecutorError as error:
        outputs, message = {}, str(error)
    try:
        await result.finish(outputs)
    except ExecutorError as error:
        message = message or str(error)
    return _failed(record, message) if message else record.write_exit(0)


def _failed(record: ContainerRecord, message: str) -> Ended:
    record.append_log(f"error: {message}\n")
    return record.write_exit(_FAILED, "", message[:_MESSAGE_CHARACTERS])


class _Notes:
    """Two files beside the container's record."""

    def __init__(self, directory: Path) -> None:
        self._begun = directory / _BEGUN
        self._acted = directory / _ACTED

    def begun(self) -> bool:
        """Whether something may have been changed."""
        return self._begun.exists()

    def begin(self) -> None:
        """Something may be changed from here on."""
        self._begun.touch()

    def acted(self) -> Document | None:
        """What `act` was given."""
        try:
            found: Document = json.loads(self._acted.read_text())
        except FileNotFoundError:
            return None
        return found

    def act(self, found: Document) -> None:
        """The action is done."""
        temporary = self._acted.with_suffix(".new")
        temporary.write_text(json.dumps(found))
        temporary.replace(self._acted)
