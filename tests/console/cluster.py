"""A cluster in memory that answers like a `Client`: what a console test talks to instead of a network."""

from __future__ import annotations

import asyncio
import copy
import itertools
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from argotui.kube.client import ListPage, WatchEvent
from argotui.kube.config import ClusterConfig
from argotui.kube.errors import ApiError, Unreachable
from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.patching import merge_patch
from argotui.model.resources import Resource, find
from argotui.model.selectors import FieldSelector, LabelSelector

Key = tuple[str, str, str]
"""Plural, namespace, name."""


@dataclass
class Watcher:
    """One open watch."""

    plural: str
    namespace: str | None
    matches: Callable[[Document], bool]
    table: str
    events: asyncio.Queue[WatchEvent | Exception] = field(default_factory=asyncio.Queue)


class FakeCluster:
    """Objects, watches and logs. `react` is called after each write, as a controller would look at it."""

    def __init__(self) -> None:
        self.rules: list[Document] = [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]
        self.keeps_rules_secret = False
        self.reviews: list[str] = []
        self.config = ClusterConfig("https://127.0.0.1:6443", namespace="argo", context_name="test")
        self.objects: dict[Key, Document] = {}
        self.writes: list[tuple[str, str, Document | None]] = []
        self.react: Callable[[Document], None] = lambda document: None
        self.logs_of: dict[str, list[bytes]] = {}
        self.growing: set[str] = set()
        """Pods whose log is still written."""
        self.down = ""
        """Why nothing answers."""
        self.denied: set[str] = set()
        """Verbs and plurals that are forbidden, as `update workflows`."""
        self._versions = itertools.count(100)
        self._watchers: list[Watcher] = []
        self._grown = asyncio.Event()

    # the test's side

    def put(self, document: Document) -> Document:
        """Creates or changes an object, whoever did it."""
        document = copy.deepcopy(document)
        resource = find(document["kind"])
        assert resource is not None
        metadata = document.setdefault("metadata", {})
        metadata.setdefault("namespace", "argo")
        metadata.setdefault("uid", f"uid-{metadata['name']}")
        metadata.setdefault("creationTimestamp", "2026-03-01T11:50:00Z")
        metadata["resourceVersion"] = str(next(self._versions))
        key = (resource.plural, metadata["namespace"], metadata["name"])
        self._tell("MODIFIED" if key in self.objects else "ADDED", resource.plural, document)
        self.objects[key] = document
        return copy.deepcopy(document)

    def change(self, plural: str, name: str, change: Callable[[Document], None], namespace: str = "argo") -> None:
        """Changes an object in place."""
        document = copy.deepcopy(self.objects[plural, namespace, name])
        change(document)
        self.put(document)

    def remove(self, plural: str, name: str, namespace: str = "argo") -> None:
        """Deletes an object."""
        self._tell("DELETED", plural, self.objects.pop((plural, namespace, name)))

    def write_log(self, pod: str, *lines: str, ended: bool = False) -> None:
        """Adds lines to a pod's log."""
        self.logs_of.setdefault(pod, []).extend(f"2026-03-01T12:00:00.000000001Z {line}\n".encode() for line in lines)
        self.growing.discard(pod) if ended else self.growing.add(pod)
        self._grown.set()

    def cut(self, reason: str) -> None:
        """The network is gone until `down` is empty again."""
        self.down = reason
        for watcher in self._watchers:
            watcher.events.put_nowait(Unreachable(reason))

    def workflow(self, name: str, namespace: str = "argo") -> Document:
        """A workflow as it is now."""
        return self.objects["workflows", namespace, name]

    def _tell(self, kind: str, plural: str, document: Document) -> None:
        for watcher in self._watchers:
            if watcher.plural == plural and watcher.matches(document):
                shown = _table([document], headers=False) if watcher.table else copy.deepcopy(document)
                if watcher.table:
                    shown["metadata"]["resourceVersion"] = documents.resource_version(document)
                watcher.events.put_nowait(WatchEvent(kind, shown))

    # the client's side

    async def raw(self, method: str, path: str, *, body: Any = None, **_: Any) -> Document:
        assert (method, path) == ("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews")
        self.reviews.append(body["spec"]["namespace"])
        return {"status": {"resourceRules": self.rules, "nonResourceRules": [], "incomplete": self.keeps_rules_secret}}

    def _check(self, verb: str, resource: Resource) -> None:
        if self.down:
            raise Unreachable(self.down)
        if f"{verb} {resource.plural}" in self.denied:
            raise ApiError(403, "Forbidden", f'{resource.plural} is forbidden: User "ann" cannot {verb} it')

    async def get(self, resource: Resource, name: str, namespace: str | None = None) -> Document:
        self._check("get", resource)
        found = self.objects.get((resource.plural, namespace or "", name))
        if found is None:
            raise ApiError(404, "NotFound", f"{resource.plural} {name!r} not found")
        return copy.deepcopy(found)

    def _matching(self, resource: Resource, namespace: str | None, labels: str, fields: str) -> list[Document]:
        matches = _matcher(namespace, labels, fields)
        return [o for (plural, _, _), o in sorted(self.objects.items()) if plural == resource.plural and matches(o)]

    async def list(
        self, resource: Resource, namespace: str | None = None, *, label_selector: str = "", field_selector: str = "",
        **_: Any,
    ) -> ListPage:  # fmt: skip
        self._check("list", resource)
        found = self._matching(resource, namespace, label_selector, field_selector)
        return ListPage(copy.deepcopy(found), str(next(self._versions)), "")

    async def table(self, resource: Resource, namespace: str | None = None, **options: Any) -> Document:
        self._check("list", resource)
        limit, start = options.get("limit") or 10_000, int(options.get("continue_token") or 0)
        found = self._matching(resource, namespace, "", "")
        page = _table(found[start : start + limit])
        if options.get("include_object") == "None":
            page["rows"] = [{"cells": row["cells"], "object": None} for row in page["rows"]]
        page["metadata"]["resourceVersion"] = str(next(self._versions))
        if start + limit < len(found):
            page["metadata"]["continue"] = str(start + limit)
        return page

    async def watch(
        self, resource: Resource, namespace: str | None = None, *, resource_version: str, label_selector: str = "",
        field_selector: str = "", table: str = "", opened: Callable[[], None] | None = None, **_: Any,
    ) -> AsyncIterator[WatchEvent]:  # fmt: skip
        self._check("watch", resource)
        watcher = Watcher(resource.plural, namespace, _matcher(namespace, label_selector, field_selector), table)
        for (plural, _, _), document in sorted(self.objects.items()):
            newer = int(documents.resource_version(document)) > int(resource_version)
            if plural == resource.plural and newer and watcher.matches(document):
                shown = _table([document], headers=False) if table else copy.deepcopy(document)
                watcher.events.put_nowait(WatchEvent("MODIFIED", shown))
        self._watchers.append(watcher)
        try:
            if opened:
                opened()
            while True:
                event = await watcher.events.get()
                if isinstance(event, Exception):
                    raise event
                yield event
        finally:
            self._watchers.remove(watcher)

    async def logs(
        self, namespace: str, pod: str, *, follow: bool = False, tail_lines: int | None = None, **_: Any
    ) -> AsyncIterator[bytes]:
        if pod not in self.logs_of:
            raise ApiError(404, "NotFound", f"pods {pod!r} not found")
        place = 0 if tail_lines is None else max(0, len(self.logs_of[pod]) - tail_lines)
        while True:
            lines = self.logs_of[pod]
            while place < len(lines):
                chunk = lines[place : place + 200]
                place += len(chunk)
                yield b"".join(chunk)
            if not follow or pod not in self.growing:
                return
            self._grown.clear()
            await self._grown.wait()

    async def create(self, resource: Resource, body: Document, namespace: str | None = None) -> Document:
        self._check("create", resource)
        body = copy.deepcopy(body)
        metadata = body.setdefault("metadata", {})
        if not metadata.get("name"):
            metadata["name"] = f"{metadata['generateName']}x7k2p"
        metadata.setdefault("namespace", namespace or "argo")
        self.writes.append(("POST", resource.plural, body))
        made = self.put(body)
        self._react(resource, made)
        return made

    async def replace(self, resource: Resource, body: Document, **_: Any) -> Document:
        self._check("update", resource)
        self.writes.append(("PUT", resource.plural, body))
        made = self.put(body)
        self._react(resource, made)
        return made

    async def patch(
        self, resource: Resource, name: str, body: Document, namespace: str | None = None, **_: Any
    ) -> Document:
        self._check("patch", resource)
        self.writes.append(("PATCH", resource.plural, body))
        made = self.put(merge_patch(self.objects[resource.plural, namespace or "", name], body))
        self._react(resource, made)
        return made

    async def delete(self, resource: Resource, name: str, namespace: str | None = None, **_: Any) -> Document:
        self._check("delete", resource)
        await self.get(resource, name, namespace)
        self.writes.append(("DELETE", resource.plural, None))
        self.remove(resource.plural, name, namespace or "")
        return {}

    def _react(self, resource: Resource, document: Document) -> None:
        if resource.plural == "workflows":
            asyncio.get_running_loop().call_soon(self.react, copy.deepcopy(document))


def _matcher(namespace: str | None, labels: str, fields: str) -> Callable[[Document], bool]:
    label_selector, field_selector = LabelSelector.parse(labels), FieldSelector.parse(fields)

    def matches(document: Document) -> bool:
        paths = {"metadata.name": documents.name(document), "metadata.namespace": documents.namespace(document)}
        return (
            namespace in (None, documents.namespace(document))
            and label_selector.matches(documents.labels(document))
            and field_selector.matches(lambda path: paths.get(path, ""))
        )

    return matches


def _table(found: list[Document], *, headers: bool = True) -> Document:
    rows = [
        {
            "cells": [documents.name(o), (o.get("status") or {}).get("phase", ""), "5m"],
            "object": {"kind": "PartialObjectMetadata", "metadata": copy.deepcopy(o["metadata"])},
        }
        for o in found
    ]
    columns = [{"name": name} for name in ("Name", "Status", "Age")] if headers else []
    return {"kind": "Table", "metadata": {}, "columnDefinitions": columns, "rows": rows}
