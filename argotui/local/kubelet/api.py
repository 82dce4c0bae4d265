"""The part of the API client that the kubelet uses: the seam at which tests put a fake."""

from __future__ import annotations

from typing import Any, Protocol, Self

from argotui.executor.resource.api import Api as AnyKindApi
from argotui.kube.client import ListPage
from argotui.model.documents import Document
from argotui.model.resources import Resource


class Api(AnyKindApi, Protocol):
    """See argotui.kube.client.Client."""

    def acting_as(self, token: str) -> Self: ...

    async def get(self, res: Resource, name: str, namespace: str | None = None) -> Document: ...

    async def list(self, res: Resource, namespace: str | None = None, *, field_selector: str = "") -> ListPage: ...

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
