"""The Kubernetes API as a handful of verbs over plain JSON documents.

Nothing is parsed into models; `metadata.managedFields` is dropped from whatever comes in, because
it is a third of the bytes and nobody here reads it. Every verb raises ApiError when the server
refuses and Unreachable when there was no answer.
"""

import copy
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from types import TracebackType
from typing import Any, Self

from argotui.kube.answers import ListPage, WatchEvent, document_of, drop_managed_fields, event_of
from argotui.kube.config import ClusterConfig
from argotui.kube.errors import BrokenStream
from argotui.kube.exec import ExecResult, run_command
from argotui.kube.lines import split_lines
from argotui.kube.transport import ANSWER_SECONDS, ATTEMPTS, JSON, Query, Transport, encode
from argotui.model.documents import Document
from argotui.model.resources import Resource

__all__ = ["WATCH_SILENCE", "Client", "Gate", "ListPage", "PatchKind", "WatchEvent", "drop_managed_fields"]

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
LIST_SILENCE = 120.0
WATCH_SILENCE = 120.0
"""Seconds without a byte (bookmarks come about once a minute) after which a watch counts as dead."""


Gate = Callable[[str, str], Awaitable[None]]
"""Returns when a request with this method and path may be sent."""


class PatchKind(StrEnum):
    """How the body of a patch is read; the value is its content type."""

    MERGE = "application/merge-patch+json"
    JSON = "application/json-patch+json"
    STRATEGIC = "application/strategic-merge-patch+json"
    APPLY = "application/apply-patch+yaml"


class Client:
    """`async with Client(load_cluster()) as client: …`"""

    def __init__(self, config: ClusterConfig, *, user_agent: str = "argotui") -> None:
        self.config = config
        self._transport = Transport(config, user_agent=user_agent)
        self._gate: Gate | None = None

    def observe(self, watcher: Callable[[str, str, int, float], None]) -> None:
        """`watcher` is told of every answer: method, path, status, seconds until it began."""
        self._transport.observe = watcher

    def gate(self, gate: Gate | None) -> None:
        """Every request but watches, logs and exec awaits `gate(method, path)` first: a limit of one's own."""
        self._gate = gate

    async def __aenter__(self) -> Self:
        await self._transport.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._transport.close()

    def acting_as(self, token: str) -> Self:
        """The same connections, with the rights of another token; not to be entered, it ends with this one."""
        other = copy.copy(self)
        other._transport = self._transport.with_token(token)
        other.config = other._transport.config
        return other

    async def get(self, res: Resource, name: str, namespace: str | None = None) -> Document:
        """One object."""
        return await self.raw("GET", res.path(namespace, name))

    async def list(
        self,
        res: Resource,
        namespace: str | None = None,
        *,
        label_selector: str = "",
        field_selector: str = "",
        limit: int = 0,
        continue_token: str = "",
        resource_version: str = "",
    ) -> ListPage:
        """One page of a list. Items carry `apiVersion` and `kind`, which servers leave out of typed lists."""
        query = _query(
            labelSelector=label_selector,
            fieldSelector=field_selector,
            limit=str(limit) if limit else "",
            resourceVersion=resource_version,
            **{"continue": continue_token},
        )
        document = await self._read_list(res.path(namespace), query, JSON)
        metadata = document.get("metadata") or {}
        items = document.get("items") or []
        for item in items:
            item.setdefault("apiVersion", res.api_version)
            item.setdefault("kind", res.kind)
            drop_managed_fields(item)
        return ListPage(items, str(metadata.get("resourceVersion") or ""), str(metadata.get("continue") or ""))

    async def table(
        self,
        res: Resource,
        namespace: str | None = None,
        *,
        include_object: str = "None",
        label_selector: str = "",
        field_selector: str = "",
        limit: int = 0,
        continue_token: str = "",
    ) -> Document:
        """The server's own columns (meta.k8s.io/v1 Table). `include_object`: None, Metadata or Object."""
        query = _query(
            includeObject=include_object,
            labelSelector=label_selector,
            fieldSelector=field_selector,
            limit=str(limit) if limit else "",
            **{"continue": continue_token},
        )
        return await self._read_list(res.path(namespace), query, TABLE)

    async def _read_list(self, path: str, query: Query, accept: str) -> Document:
        """Asked again once when the server is busy: who follows a list has pauses of its own, and shows them."""
        return await self._asked("GET", path, query, None, {"Accept": accept}, LIST_SILENCE, attempts=2)

    async def create(self, res: Resource, body: Document, namespace: str | None = None) -> Document:
        """POST; the namespace is the body's own unless given. Returns the object as stored."""
        return await self.raw("POST", res.path(_namespace(res, body, namespace)), body=body)

    async def replace(self, res: Resource, body: Document, *, subresource: str = "") -> Document:
        """PUT of the whole object; its own metadata says which. A stale resourceVersion is a conflict."""
        path = res.path(_namespace(res, body, None), str(body["metadata"]["name"]), subresource or None)
        return await self.raw("PUT", path, body=body)

    async def patch(
        self,
        res: Resource,
        name: str,
        body: Any,
        namespace: str | None = None,
        *,
        kind: PatchKind = PatchKind.MERGE,
        subresource: str = "",
    ) -> Document:
        """Changes part of an object. `metadata.resourceVersion` in a merge patch makes a stale one a conflict."""
        path = res.path(namespace, name, subresource or None)
        return await self.raw("PATCH", path, body=body, content_type=kind.value)

    async def apply(
        self, res: Resource, body: Document, *, field_manager: str, force: bool = False, dry_run: bool = False
    ) -> Document:
        """Server-side apply of the fields in `body`, creating the object where there is none.

        A field that somebody else applied with another value is a conflict (409), unless `force` takes it over.
        """
        path = res.path(_namespace(res, body, None), str(body["metadata"]["name"]))
        query = _query(fieldManager=field_manager, force="true" if force else "", dryRun="All" if dry_run else "")
        return await self.raw("PATCH", path, query=query, body=body, content_type=PatchKind.APPLY.value)

    async def delete(
        self,
        res: Resource,
        name: str,
        namespace: str | None = None,
        *,
        uid: str | None = None,
        resource_version: str | None = None,
        grace_seconds: int | None = None,
        propagation: str | None = None,
    ) -> Document:
        """`uid` and `resource_version` are preconditions: 409 when the object is another one by now."""
        options: Document = {"apiVersion": "v1", "kind": "DeleteOptions"}
        if grace_seconds is not None:
            options["gracePeriodSeconds"] = grace_seconds
        if propagation:
            options["propagationPolicy"] = propagation
        preconditions = _query(uid=uid or "", resourceVersion=resource_version or "")
        if preconditions:
            options["preconditions"] = preconditions
        return await self.raw("DELETE", res.path(namespace, name), body=options)

    async def delete_collection(self, res: Resource, namespace: str, *, label_selector: str) -> None:
        """Deletes all that match. An empty selector is refused: it would take the whole namespace."""
        if not label_selector:
            raise ValueError("delete_collection needs a label selector")
        query = {"labelSelector": label_selector}
        await self.raw("DELETE", res.path(namespace), query=query, silence=LIST_SILENCE)

    async def watch(
        self,
        res: Resource,
        namespace: str | None = None,
        *,
        resource_version: str,
        label_selector: str = "",
        field_selector: str = "",
        bookmarks: bool = True,
        table: str = "",
        silence: float = WATCH_SILENCE,
        seconds: int | None = None,
        opened: Callable[[], None] | None = None,
    ) -> AsyncGenerator[WatchEvent, None]:
        """Changes after `resource_version`, until the server ends the stream (after `seconds`, about 5 to 10 min).

        `table` is None/Metadata/Object to get each change as a Table of one row; `opened` is called once
        the server has accepted the watch. Raises ApiError for
        an ERROR event (`is_gone` when the version is too old), BrokenStream for a line that is no
        event, Unreachable when the connection is cut or says nothing for `silence` seconds.
        """
        query = _query(
            watch="1",
            resourceVersion=resource_version,
            labelSelector=label_selector,
            fieldSelector=field_selector,
            allowWatchBookmarks="true" if bookmarks else "",
            includeObject=table,
            # clients that all reconnect at once hurt the server, hence the spread
            timeoutSeconds=str(seconds if seconds is not None else random.randint(290, 580)),
        )
        headers = {"Accept": TABLE if table else JSON}
        path = res.path(namespace)
        async with self._transport.send(
            "GET", path, query=query, headers=headers, silence=silence, attempts=1
        ) as response:
            if opened is not None:
                opened()
            async for line in split_lines(response.content.iter_any()):
                yield event_of(line)

    async def logs(
        self,
        namespace: str,
        pod: str,
        *,
        container: str,
        follow: bool = False,
        tail_lines: int | None = None,
        since_seconds: int | None = None,
        since_time: str | None = None,
        timestamps: bool = False,
        previous: bool = False,
        limit_bytes: int | None = None,
        silence: float | None = None,
    ) -> AsyncGenerator[bytes, None]:
        """A container's log in chunks as they come, cut anywhere.

        A quiet followed log is no error, unless `silence` says after how many seconds it is (Silent).
        """
        query = _query(
            container=container,
            follow="true" if follow else "",
            tailLines=_number(tail_lines),
            sinceSeconds=_number(since_seconds),
            sinceTime=since_time or "",
            timestamps="true" if timestamps else "",
            previous="true" if previous else "",
            limitBytes=_number(limit_bytes),
        )
        silence = silence if follow else LIST_SILENCE
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}/log"
        async with self._transport.send(
            "GET", path, query=query, headers={"Accept": "*/*"}, silence=silence
        ) as response:
            async for chunk in response.content.iter_any():
                yield chunk

    async def exec(self, namespace: str, pod: str, container: str, command: Sequence[str]) -> ExecResult:
        """Runs `command` without input in a container and waits for it."""
        return await run_command(self._transport, namespace, pod, container, command)

    async def server_version(self) -> Document:
        """`{major, minor, gitVersion, …}`; answers without credentials on most clusters."""
        return await self.raw("GET", "/version")

    async def server_time(self) -> datetime:
        """The API server's clock (UTC), exact to a second and half the way there. Raises BrokenStream without one."""
        started = time.monotonic()
        async with self._transport.send("GET", "/version") as response:
            stamp = response.headers.get("Date", "")
        try:
            told = parsedate_to_datetime(stamp)
        except ValueError as error:
            raise BrokenStream(f"/version: the answer has no usable Date: {stamp[:40]!r}") from error
        return told.astimezone(UTC) + timedelta(seconds=(time.monotonic() - started) / 2)

    async def raw(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: Any = None,
        accept: str = JSON,
        content_type: str = JSON,
        silence: float | None = ANSWER_SECONDS,
    ) -> Document:
        """Any request with a JSON answer. `body` is encoded as JSON unless it is bytes."""
        headers = {"Accept": accept}
        payload: bytes | None = None
        if body is not None:
            headers["Content-Type"] = content_type
            payload = body if isinstance(body, bytes) else encode(body)
        return await self._asked(method, path, query, payload, headers, silence)

    async def _asked(
        self,
        method: str,
        path: str,
        query: Query | None,
        body: bytes | None,
        headers: Mapping[str, str],
        silence: float | None,
        attempts: int = ATTEMPTS,
    ) -> Document:
        if self._gate is not None:
            await self._gate(method, path)
        async with self._transport.send(
            method, path, query=query, body=body, headers=headers, silence=silence, attempts=attempts
        ) as response:
            text = await response.read()
        return document_of(text, path)


def _query(**values: str) -> dict[str, str]:
    return {key: value for key, value in values.items() if value}


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def _namespace(res: Resource, body: Mapping[str, Any], namespace: str | None) -> str | None:
    if not res.namespaced:
        return None
    found = namespace or (body.get("metadata") or {}).get("namespace")
    if not found:
        raise ValueError(f"{res.kind} needs a namespace")
    return str(found)
