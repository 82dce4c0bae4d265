"""The log of a workflow: the logs of its pods, merged in the order of time.

Lines are merged by their timestamps. A pod's stream is opened when the merge reaches the time at which its
container started, so that a workflow of thousands of pods holds only those open that ran at the same time. When
following, a stream that is silent does not hold the others back for longer than `QUIET_SECONDS`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.keys import ANNOTATION_NODE_ID, LABEL_WORKFLOW
from argotui.model.phase import Phase
from argotui.model.resources import PODS
from argotui.services.following import Change, ChangeType, follow
from argotui.services.log_merge import LogMerge
from argotui.services.log_stream import LogLine, LogRequest, LogSource, LogStream, Note, container_state
from argotui.services.lost_logs import lost_log, lost_logs
from argotui.services.streams import closing
from argotui.services.waiting import WorkflowGone, is_completed, wait_for_completion

if TYPE_CHECKING:
    from argotui.kube.client import Client

__all__ = ["LogLine", "LogRequest", "LogSource", "workflow_logs"]

_OVER = (Phase.SUCCEEDED, Phase.FAILED)


def _ignore(text: str) -> None:
    """Nobody reads the notes."""


async def workflow_logs(
    client: Client, workflow: Document, request: LogRequest, *, on_note: Note = _ignore
) -> AsyncIterator[LogLine]:
    """Lines of all pods of `workflow` (or of `request.pod`), oldest first.

    With `request.follow` it waits for pods to appear and ends when the workflow is completed (for a single pod:
    when its container has ended); otherwise it ends with what there is. `on_note` hears what could not be read
    and why. Raises ApiError when reading pods or logs is refused, Unreachable when nothing answers.
    """
    name = documents.name(workflow)
    selector = f"{LABEL_WORKFLOW}={name}" + (f",{request.labels}" if request.labels else "")
    pods = _Pods(client, workflow, selector, request, on_note)
    follow_on = request.follow and not is_completed(workflow)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(pods.merge.close)
        feeder = asyncio.create_task(pods.follow(workflow) if follow_on else pods.list())
        stack.push_async_callback(_cancelled, feeder)
        async for line in pods.merge.lines(feeder):
            yield line


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


class _Pods:
    """Finds the pods of one workflow and hands their streams to the merge."""

    def __init__(self, client: Client, workflow: Document, selector: str, request: LogRequest, on_note: Note) -> None:
        self.merge = LogMerge()
        self._client = client
        self._workflow = workflow
        self._namespace = documents.namespace(workflow)
        self._selector = selector
        self._request = request
        self._note = on_note
        self._opened: set[str] = set()
        self._fields = f"metadata.name={request.pod}" if request.pod else ""

    async def list(self) -> None:
        """Streams of all pods that exist now; a note when some that have run do not."""
        present: set[str] = set()
        token = ""
        while True:
            page = await self._client.list(
                PODS,
                self._namespace,
                label_selector=self._selector,
                field_selector=self._fields,
                limit=500,
                continue_token=token,
            )
            for pod in page.items:
                present.add(documents.annotations(pod).get(ANNOTATION_NODE_ID, ""))
                self._consider(pod, live=False)
            token = page.continue_token
            if not token:
                break
        lost = self._lost(present)
        if lost:
            self._note(lost)

    def _lost(self, present: set[str]) -> str:
        if self._request.labels:
            return ""  # what is not there need not be gone
        if self._request.pod:
            return "" if present else lost_log(self._workflow, self._request.pod)
        return lost_logs(self._workflow, present)

    async def follow(self, workflow: Document) -> None:
        """Streams of all pods as they appear, until the workflow is over; the pods of its last moment included."""
        watch = asyncio.create_task(self._watch())
        completion = asyncio.create_task(self._completion(documents.name(workflow)))
        try:
            await asyncio.wait([watch, completion], return_when=asyncio.FIRST_COMPLETED)
            for task in (watch, completion):
                if task.done():
                    task.result()
        finally:
            for task in (watch, completion):
                task.cancel()
            await asyncio.gather(watch, completion, return_exceptions=True)
        await self.list()

    async def _watch(self) -> None:
        feed = follow(
            self._client,
            PODS,
            self._namespace,
            label_selector=self._selector,
            field_selector=self._fields,
            on_trouble=self._note,
        )
        async with closing(feed) as changes:
            async for change in changes:
                if change.type is ChangeType.LISTED:
                    continue
                if change.type is not ChangeType.DELETED:
                    self._consider(change.object, live=True)
                if self._request.pod and self._was_last_of(change):
                    return

    def _was_last_of(self, change: Change) -> bool:
        """Whether nothing more will come of the one pod that is read. One that is deleted before it has started
        may be made again, under the same name."""
        if change.type is ChangeType.DELETED:
            return documents.uid(change.object) in self._opened
        return _is_over(change.object)

    async def _completion(self, name: str) -> None:
        try:
            await wait_for_completion(self._client, self._namespace, name)
        except WorkflowGone as gone:
            self._note(str(gone))

    def _consider(self, pod: Document, *, live: bool) -> None:
        uid = documents.uid(pod)
        if uid in self._opened:
            return
        state = container_state(pod, self._request.container)
        if state is None:
            self._opened.add(uid)
            self._note(f"pod {documents.name(pod)} has no container {self._request.container!r}")
        elif state.started:
            self._opened.add(uid)
            source = LogSource(
                pod=documents.name(pod),
                uid=uid,
                container=self._request.container,
                node_id=documents.annotations(pod).get(ANNOTATION_NODE_ID, ""),
            )
            grows = live and not state.ended and not self._request.previous
            stream = LogStream(self._client, self._namespace, source, self._request, live=grows, on_note=self._note)
            self.merge.add(stream, state.started)


def _is_over(pod: Document) -> bool:
    return documents.dig(pod, "status", "phase") in _OVER
