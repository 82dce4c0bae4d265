"""GET pods/NAME/log: what a container wrote, from the files that the kubelet keeps."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from aiohttp import web

from argotui.local.apiserver import requests, status
from argotui.local.apiserver.context import Call, Context
from argotui.local.apiserver.reading import missing
from argotui.local.apiserver.status import Cause
from argotui.local.apiserver.storage.entry import Key
from argotui.local.logfiles import NoLog, read_log
from argotui.model.documents import Document
from argotui.model.times import parse_time

_FIRST_SECONDS = 0.05
_NOT_ZERO = "Invalid value: 0: must be greater than 0"


@dataclass(frozen=True)
class _Wanted:
    follow: bool
    previous: bool
    timestamps: bool
    tail_lines: int | None
    limit_bytes: int | None
    since: datetime | None


async def serve(call: Call) -> web.StreamResponse:
    """Streams the log. Raises StatusError 400, 404 or 422 before the first byte."""
    entry = call.context.store.get(call.key)
    if entry is None:
        raise missing(call)
    wanted = _options(call.query)
    pod = call.context.store.document(entry)
    container = _container(pod, call.query.get("container", ""))
    _check_started(pod, container, previous=wanted.previous)
    chunks = read_log(
        call.context.directory / "pods",
        entry.uid,
        container,
        follow=wanted.follow,
        tail_lines=wanted.tail_lines,
        since_time=wanted.since,
        timestamps=wanted.timestamps,
        limit_bytes=wanted.limit_bytes,
        ended=_ended(call.context, call.key, entry.uid, container),
        previous=wanted.previous,
    )
    first = await _first(chunks)
    response = web.StreamResponse(headers={"Content-Type": "text/plain", "Cache-Control": "no-cache, private"})
    await response.prepare(call.request)
    try:
        await _send(response, first, chunks)
        await response.write_eof()
    except ConnectionResetError:
        pass  # the reader has left
    finally:
        first.cancel()
    return response


async def _first(chunks: AsyncIterator[bytes]) -> asyncio.Task[bytes | None]:
    """The first chunk on its way. Raises StatusError 400 when there is no log."""

    async def take() -> bytes | None:
        return await anext(chunks, None)

    task = asyncio.create_task(take())
    # a follower gets its headers although nothing has been written yet
    await asyncio.wait([task], timeout=_FIRST_SECONDS)
    if task.done() and isinstance(error := task.exception(), NoLog):
        raise status.bad_request(str(error))
    return task


async def _send(response: web.StreamResponse, first: asyncio.Task[bytes | None], chunks: AsyncIterator[bytes]) -> None:
    chunk = await first
    while chunk is not None:
        await response.write(chunk)
        chunk = await anext(chunks, None)


def _options(query: dict[str, str]) -> _Wanted:
    causes = []
    limit, seconds = requests.number(query, "limitBytes"), requests.number(query, "sinceSeconds")
    for name, value in (("limitBytes", limit), ("sinceSeconds", seconds)):
        if value == 0:
            causes.append(Cause("FieldValueInvalid", _NOT_ZERO, name))
    since = _moment(query.get("sinceTime", ""), causes)
    if seconds is not None and since is not None:
        text = "Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified"
        causes.append(Cause("FieldValueForbidden", text, ""))
    if causes:
        raise status.invalid("PodLogOptions", "", "", causes)
    if seconds is not None:
        since = datetime.now(UTC) - timedelta(seconds=min(seconds, 10**9))
    return _Wanted(
        follow=requests.flag(query, "follow"),
        previous=requests.flag(query, "previous"),
        timestamps=requests.flag(query, "timestamps"),
        tail_lines=requests.number(query, "tailLines"),
        limit_bytes=limit,
        since=since,
    )


def _moment(text: str, causes: list[Cause]) -> datetime | None:
    try:
        return parse_time(text)
    except ValueError as error:
        causes.append(Cause("FieldValueInvalid", f"Invalid value: {error}", "sinceTime"))
        return None


def _container(pod: Document, wanted: str) -> str:
    """The container's name: the one that was asked for, or the only one."""
    spec, name = pod["spec"], pod["metadata"]["name"]
    regular = [str(container["name"]) for container in spec.get("containers", ())]
    initial = [str(container["name"]) for container in spec.get("initContainers", ())]
    if wanted:
        if wanted not in regular and wanted not in initial:
            raise status.bad_request(f"container {wanted} is not valid for pod {name}")
        return wanted
    if len(regular) == 1 and not initial:
        return regular[0]
    text = f"a container name must be specified for pod {name}, choose one of: [{' '.join(regular)}]"
    if initial:
        text += f" or one of the init containers: [{' '.join(initial)}]"
    raise status.bad_request(text)


def _container_status(pod: Document, container: str) -> Document:
    found = pod.get("status") or {}
    for group in ("containerStatuses", "initContainerStatuses"):
        for one in found.get(group) or ():
            if one.get("name") == container:
                return one  # type: ignore[no-any-return]
    return {}


def _check_started(pod: Document, container: str, *, previous: bool) -> None:
    """Raises StatusError 400 for a container that has written nothing because it has not started."""
    name, found = pod["metadata"]["name"], _container_status(pod, container)
    if previous:
        if "terminated" not in (found.get("lastState") or {}):
            raise status.bad_request(f'previous terminated container "{container}" in pod "{name}" not found')
        return
    state = found.get("state") or {}
    if "running" in state or "terminated" in state:
        return
    reason = (state.get("waiting") or {}).get("reason") or "ContainerCreating"
    raise status.bad_request(f'container "{container}" in pod "{name}" is waiting to start: {reason}')


def _ended(context: Context, key: Key, uid: str, container: str) -> Callable[[], bool]:
    """Tells a follower whether the container will write no more."""

    def ended() -> bool:
        entry = context.store.get(key)
        if entry is None or entry.uid != uid or context.closing.is_set():
            return True
        pod = context.store.document(entry)
        if (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
            return True
        return "terminated" in (_container_status(pod, container).get("state") or {})

    return ended
