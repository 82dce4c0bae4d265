"""The kubelet: takes pods in the order of their creation, runs so many at a time, follows each to its end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from argotui.executor.insist import insist
from argotui.kube.errors import ApiError
from argotui.kube.reflector import Delta, DeltaType
from argotui.local.kubelet import admission
from argotui.local.kubelet.container import end_now
from argotui.local.kubelet.context import Node, pod_directory, records_below, title
from argotui.local.kubelet.environment import NODE
from argotui.local.kubelet.events import warn
from argotui.local.kubelet.inside import has_processes
from argotui.local.kubelet.noderecord import labels
from argotui.local.kubelet.pod import PodRun
from argotui.local.kubelet.podfile import PodFile
from argotui.local.runtime.beside import Beside
from argotui.local.runtime.records import RUN
from argotui.local.runtime.types import Refused, Runtime
from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.resources import PODS
from argotui.model.times import format_time

log = logging.getLogger(__name__)

_OVER = ("Succeeded", "Failed")
_ORPHAN_SECONDS = 10.0
_PAUSE = 5.0
"""Seconds after which a pod is tried again that the disk is too full for, or may not be written for."""


class Kubelet:
    """Fed with the changes of all pods by `on_change`."""

    def __init__(self, node: Node, max_pods: int) -> None:
        self._node = node
        self._max_pods = max_pods
        self._listed = False
        self._runs: dict[str, PodRun] = {}
        self._places: set[str] = set()
        """Pods that count: those without a process do not, for they may wait for others that need a place."""
        self._queue: dict[str, Document] = {}
        self._labels = labels()
        self._misfits: dict[str, Document] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def on_change(self, delta: Delta) -> None:
        """Called by the reflector."""
        pod, uid = delta.object, documents.uid(delta.object)
        self._misfits.pop(uid, None)
        if delta.type is DeltaType.DELETED:
            self._gone(uid)
        elif uid in self._runs:
            self._runs[uid].update(pod)
        elif self._is_over(pod):
            self._queue.pop(uid, None)
        elif pod["spec"].get("nodeName") == NODE:
            self._run(pod)
        elif not pod["spec"].get("nodeName") and not documents.deleted(pod):
            self._enqueue(pod)

    def on_node_change(self, delta: Delta) -> None:
        """Called by the reflector of the node: people give it labels, and pods that waited for one have a place."""
        if delta.type is DeltaType.DELETED:
            return
        self._labels = {**documents.labels(delta.object), **labels()}
        waiting, self._misfits = self._misfits, {}
        for pod in waiting.values():
            self._enqueue(pod)

    def leave(self) -> None:
        """Takes no more pods; those that run go on without us."""
        self._listed = False

    async def abandon(self) -> None:
        """Stops following every pod; their containers do not notice."""
        self.leave()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def signal(self, uid: str, container: str, number: int) -> str:
        """A signal for a container; "" when it was delivered, else why not."""
        run = self._runs.get(uid)
        if run is None:
            return f"no pod with uid {uid} runs here"
        return await run.signal(container, number)

    async def execution(self, uid: str, container: str, command: list[str], *, tty: bool) -> Beside:
        """How a command is started in a running container. Raises Refused, StartFailure or OSError."""
        run = self._runs.get(uid)
        if run is None:
            raise Refused(f"no pod with uid {uid} runs here")
        return await run.execution(container, command, tty=tty)

    def begin(self) -> None:
        """After the first list, which comes in the order of names: puts it into that of creation, takes the first."""
        self._listed = True
        self._queue = dict(sorted(self._queue.items(), key=lambda item: _age(item[1])))
        for pod in [pod for pod in self._queue.values() if not has_processes(pod)]:
            self._run(pod)
        self._fill()

    async def tidy_up(self, known: dict[str, Document]) -> None:
        """Ends what runs of pods that are no more, and frees what a former kubelet had no time to free."""
        for directory in list(self._node.pods_dir.iterdir()):
            pod = known.get(directory.name)
            if directory.name in self._runs:
                continue
            if pod is None:
                await self._end_orphan(directory)
            elif self._is_over(pod):
                await self._free(directory)

    @property
    def waiting(self) -> int:
        """Pods that wait for a place."""
        return len(self._queue)

    def _is_over(self, pod: Document) -> bool:
        over = (pod.get("status") or {}).get("phase") in _OVER
        return over and not (documents.deleted(pod) and pod["spec"].get("nodeName") == NODE)

    def _enqueue(self, pod: Document) -> None:
        uid = documents.uid(pod)
        new = uid not in self._queue
        why_not = admission.unschedulable(pod, self._labels)
        if why_not:
            self._queue.pop(uid, None)
            self._misfits[uid] = pod
            if new and not _is_marked(pod, why_not):
                self._spawn(self._mark_unschedulable(pod, why_not))
            return
        self._queue[uid] = pod
        if self._listed and not has_processes(pod):
            self._run(pod)
        self._fill()

    async def _mark_unschedulable(self, pod: Document, why_not: str) -> None:
        warn(self._node.api, pod, "FailedScheduling", why_not)
        now = format_time(datetime.now(UTC))
        condition = {
            "type": "PodScheduled",
            "status": "False",
            "reason": "Unschedulable",
            "message": why_not,
            "lastTransitionTime": now,
        }
        body = {"metadata": {"uid": documents.uid(pod)}, "status": {"conditions": [condition]}}
        name, namespace = documents.name(pod), documents.namespace(pod)
        try:
            await insist(
                lambda: self._node.api.patch(PODS, name, body, namespace, subresource="status"), f"status of {name}"
            )
        except ApiError as error:
            log.info("%s: %s", title(pod), error)

    def _fill(self) -> None:
        """Gives free places to those who wait longest."""
        while self._listed and self._queue and len(self._places) < self._max_pods:
            uid = next(iter(self._queue))
            self._run(self._queue.pop(uid))

    def _run(self, pod: Document) -> None:
        uid = documents.uid(pod)
        self._queue.pop(uid, None)
        try:
            run = self._runs[uid] = PodRun(pod, self._node)
        except ValueError as error:
            log.error("%s: left alone: %s", title(pod), error)
            return
        if has_processes(pod):
            self._places.add(uid)
        self._spawn(self._follow(uid, run, title(pod)))

    async def _follow(self, uid: str, run: PodRun, name: str) -> None:
        try:
            while not await self._followed(run, name):
                await asyncio.sleep(_PAUSE)
                if run.is_gone:
                    break
                run = self._runs[uid] = PodRun(run.pod, self._node)
        except Exception:
            # one pod that we cannot cope with must not take the others with it
            log.exception("%s: the pod could not be followed to its end", name)
        finally:
            self._runs.pop(uid, None)
            self._places.discard(uid)
        if run.is_gone:
            self._node.tidy.discard(pod_directory(self._node.pods_dir, uid))
        self._fill()

    async def _followed(self, run: PodRun, name: str) -> bool:
        """Whether it came to its end. False when the disk did not let it: it is picked up as by a new kubelet."""
        try:
            await run.run()
        except OSError as error:
            log.warning("%s: %s; tried again in %g s", name, error, _PAUSE)
            warn(self._node.api, run.pod, "FailedMount", f"the kubelet cannot keep the pod's state: {error}")
            return False
        return True

    def _gone(self, uid: str) -> None:
        self._queue.pop(uid, None)
        run = self._runs.get(uid)
        if run is not None:
            run.gone()
            return
        directory = pod_directory(self._node.pods_dir, uid)
        if directory.exists():
            self._spawn(self._end_orphan(directory))

    async def _free(self, directory: Path) -> None:
        """Gives up what an ended pod still holds, if its kubelet died before it came to that."""
        unfinished = [record for record in records_below(directory) if record.has(RUN)]
        for record in unfinished:
            await self._runtime_of(directory).discard(record)
        if unfinished or (directory / "volumes").exists():
            self._node.tidy.strip(directory)

    def _runtime_of(self, directory: Path) -> Runtime:
        file = PodFile.read(directory)
        return self._node.runtime_named(file.runtime) if file else self._node.runtime

    async def _end_orphan(self, directory: Path) -> None:
        runtime = self._runtime_of(directory)
        for record in records_below(directory):
            if not await end_now(record, runtime, _ORPHAN_SECONDS):
                log.error("%s: container %s cannot be killed", directory.name, record.name)
                return
        self._node.tidy.discard(directory)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _is_marked(pod: Document, why_not: str) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(c.get("type") == "PodScheduled" and c.get("message") == why_not for c in conditions)


def _age(pod: Document) -> tuple[str, int, str]:
    version = documents.resource_version(pod)
    return documents.created(pod), int(version) if version.isdigit() else 0, documents.name(pod)
