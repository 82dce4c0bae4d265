"""The part of the API client that the kubelet uses: the seam at which tests put a fake."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Any, Protocol

from argotui.executor.resource.api import JSON
from argotui.kube.client import ListPage, WatchEvent
from argotui.model.documents import Document
from argotui.model.resources import Resource


class Api(Protocol):
    """See argotui.kube.client.Client."""

    async def get(self, res: Resource, name: str, namespace: str | None = None) -> Document: ...

    async def list(self, res: Resource, namespace: str | None = None, *, field_selector: str = "") -> ListPage: ...

    def watch(
        self, res: Resource, namespace: str | None = None, *, resource_version: str, field_selector: str = ""
    ) -> AsyncGenerator[WatchEvent, None]: ...

    async def create(self, res: Resource, body: Document, namespace: str | None = None) -> Document: ...

    async def patch(
        self, res: Resource, name: str, body: Any, namespace: str | None = None, *, subresource: str = ""
    ) -> Document: ...

    async def delete(
        self,
        res: Resource,
        name: str,
        namespace: str | None = None,
        *,
        uid: str | None = None,
        grace_seconds: int | None = None,
    ) -> Document: ...

    async def raw(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content_type: str = JSON,
    ) -> Document: ...
