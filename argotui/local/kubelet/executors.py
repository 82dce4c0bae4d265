"""The executor's own containers, run inside the kubelet: `init` and `wait` (see argotui.executor)."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from argotui.executor import outputs, staging
from argotui.executor.commands import RUN_PATH, Role, role_of
from argotui.executor.taskresult import TaskResult
from argotui.executor.template import (
    TEMPLATE,
    ExecutorError,
    ResultIdentity,
    load_template,
    main_containers,
    wants_result,
)
from argotui.local.inotify import Inotify
from argotui.local.kubelet.api import Api
from argotui.local.kubelet.progress import read_progress, reporting
from argotui.local.kubelet.volumes import Volume, inside
from argotui.local.runtime.records import RESULT, ContainerRecord, Ended
from argotui.local.runtime.types import RESULT_BYTES, ContainerPlan, Runtime
from argotui.model import documents
from argotui.model.documents import Document

log = logging.getLogger(__name__)

_STAGING_PATH = "/argo/staging"
_FAILED = 64
_EXECUTOR_MOUNTS = (RUN_PATH, "/argo")


@dataclass(frozen=True)
class Step:
    """What the executor knows of a pod: its template, and what the wait container was told."""

    template: Document
    mains: tuple[str, ...]
    result_wanted: bool


def step_of(pod: Document, volumes: Mapping[str, Volume]) -> Step | None:
    """None for pods that are no steps of a workflow. Raises ExecutorError when the template cannot be read."""
    containers = [*(pod["spec"].get("initContainers") or ()), *(pod["spec"].get("containers") or ())]
    ours = [container for container in containers if role_of(container) is not Role.PLAIN]
    value = next((found for container in containers if (found := variable(container, TEMPLATE))), "")
    if not ours or not value:
        return None
    template = load_template(value, lambda path: read_mounted(path, containers, volumes))
    wanted = any(wants_result(_plain(container)) for container in containers)
    return Step(template, tuple(main_containers(template)), wanted)


def variable(container: Document, name: str) -> str:
    """A variable that is given as plain text; "" when it is not."""
    return _plain(container).get(name, "")


def run_init(step: Step, container: Document, volumes: Mapping[str, Volume], record: ContainerRecord) -> Ended:
    """Stages script and template, once."""
    done = record.ended()
    if done is not None:
        return done
    record.mark_started()
    try:
        shared = run_directory(container, volumes)
        if shared is None:
            raise ExecutorError(f"there is no volume at {RUN_PATH}")
        line = staging.stage(step.template, shared, _mounted(_STAGING_PATH, container, volumes))
    except (ExecutorError, OSError) as error:
        record.append_log(f"error: {error}\n")
        return record.write_exit(_FAILED, "", str(error))
    record.append_log(line)
    return record.write_exit(0)


class WaitContainer:
    """Reports a step's results; the part of `argoexec wait` that is left when the kubelet knows what main does."""

    def __init__(
        self, api: Api, pod: Document, step: Step, environment: Mapping[str, str], record: ContainerRecord,
        run_directory: Path | None = None,
    ) -> None:  # fmt: skip
        self._step = step
        self._record = record
        self._run_directory = run_directory
        record.append_log("")
        self._result = TaskResult(api, ResultIdentity.of(environment, documents.namespace(pod)))

    async def begin(self) -> None:
        """Announces the results, unless that was done before the kubelet was restarted."""
        if self._record.started() is None:
            await self._result.begin()
            self._record.mark_started()

    def following(self, news: Inotify | None) -> AbstractAsyncContextManager[None]:
        """Reports the step's progress while main runs."""
        return reporting(self._run_directory, news, self._result.report_progress)

    async def finish(self, main: ContainerPlan | None, runtime: Runtime, remark: str) -> Ended:
        """Collects and reports. `main` is None when it never started; `remark` becomes the termination message."""
        done = self._record.ended()
        if done is not None:
            return done
        collected = await self._collected(main, runtime)
        try:
            progress = read_progress(self._run_directory) if self._run_directory else ""
            await self._result.finish(collected.outputs, progress, begun=self._record.started() is not None)
        except ExecutorError as error:
            collected.fail(str(error))
        self._record.mark_started()
        self._record.append_log("".join(f"{line}\n" for line in collected.lines))
        if collected.error:
            return self._record.write_exit(_FAILED, "", collected.error)
        return self._record.write_exit(0, "", remark)

    async def _collected(self, main: ContainerPlan | None, runtime: Runtime) -> outputs.Collected:
        if main is None:
            return self._nothing()
        if runtime.description.pulls_images:
            return await asyncio.to_thread(self._collect, main, runtime)  # asks the engine
        return self._collect(main, runtime)

    def _nothing(self) -> outputs.Collected:
        return outputs.Collected(self._step.template.get("outputs") or {})

    def _collect(self, main: ContainerPlan, runtime: Runtime) -> outputs.Collected:
        mounts = [mount.container_path for mount in main.mounts if not _is_executors(mount.container_path)]
        result = _tail(main.record.path(RESULT)) if main.capture_stdout else None
        return outputs.collect(self._step.template, runtime.files(main), mounts, result)


def _tail(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - RESULT_BYTES))
            return file.read()
    except FileNotFoundError:
        return b""


def _is_executors(path: str) -> bool:
    return any(path == own or path.startswith(f"{own}/") for own in _EXECUTOR_MOUNTS)


def _plain(container: Document) -> dict[str, str]:
    return {str(entry.get("name")): str(entry.get("value") or "") for entry in container.get("env") or ()}


def run_directory(container: Document, volumes: Mapping[str, Volume]) -> Path | None:
    """Where the executor's shared volume lies on the host."""
    return _mounted(RUN_PATH, container, volumes)


def _mounted(path: str, container: Document, volumes: Mapping[str, Volume]) -> Path | None:
    """Where a path of the container lies on the host. Raises ExecutorError when a step's links lead out of there."""
    for entry in container.get("volumeMounts") or ():
        mount = str(entry.get("mountPath") or "")
        volume = volumes.get(str(entry.get("name")))
        if volume is not None and PurePosixPath(path).is_relative_to(mount):
            below = PurePosixPath(str(entry.get("subPath") or ""), PurePosixPath(path).relative_to(mount))
            found = inside(volume, str(below))
            if found is None:
                raise ExecutorError(f"{path} leads out of the volume {entry.get('name')}")
            return found
    return None


def read_mounted(path: str, containers: Sequence[Document], volumes: Mapping[str, Volume]) -> bytes:
    """A file as the first of the containers that mounts it sees it. Raises OSError, ExecutorError."""
    for container in containers:
        found = _mounted(path, container, volumes)
        if found is not None:
            return found.read_bytes()
    raise FileNotFoundError(2, os.strerror(2), path)
