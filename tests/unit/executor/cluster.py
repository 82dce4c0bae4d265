"""An API server in memory, as far as resource steps use one."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from argotui.kube.client import PatchKind, WatchEvent
from argotui.kube.errors import ApiError, Unreachable
from argotui.model.documents import Document, clone, labels
from argotui.model.patching import json_patch, merge_patch, strategic_merge
from argotui.model.resources import CONFIG_MAPS, NAMESPACES, PODS, WORKFLOWS, Resource
from argotui.model.selectors import LabelSelector

SERVED = (CONFIG_MAPS, NAMESPACES, PODS, WORKFLOWS)


class Cluster:
    """Objects by path. `requests` are the writes, in order; `lose` makes the answers of so many writes get lost."""

    def __init__(self, *objects: Document) -> None:
        self.objects: dict[str, Document] = {}
        self.requests: list[tuple[str, str, Any, str]] = []
        self.lose = 0
        self.broken = ""
        self.failure: ApiError | None = None
        self.after_watch: list[Callable[[], None]] = []
        self._versions = itertools.count(1)
        self._watches: list[tuple[str, asyncio.Queue[WatchEvent]]] = []
        for found in objects:
            self.put(found)

    def put(self, document: Document, kind: str = "") -> Document:
        """Stores an object and tells who watches."""
        resource = next(each for each in SERVED if each.kind == document["kind"])
        metadata = document["metadata"]
        namespace = metadata.setdefault("namespace", "argo") if resource.namespaced else None
        path = resource.path(namespace, metadata["name"])
        metadata.setdefault("uid", f"uid-{next(self._versions)}")
        metadata["resourceVersion"] = str(next(self._versions))
        event = kind or ("MODIFIED" if path in self.objects else "ADDED")
        if event == "DELETED":
            del self.objects[path]
        else:
            self.objects[path] = document
        for watched, queue in self._watches:
            if watched == resource.path(namespace):
                queue.put_nowait(WatchEvent(event, clone(document)))
        return clone(document)

    async def raw(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: Any = None,
        content_type: str = "application/json",
    ) -> Document:  # fmt: skip
        path = urlsplit(path).path
        if method == "GET":
            return self._read(path, dict(query or {}))
        if self.failure is not None:
            raise self.failure
        if self.broken:
            raise ApiError(403, "Forbidden", self.broken)
        body = json.loads(body) if isinstance(body, bytes) else body
        self.requests.append((method, path, clone(body), content_type))
        answer = self._write(method, path, clone(body), content_type)
        if self.lose:
            self.lose -= 1
            raise Unreachable("the connection was cut")
        return answer

    def _read(self, path: str, query: dict[str, str]) -> Document:
        if path in self.objects:
            return clone(self.objects[path])
        if path == "/apis":
            return {"groups": [{"preferredVersion": {"groupVersion": "argoproj.io/v1alpha1"}}]}
        for version in {each.api_version for each in SERVED}:
            if path in (f"/api/{version}", f"/apis/{version}"):
                return {"resources": [_entry(each) for each in SERVED if each.api_version == version]}
        if any(path.startswith(each.path("argo")) and path == each.path("argo") for each in SERVED):
            selector = LabelSelector.parse(query.get("labelSelector", ""))
            below = [found for key, found in self.objects.items() if key.rpartition("/")[0] == path]
            return {"items": [clone(found) for found in below if selector.matches(labels(found))]}
        raise self._missing(path)

    def _missing(self, path: str) -> ApiError:
        parts = path.split("/")
        return ApiError(404, "NotFound", f'{parts[-2]} "{parts[-1]}" not found')

    def _write(self, method: str, path: str, body: Any, content_type: str) -> Document:
        if method == "POST":
            target = f"{path}/{body['metadata']['name']}"
            if target in self.objects:
                name = body["metadata"]["name"]
                raise ApiError(409, "AlreadyExists", f'{path.rpartition("/")[2]} "{name}" already exists')
            return self.put(body)
        old = self.objects.get(path)
        if old is None:
            raise self._missing(path)
        if method == "DELETE":
            if old["metadata"].get("finalizers"):
                return self.put({**old, "metadata": {**old["metadata"], "deletionTimestamp": "2030-01-01T00:00:00Z"}})
            return self.put(clone(old), "DELETED")
        if method == "PUT":
            if body["metadata"].get("resourceVersion") != old["metadata"]["resourceVersion"]:
                raise ApiError(409, "Conflict", "the object has been modified")
            return self.put({**body, "metadata": {**body["metadata"], "uid": old["metadata"]["uid"]}})
        return self.put(_patched(old, body, content_type))

    async def watch(
        self, res: Resource, namespace: str | None = None, *, resource_version: str, field_selector: str = ""
    ) -> AsyncGenerator[WatchEvent, None]:
        queue: asyncio.Queue[WatchEvent] = asyncio.Queue()
        self._watches.append((res.path(namespace), queue))
        for happening in self.after_watch:
            happening()
        self.after_watch.clear()
        while True:
            yield await queue.get()


def _patched(old: Document, body: Any, content_type: str) -> Document:
    if content_type == PatchKind.JSON.value:
        found: Document = json_patch(old, body)
        return found
    if content_type == PatchKind.STRATEGIC.value:
        return strategic_merge(old, body, old["kind"])
    merged: Document = merge_patch(old, body)
    return merged


def _entry(resource: Resource) -> Document:
    return {
        "name": resource.plural,
        "singularName": resource.singular,
        "kind": resource.kind,
        "namespaced": resource.namespaced,
        "shortNames": list(resource.short_names),
    }
