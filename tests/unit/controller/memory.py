"""An API of dictionaries behind the Client's verbs, with failures on request."""

import asyncio
import copy
from collections.abc import Awaitable, Callable
from typing import Any

from argotui.kube.client import ListPage
from argotui.kube.errors import ApiError
from argotui.kube.exec import ExecResult
from argotui.model.documents import Document
from argotui.model.labels import LabelSelector
from argotui.model.patching import merge_patch
from argotui.model.resources import Resource

Hook = Callable[[str, str], Awaitable[None]]
"""Called with verb and object name before anything happens; what it raises is the answer."""


class MemoryApi:
    def __init__(self) -> None:
        self.objects: dict[tuple[str, str, str], Document] = {}
        self.calls: list[tuple[str, str, Any]] = []
        self.before: Hook | None = None
        self.exec_result: ExecResult | Exception = ExecResult(0, b"", b"")
        self._version = 100

    def put(self, res: Resource, document: Document) -> Document:
        self._version += 1
        metadata = {"uid": f"uid-{self._version}", **document["metadata"], "resourceVersion": str(self._version)}
        stored = {"apiVersion": res.api_version, "kind": res.kind, **document, "metadata": metadata}
        self.objects[res.plural, metadata.get("namespace", ""), metadata["name"]] = stored
        return copy.deepcopy(stored)

    async def _called(self, verb: str, name: str, argument: Any = None) -> None:
        self.calls.append((verb, name, argument))
        await asyncio.sleep(0)
        if self.before is not None:
            await self.before(verb, name)

    def _find(self, res: Resource, name: str, namespace: str | None) -> tuple[str, str, str]:
        key = (res.plural, namespace or "", name)
        if key not in self.objects:
            raise ApiError(404, "NotFound", f'{res.plural} "{name}" not found')
        return key

    async def get(self, res: Resource, name: str, namespace: str | None = None) -> Document:
        await self._called("get", name)
        return copy.deepcopy(self.objects[self._find(res, name, namespace)])

    async def create(self, res: Resource, body: Document, namespace: str | None = None) -> Document:
        await self._called("create", body["metadata"]["name"], body)
        where = namespace or body["metadata"].get("namespace", "")
        if (res.plural, where, body["metadata"]["name"]) in self.objects:
            raise ApiError(409, "AlreadyExists", "already exists")
        return self.put(res, {**body, "metadata": {**body["metadata"], "namespace": where}})

    async def replace(self, res: Resource, body: Document) -> Document:
        name, namespace = body["metadata"]["name"], body["metadata"].get("namespace", "")
        await self._called("replace", name, body)
        key = self._find(res, name, namespace)
        if body["metadata"].get("resourceVersion") != self.objects[key]["metadata"]["resourceVersion"]:
            raise ApiError(409, "Conflict", "the object has been modified")
        return self.put(res, body)

    async def patch(
        self, res: Resource, name: str, body: Document, namespace: str | None = None, *, subresource: str = ""
    ) -> Document:
        await self._called("patch", name, body)
        key = self._find(res, name, namespace)
        if res.status_subresource:  # each way leaves the other's part alone
            body = {part: value for part, value in body.items() if (part == "status") == (subresource == "status")}
        guard = body.get("metadata", {}).get("resourceVersion")
        if guard and guard != self.objects[key]["metadata"]["resourceVersion"]:
            raise ApiError(409, "Conflict", "the object has been modified")
        return self.put(res, merge_patch(self.objects[key], body))

    async def delete(self, res: Resource, name: str, namespace: str | None = None, **options: Any) -> Document:
        await self._called("delete", name, options)
        key = self._find(res, name, namespace)
        if options.get("uid") not in (None, self.objects[key]["metadata"]["uid"]):
            raise ApiError(409, "Conflict", "the UID in the precondition does not match")
        return self.objects.pop(key)

    async def exec(self, namespace: str, pod: str, container: str, command: Any) -> ExecResult:
        await self._called("exec", pod, (container, list(command)))
        if isinstance(self.exec_result, Exception):
            raise self.exec_result
        return self.exec_result

    def made(self, verb: str) -> list[tuple[str, Any]]:
        return [(name, argument) for each, name, argument in self.calls if each == verb]

    async def list(
        self, res: Resource, namespace: str | None = None, *, label_selector: str = "", **_options: Any
    ) -> ListPage:
        await self._called("list", res.plural, namespace)
        selector = LabelSelector.parse(label_selector)
        found = [
            each
            for (plural, where, _), each in self.objects.items()
            if plural == res.plural and namespace in (None, where)
        ]
        items = [copy.deepcopy(each) for each in found if selector.matches(each["metadata"].get("labels"))]
        return ListPage(items, str(self._version), "")
