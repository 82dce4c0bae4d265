"""The agent's loop: takes tasks as they appear, reports results as they come, ends when the TaskSet is complete."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any, Final, Protocol

from argotui.executor.agent.request import RequestFailed, perform
from argotui.executor.insist import insist
from argotui.kube.client import ListPage, WatchEvent
from argotui.kube.errors import ApiError, KubeError
from argotui.model.documents import Document, dig, labels, name, resource_version
from argotui.model.keys import LABEL_COMPLETED
from argotui.model.phase import Phase
from argotui.model.resources import SECRETS, WORKFLOW_TASK_SETS, Resource

WORKERS: Final = 16
"""Requests at once, as upstream's agent makes them."""

_PAUSE: Final = 1.0
_LOST: Final = "the agent was restarted while the request was under way, so whether it arrived is not known"


class Api(Protocol):
    """See argotui.kube.client.Client."""

    async def get(self, res: Resource, name: str, namespace: str | None = None) -> Document: ...

    async def list(self, res: Resource, namespace: str | None = None, *, field_selector: str = "") -> ListPage: ...

    async def patch(
        self, res: Resource, name: str, body: Any, namespace: str | None = None, *, subresource: str = ""
    ) -> Document: ...

    def watch(
        self, res: Resource, namespace: str | None = None, *, resource_version: str, field_selector: str = ""
    ) -> AsyncGenerator[WatchEvent, None]: ...


class Marks(Protocol):
    """What is known of an earlier agent in the same pod, which has died."""

    def mark(self, node_id: str) -> bool:
        """Just before a request is made. False when it was marked before: it may have been made."""


class Agent:
    """Serves the TaskSet of one workflow."""

    def __init__(self, api: Api, namespace: str, workflow: str, marks: Marks, log: Callable[[str], None]) -> None:
        self._api = api
        self._namespace = namespace
        self._workflow = workflow
        self._marks = marks
        self._log = log
        self._slots = asyncio.Semaphore(WORKERS)
        self._considered: set[str] = set()
        self._results: dict[str, Document] = {}
        self._news = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Returns when the TaskSet is complete or gone. Raises ApiError when the agent may not read or write it."""
        serving, reporting = asyncio.create_task(self._serve()), asyncio.create_task(self._report())
        try:
            done, _ = await asyncio.wait({serving, reporting}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            every = [serving, reporting, *self._tasks]
            for task in every:
                task.cancel()
            await asyncio.gather(*every, return_exceptions=True)

    async def _serve(self) -> None:
        while True:
            found = await insist(self._read, "read the task set")
            if found is None or not self._take(found):
                return
            try:
                if not await self._watched(found):
                    return
            except KubeError as error:
                self._log(f"watching the task set: {error}")
                await asyncio.sleep(_PAUSE)

    async def _read(self) -> Document | None:
        """By a list: the role that upstream gives to agents has no get (§4.10)."""
        selector = f"metadata.name={self._workflow}"
        page = await self._api.list(WORKFLOW_TASK_SETS, self._namespace, field_selector=selector)
        return page.items[0] if page.items else None

    async def _watched(self, found: Document) -> bool:
        """False when nothing more will come."""
        stream = self._api.watch(
            WORKFLOW_TASK_SETS,
            self._namespace,
            resource_version=resource_version(found),
            field_selector=f"metadata.name={self._workflow}",
        )
        async with aclosing(stream):
            async for event in stream:
                if event.type == "BOOKMARK" or name(event.object) != self._workflow:
                    continue
                if event.type == "DELETED" or not self._take(event.object):
                    return False
        return True

    def _take(self, found: Document) -> bool:
        """Starts what is new. False when the workflow is complete."""
        if labels(found).get(LABEL_COMPLETED) == "true":
            return False
        done = dig(found, "status", "nodes") or {}
        for identifier, template in (dig(found, "spec", "tasks") or {}).items():
            if identifier not in self._considered and identifier not in done:
                self._considered.add(identifier)
                task = asyncio.create_task(self._do(identifier, template))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        return True

    async def _do(self, identifier: str, template: Document) -> None:
        async with self._slots:
            if self._marks.mark(identifier):
                result = await perform(template, self._secret)
            else:
                result = {"phase": str(Phase.ERROR), "message": f"error processing task: {_LOST}"}
        self._log(f"{identifier}: {result['phase']}" + (f": {result['message']}" if result.get("message") else ""))
        self._results[identifier] = result
        self._news.set()

    async def _secret(self, secret: str, key: str) -> str:
        try:
            found = await insist(lambda: self._api.get(SECRETS, secret, self._namespace), f"read secret {secret}")
        except ApiError as error:
            raise RequestFailed(error.message) from None
        value = (found.get("data") or {}).get(key)
        if value is None:
            raise RequestFailed(f"secret '{secret}' does not have the key '{key}'")
        try:
            return base64.b64decode(value).decode("utf-8", "replace")
        except binascii.Error:
            raise RequestFailed(f"the key '{key}' of secret '{secret}' is not base64") from None

    # --- reporting ----------------------------------------------------------------------------

    async def _report(self) -> None:
        """Whatever has come while the last report was on its way goes with the next one."""
        while True:
            await self._news.wait()
            self._news.clear()
            results, self._results = self._results, {}
            try:
                await self._patch(results)
            except ApiError as error:
                if error.is_not_found:
                    return
                await self._patch({identifier: _unreported(error) for identifier in results})

    async def _patch(self, results: dict[str, Document]) -> None:
        body = {"status": {"nodes": results}}
        await insist(
            lambda: self._api.patch(WORKFLOW_TASK_SETS, self._workflow, body, self._namespace, subresource="status"),
            "report results",
        )


def _unreported(error: ApiError) -> Document:
    text = "HTTP request completed successfully but an error occurred when patching its result"
    return {"phase": str(Phase.ERROR), "message": f"{text}: {error.message}"}
