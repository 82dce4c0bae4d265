"""A whole cluster in memory: an API with watches, and pods that succeed; one term of the real controller on it.

What the API holds and hands out is bytes, so nothing is shared with the controller by accident.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, cast

import msgspec

from argotui.controller.lease import NoLease
from argotui.controller.metrics.counting import Counting
from argotui.controller.options import Options, Workers
from argotui.controller.settings import Settings
from argotui.controller.term import Term
from argotui.engine.run import Run
from argotui.kube.client import Client, ListPage, WatchEvent
from argotui.kube.errors import ApiError
from argotui.kube.exec import ExecResult
from argotui.model.documents import Document, annotations, labels
from argotui.model.labels import LabelSelector
from argotui.model.patching import merge_patch
from argotui.model.resources import EVENTS, PODS, WORKFLOW_TASK_RESULTS, WORKFLOWS, Resource

Key = tuple[str, str]
encode, decode = msgspec.json.encode, msgspec.json.decode


@dataclass
class _Shelf:
    objects: dict[Key, tuple[bytes, dict[str, str]]] = field(default_factory=dict)
    watches: list[_Watch] = field(default_factory=list)


@dataclass(eq=False)
class _Watch:
    selector: LabelSelector
    name: str
    namespace: str | None
    events: asyncio.Queue[tuple[str, bytes]] = field(default_factory=asyncio.Queue)
    shown: set[Key] = field(default_factory=set)

    def covers(self, key: Key, found: dict[str, str]) -> bool:
        named = self.name in ("", key[1]) and self.namespace in (None, key[0])
        return named and self.selector.matches(found)


class World:
    """The verbs of a Client. before: awaited with verb, kind and name ahead of every request."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, str]] = []
        self.before: Callable[[str, str, str], Any] | None = None
        self.pod_seconds = 0.0
        self.in_flight = 0
        self.most_in_flight = 0
        self._version = 1
        self._shelves: dict[str, _Shelf] = {}
        self._pods: set[asyncio.Task[None]] = set()

    # --- what tests do ------------------------------------------------------------------------

    def put(self, res: Resource, document: Document) -> Document:
        """Stores and shows it."""
        self._version += 1
        metadata = {"namespace": "argo", "uid": f"u-{self._version}", "creationTimestamp": "2030-01-01T00:00:00Z"}
        metadata |= document["metadata"]
        metadata["resourceVersion"] = str(self._version)
        stored = {"apiVersion": res.api_version, "kind": res.kind, **document, "metadata": metadata}
        self._store(res, (metadata["namespace"], metadata["name"]), stored)
        return stored

    def find(self, res: Resource, name: str, namespace: str = "argo") -> Document:
        """The object as it is stored."""
        found = self._shelf(res).objects.get((namespace, name))
        if found is None:
            raise ApiError(404, "NotFound", f'{res.plural} "{name}" not found')
        document: Document = decode(found[0])
        return document

    def made(self, verb: str, res: Resource) -> list[str]:
        """Names in the order of the requests."""
        return [name for each, plural, name in self.calls if (each, plural) == (verb, res.plural)]

    async def ended(self, name: str) -> Document:
        """The workflow, once it is complete."""
        while True:
            found = self.find(WORKFLOWS, name)
            if labels(found).get("workflows.argoproj.io/completed") == "true":
                return found
            await asyncio.sleep(0.01)

    @contextlib.asynccontextmanager
    async def controlled(self, workers: Workers = Workers(), **options: Any) -> AsyncIterator[Term]:  # noqa: B008
        """One term of the real controller, from its first lists on."""
        client = cast(Client, self)
        settings = Settings(client, Options(**options), "argo")
        await settings.read()
        term = Term(client, NoLease(), settings, Run.load, Counting(), workers)
        ready = asyncio.Event()
        running = asyncio.create_task(term.run(ready.set))
        try:
            await asyncio.wait({running, asyncio.create_task(ready.wait())}, return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                running.result()
            yield term
        finally:
            running.cancel()
            await asyncio.wait({running})
            for task in self._pods:
                task.cancel()

    # --- the API ------------------------------------------------------------------------------

    async def get(self, res: Resource, name: str, namespace: str | None = None) -> Document:
        await self._called("get", res, name)
        return self.find(res, name, namespace or "")

    async def create(self, res: Resource, body: Document, namespace: str | None = None) -> Document:
        await self._called("create", res, body["metadata"]["name"])
        where = namespace or body["metadata"].get("namespace", "")
        if (where, body["metadata"]["name"]) in self._shelf(res).objects:
            raise ApiError(409, "AlreadyExists", "already exists")
        if res is EVENTS:
            return body
        stored = self.put(res, {**body, "metadata": {**body["metadata"], "namespace": where}})
        if res is PODS:
            task = asyncio.create_task(self._run_pod(stored))
            self._pods.add(task)
            task.add_done_callback(self._pods.discard)
        answer: Document = decode(encode(stored))
        return answer

    async def replace(self, res: Resource, body: Document, **_options: Any) -> Document:
        await self._called("update", res, body["metadata"]["name"])
        known = self.find(res, body["metadata"]["name"], body["metadata"].get("namespace", ""))
        if body["metadata"].get("resourceVersion") != known["metadata"]["resourceVersion"]:
            raise ApiError(409, "Conflict", "the object has been modified")
        return self.put(res, body)

    async def patch(
        self, res: Resource, name: str, body: Document, namespace: str | None = None, *, subresource: str = ""
    ) -> Document:
        await self._called("patch", res, name, subresource)
        known = self.find(res, name, namespace or "")
        guard = body.get("metadata", {}).get("resourceVersion")
        if guard and guard != known["metadata"]["resourceVersion"]:
            raise ApiError(409, "Conflict", "the object has been modified")
        return self.put(res, merge_patch(known, body))

    async def delete(self, res: Resource, name: str, namespace: str | None = None, **_options: Any) -> Document:
        await self._called("delete", res, name)
        found = self.find(res, name, namespace or "")
        self._drop(res, (namespace or "", name))
        return found

    async def delete_collection(self, res: Resource, namespace: str, *, label_selector: str) -> None:
        await self._called("deletecollection", res, "")
        selector = LabelSelector.parse(label_selector)
        for key, (_, found) in list(self._shelf(res).objects.items()):
            if key[0] == namespace and selector.matches(found):
                self._drop(res, key)

    async def watch(
        self, res: Resource, namespace: str | None = None, *, label_selector: str = "", field_selector: str = "",
        opened: Callable[[], None] | None = None, **_options: Any,
    ) -> AsyncGenerator[WatchEvent, None]:  # fmt: skip
        await self._called("watch", res, "")
        shelf, watch = self._shelf(res), self._watch(namespace, label_selector, field_selector)
        watch.shown = {key for key, (_, found) in shelf.objects.items() if watch.covers(key, found)}
        shelf.watches.append(watch)
        if opened is not None:
            opened()
        try:
            while True:
                kind, body = await watch.events.get()
                yield WatchEvent(kind, decode(body))
        finally:
            shelf.watches.remove(watch)

    async def list(
        self, res: Resource, namespace: str | None = None, *, label_selector: str = "", field_selector: str = "",
        **_options: Any,
    ) -> ListPage:  # fmt: skip
        await self._called("list", res, "")
        watch = self._watch(namespace, label_selector, field_selector)
        found = self._shelf(res).objects.items()
        return ListPage([decode(body) for key, (body, own) in found if watch.covers(key, own)], str(self._version), "")

    # --- parts --------------------------------------------------------------------------------

    def _watch(self, namespace: str | None, label_selector: str, field_selector: str) -> _Watch:
        return _Watch(LabelSelector.parse(label_selector), field_selector.partition("=")[2], namespace)

    def _shelf(self, res: Resource) -> _Shelf:
        return self._shelves.setdefault(res.plural, _Shelf())

    async def exec(self, namespace: str, pod: str, container: str, command: list[str]) -> ExecResult:
        await self._called("create", PODS, pod, "exec")
        return ExecResult(0, b"", b"")

    async def _called(self, verb: str, res: Resource, name: str, part: str = "") -> None:
        plural = f"{res.plural}/{part}" if part else res.plural
        self.calls.append((verb, plural, name))
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await asyncio.sleep(0)
            if self.before is not None:
                await self.before(verb, plural, name)
        finally:
            self.in_flight -= 1

    def _store(self, res: Resource, key: Key, document: Document) -> None:
        shelf, body, own = self._shelf(res), encode(document), labels(document)
        shelf.objects[key] = body, own
        for watch in shelf.watches:
            if watch.covers(key, own):
                watch.events.put_nowait(("MODIFIED" if key in watch.shown else "ADDED", body))
                watch.shown.add(key)
            elif key in watch.shown:
                watch.events.put_nowait(("DELETED", body))
                watch.shown.discard(key)

    def _drop(self, res: Resource, key: Key) -> None:
        shelf = self._shelf(res)
        body, _ = shelf.objects.pop(key)
        for watch in shelf.watches:
            if key in watch.shown:
                watch.events.put_nowait(("DELETED", body))
                watch.shown.discard(key)

    async def _run_pod(self, pod: Document) -> None:
        """Its executor reports, then it succeeds."""
        await asyncio.sleep(self.pod_seconds)
        own = labels(pod)
        result = {"name": annotations(pod)["workflows.argoproj.io/node-id"], "namespace": pod["metadata"]["namespace"]}
        reported = {**own, "workflows.argoproj.io/report-outputs-completed": "true"}
        owners = pod["metadata"]["ownerReferences"]
        self.put(WORKFLOW_TASK_RESULTS, {"metadata": {**result, "labels": reported, "ownerReferences": owners}})
        at = {"startedAt": "2030-01-01T00:00:00Z", "finishedAt": "2030-01-01T00:00:00Z", "exitCode": 0}
        statuses = [{"name": each["name"], "state": {"terminated": at}} for each in pod["spec"]["containers"]]
        self.put(PODS, {**pod, "status": {"phase": "Succeeded", "containerStatuses": statuses}})


def workflow(name: str, width: int = 1, **spec: Any) -> Document:
    """So many pods at once."""
    leaf = {"name": "leaf", "container": {"image": "i", "command": ["c"]}}
    fan = {"name": "go", "template": "leaf", "withSequence": {"count": str(width)}}
    main = {"name": "main", "steps": [[fan]]}
    return {"metadata": {"name": name}, "spec": {"entrypoint": "main", "templates": [main, leaf], **spec}}
