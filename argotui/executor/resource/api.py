"""The part of the API client that works on objects of any kind, and kubectl's words for its refusals."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Any, Protocol

from argotui.executor.template import ExecutorError
from argotui.kube.client import WatchEvent
from argotui.kube.errors import ApiError
from argotui.model.documents import Document
from argotui.model.resources import Resource

JSON = "application/json"
MANIFEST_PATH = "/tmp/manifest.yaml"
"""Where upstream's executor puts the manifest; kubectl's messages name it."""


class Api(Protocol):
    """See argotui.kube.client.Client."""

    async def raw(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content_type: str = JSON,
    ) -> Document: ...

    def watch(
        self, res: Resource, namespace: str | None = None, *, resource_version: str, field_selector: str = ""
    ) -> AsyncGenerator[WatchEvent, None]: ...


class ResourceError(ExecutorError):
    """What ends a resource step."""


def refused(error: ApiError, doing: str = "") -> ResourceError:
    """What kubectl prints for a refusal, as upstream's executor reports it. doing: `creating`, `replacing`."""
    during = f'error when {doing} "{MANIFEST_PATH}": ' if doing else ""
    reason = f" ({error.reason})" if error.reason and error.reason != "Unknown" else ""
    if error.reason == "Invalid" and error.details.get("kind"):
        return ResourceError(f"no more retries {_invalid(error)}")
    return ResourceError(f"no more retries Error from server{reason}: {during}{error.message}")


def _invalid(error: ApiError) -> str:
    """`The Pod "x" is invalid: spec.containers: Required value`"""
    causes = [f"{cause.get('field')}: {cause.get('message')}" for cause in error.details.get("causes") or ()]
    head = f'The {error.details["kind"]} "{error.details.get("name") or ""}" is invalid'
    if len(causes) == 1:
        return f"{head}: {causes[0]}"
    return f"{head}: \n" + "\n".join(f"* {cause}" for cause in causes) if causes else head


def usage(message: str) -> ResourceError:
    """What kubectl prints when it was asked for something that it does not do."""
    return ResourceError(f"no more retries error: {message}")
