"""An API server in memory, with the same verbs as `argotui.kube.client.Client`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

from argotui.kube.client import ListPage, PatchKind, WatchEvent
from argotui.kube.config import ClusterConfig
from argotui.kube.errors import ApiError
from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.resources import Resource
from argotui.model.selectors import LabelSelector

Key = tuple[str, str, str]


def not_found(res: Resource, name: str) -> ApiError:
    return ApiError(404, "NotFound", f'{res.group_resource} "{name}" not found')


def merged(doc: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    result = dict(doc) if isinstance(doc, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


class FakeClient:
    """`requests` notes every write as (method, path, body); `before` may raise or act first."""

    def __init__(self, *objects: tuple[Resource, Document]) -> None:
        self.objects: dict[Key, Document] = {}
        self.version = 100
        self.events: list[tuple[int, str, Resource, Document]] = []
        self.changed = asyncio.Condition()
        self.requests: list[tuple[str, str, Any]] = []
        self.before: Callable[[str, str, Any], None] = lambda method, path, body: None
        self.pod_logs: dict[tuple[str, str], Any] = {}
        self.watches = 0
        self.answer: Callable[[str, Any], Document] = lambda path, body: {}
        self.clock = datetime(2025, 1, 1, tzinfo=UTC)
        self.config = ClusterConfig(server="https://127.0.0.1:6443")
        self.break_watch_after: list[Exception] = []
        for res, doc in objects:
            self._put("ADDED", res, documents.clone(doc))

    # reads
    async def get(self, res: Resource, name: str, namespace: str | None = None) -> Document:
        self.before("GET", res.path(namespace, name), None)
        return documents.clone(self._found(res, namespace, name))

    async def list(self, res: Resource, namespace: str | None = None, *, label_selector: str = "",
                   field_selector: str = "", limit: int = 0, continue_token: str = "",
                   resource_version: str = "") -> ListPage:  # fmt: skip
        self.before("GET", res.path(namespace), None)
        found = [documents.clone(d) for d in self._matching(res, namespace, label_selector, field_selector)]
        start = int(continue_token or 0)
        end = start + limit if limit else len(found)
        return ListPage(found[start:end], str(self.version), str(end) if end < len(found) else "")

    async def table(self, res: Resource, namespace: str | None = None, *, include_object: str = "None",
                    label_selector: str = "", field_selector: str = "", limit: int = 0,
                    continue_token: str = "") -> Document:  # fmt: skip
        page = await self.list(res, namespace, label_selector=label_selector, field_selector=field_selector,
                               limit=limit, continue_token=continue_token)  # fmt: skip
        rows = [{"cells": [documents.name(d)], "object": {"metadata": d["metadata"]}} for d in page.items]
        return {"kind": "Table", "metadata": {"continue": page.continue_token}, "rows": rows}

    async def watch(self, res: Resource, namespace: str | None = None, *, resource_version: str,
                    label_selector: str = "", field_selector: str = "", bookmarks: bool = True,
                    **_: Any) -> AsyncIterator[WatchEvent]:  # fmt: skip
        self.watches += 1
        index = 0
        while True:
            if self.break_watch_after:
                raise self.break_watch_after.pop(0)
            while index < len(self.events):
                version, kind, of, doc = self.events[index]
                index += 1
                wanted = of is res and self._selected(doc, namespace, label_selector, field_selector)
                if wanted and version > int(resource_version):
                    yield WatchEvent(kind, documents.clone(doc))
            async with self.changed:
                if index >= len(self.events) and not self.break_watch_after:
                    await self.changed.wait()

    # writes
    async def create(self, res: Resource, body: Document, namespace: str | None = None) -> Document:
        doc = documents.clone(body)
        metadata = doc.setdefault("metadata", {})
        namespace = namespace or metadata.get("namespace")
        self._note("POST", res.path(namespace), body)
        if res.namespaced:
            metadata["namespace"] = namespace
        if not metadata.get("name"):
            if not metadata.get("generateName"):
                raise ApiError(422, "Invalid", "name or generateName is required")
            metadata["name"] = f"{metadata['generateName']}{self.version:05d}"
        if self._key(res, namespace, metadata["name"]) in self.objects:
            raise ApiError(409, "AlreadyExists", f'{res.group_resource} "{metadata["name"]}" already exists')
        metadata.setdefault("creationTimestamp", "2025-01-01T00:00:00Z")
        metadata["uid"] = f"uid-{self.version}"
        self._put("ADDED", res, doc)
        await self._wake()
        return documents.clone(doc)

    async def replace(self, res: Resource, body: Document, *, subresource: str = "") -> Document:
        name, namespace = documents.name(body), documents.namespace(body)
        self._note("PUT", res.path(namespace, name), body)
        stored = self._found(res, namespace, name)
        sent = documents.resource_version(body)
        if sent and sent != documents.resource_version(stored):
            raise ApiError(
                409, "Conflict", "the object has been modified; please apply your changes to the latest version"
            )
        doc = documents.clone(body)
        self._put("MODIFIED", res, doc)
        await self._wake()
        return documents.clone(doc)

    async def patch(self, res: Resource, name: str, body: Any, namespace: str | None = None, *,
                    kind: PatchKind = PatchKind.MERGE, subresource: str = "") -> Document:  # fmt: skip
        self._note("PATCH", res.path(namespace, name), body)
        doc = merged(self._found(res, namespace, name), body)
        self._put("MODIFIED", res, doc)
        await self._wake()
        return documents.clone(doc)

    async def apply(self, res: Resource, body: Document, *, field_manager: str, force: bool = False,
                    dry_run: bool = False) -> Document:  # fmt: skip
        name, namespace = documents.name(body), documents.namespace(body) or None
        self._note("APPLY", res.path(namespace, name), body)
        before = self.objects.get(self._key(res, namespace, name))
        after = merged(before, documents.clone(body))
        if dry_run or after == before:
            return documents.clone(after)
        self._put("MODIFIED" if before else "ADDED", res, after)
        await self._wake()
        return documents.clone(after)

    async def delete(self, res: Resource, name: str, namespace: str | None = None, **options: Any) -> Document:
        self._note("DELETE", res.path(namespace, name), {k: v for k, v in options.items() if v is not None})
        doc = self._found(res, namespace, name)
        del self.objects[self._key(res, namespace, name)]
        self.version += 1
        doc = {**doc, "metadata": {**doc["metadata"], "resourceVersion": str(self.version)}}
        self.events.append((self.version, "DELETED", res, doc))
        await self._wake()
        return {}

    # whatever else is asked
    async def raw(self, method: str, path: str, *, body: Any = None, **_: Any) -> Document:
        self.before(method, path, body)
        return documents.clone(self.answer(path, body))

    async def server_version(self) -> Document:
        return await self.raw("GET", "/version")

    async def server_time(self) -> datetime:
        return self.clock

    # logs
    async def logs(self, namespace: str, pod: str, *, container: str, follow: bool = False,
                   **options: Any) -> AsyncIterator[bytes]:  # fmt: skip
        source = self.pod_logs.get((pod, container))
        if source is None:
            raise ApiError(404, "NotFound", f'pods "{pod}" not found')
        if isinstance(source, Exception):
            raise source
        if callable(source):
            async for chunk in source(follow=follow, **options):
                yield chunk
            return
        for chunk in source:
            yield chunk

    # for tests
    async def cut(self, error: Exception) -> None:
        """The next watch that wakes up breaks with `error`."""
        self.break_watch_after.append(error)
        await self._wake()

    async def put(self, res: Resource, doc: Document, kind: str = "MODIFIED") -> Document:
        """What somebody else (the controller) writes."""
        stored = self._put(kind, res, documents.clone(doc))
        await self._wake()
        return stored

    def stored(self, res: Resource, name: str, namespace: str = "argo") -> Document | None:
        return self.objects.get(self._key(res, namespace, name))

    def writes(self, *methods: str) -> list[tuple[str, str, Any]]:
        return [r for r in self.requests if (not methods or r[0] in methods) and "/events" not in r[1]]

    def _note(self, method: str, path: str, body: Any) -> None:
        self.before(method, path, body)
        self.requests.append((method, path, documents.clone(body)))

    def _put(self, kind: str, res: Resource, doc: Document) -> Document:
        self.version += 1
        doc["metadata"]["resourceVersion"] = str(self.version)
        doc.setdefault("apiVersion", res.api_version)
        doc.setdefault("kind", res.kind)
        self.objects[self._key(res, documents.namespace(doc), documents.name(doc))] = doc
        self.events.append((self.version, kind, res, documents.clone(doc)))
        return doc

    async def _wake(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    def _found(self, res: Resource, namespace: str | None, name: str) -> Document:
        doc = self.objects.get(self._key(res, namespace, name))
        if doc is None:
            raise not_found(res, name)
        return doc

    def _matching(self, res: Resource, namespace: str | None, labels: str, fields: str) -> list[Document]:
        mine = [d for (plural, _, _), d in sorted(self.objects.items()) if plural == res.group_resource]
        return [d for d in mine if self._selected(d, namespace, labels, fields)]

    @staticmethod
    def _selected(doc: Document, namespace: str | None, labels: str, fields: str) -> bool:
        if namespace and documents.namespace(doc) != namespace:
            return False
        if fields and fields.removeprefix("metadata.name=") != documents.name(doc):
            return False
        return not labels or LabelSelector.parse(labels).matches(documents.labels(doc))

    @staticmethod
    def _key(res: Resource, namespace: str | None, name: str) -> Key:
        return (res.group_resource, namespace or "" if res.namespaced else "", name)
