"""Requests that get through, or fail with kubectl's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from argotui.executor.insist import insist
from argotui.executor.resource.api import JSON, Api, ResourceError, refused
from argotui.kube.errors import ApiError, BrokenStream, Unreachable
from argotui.model.documents import Document

_INTERNAL: Final = 500


class Requests:
    """One pod's requests. `repeated` tells whether the last write may have been carried out before its answer came."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self.repeated = False

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> Document:
        """Raises ApiError, ResourceError."""

        async def once() -> Document:
            try:
                return await self._api.raw("GET", path, query=query)
            except ApiError as error:
                raise _final(error) from None

        return await insist(once, f"read {path}")

    async def send(
        self,
        method: str,
        path: str,
        body: Any,
        *,
        query: Mapping[str, str] | None = None,
        content_type: str = JSON,
        twice: bool = True,
    ) -> Document:
        """A write. Without `twice` it is not sent again when its answer is lost. Raises ApiError, ResourceError."""
        self.repeated = False

        async def once() -> Document:
            try:
                return await self._api.raw(method, path, query=query, body=body, content_type=content_type)
            except ApiError as error:
                raise _final(error) from None
            except (Unreachable, BrokenStream) as error:
                if not twice:
                    raise ResourceError(f"the answer was lost, so whether it was done is not known: {error}") from None
                self.repeated = True
                raise

        return await insist(once, f"{method} {path}")


def _final(error: ApiError) -> Exception:
    """A server that is busy is asked again; one that says it is broken need not get better."""
    return refused(error) if error.status == _INTERNAL else error


async def required(requests: Requests, path: str, doing: str = "") -> Document:
    """An object that has to be there. Raises ResourceError."""
    try:
        return await requests.get(path)
    except ApiError as error:
        raise refused(error, doing) from None
