"""Containers of the executor that do the step's work themselves: tasks of the kubelet, without a process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from argotui.executor.commands import Role, role_of
from argotui.local.kubelet.api import Api
from argotui.local.kubelet.executors import Step
from argotui.local.runtime.records import ContainerRecord, Ended
from argotui.local.runtime.types import Refused
from argotui.model.documents import Document

INSIDE = (Role.RESOURCE, Role.AGENT)
"""Roles of regular containers that need no process."""

_WITHOUT_PROCESS = (Role.INIT, Role.WAIT, *INSIDE)

Work = Callable[[], Awaitable[Ended]]


def work_of(
    acting: Callable[[], Awaitable[Api]], pod: Document, container: Document, step: Step | None, record: ContainerRecord
) -> Work:
    """What such a container does. `acting` gives the API with its rights, or raises ExecutorError. Raises Refused.

    Imported with the first of them: most kubelets have none, and a restart should not pay for them.
    """
    from argotui.local.kubelet.agents import run_agent
    from argotui.local.kubelet.resources import run_resource

    if role_of(container) is Role.AGENT:
        return lambda: run_agent(acting, pod, container, record)
    if step is None:
        raise Refused(f"containers: {container['name']} runs argoexec resource without ARGO_TEMPLATE")
    return lambda: run_resource(acting, pod, container, step, record)


def has_processes(pod: Document) -> bool:
    """Whether anything of the pod runs as a process; what only waits for the API server is no load for the machine."""
    return any(role_of(each) not in _WITHOUT_PROCESS for each in _containers(pod["spec"]))


def _containers(spec: Document) -> list[Document]:
    return [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]


def as_processes(pod: Document) -> Document:
    """What a runtime has to judge of a pod: what is asked for containers that are no processes is not in it."""
    spec = dict(pod["spec"])
    if not has_processes(pod):
        spec.pop("securityContext", None)
    for kind in ("initContainers", "containers"):
        spec[kind] = [{} if role_of(each) in _WITHOUT_PROCESS else each for each in spec.get(kind) or ()]
    return {**pod, "spec": spec}


class InsideContainer:
    """One such container. It can be signalled like a process, and is taken up again by the next kubelet."""

    def __init__(self, record: ContainerRecord) -> None:
        self._record = record
        self._signalled: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def signal(self, number: int) -> None:
        """Ends the work, whichever signal it is."""
        if not self._signalled.done():
            self._signalled.set_result(number)

    async def run(self, work: Work) -> Ended:
        """Does the work, which writes its own end down; a signal ends it as it would end a process."""
        self._record.append_log("")
        self._record.mark_started()
        task = asyncio.ensure_future(work())
        both: set[asyncio.Future[Any]] = {task, self._signalled}
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
        finally:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        return self._record.write_exit(128 + self._signalled.result())
