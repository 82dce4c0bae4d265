"""The log of one container, line by line, each with the time at which it was written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from argotui.kube.backoff import Backoff
from argotui.kube.errors import ApiError, BrokenStream, Silent, Unreachable
from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.resources import PODS
from argotui.services.streams import closing

if TYPE_CHECKING:
    from argotui.kube.client import Client

MAX_LINE = 1 << 20
"""Bytes after which a line without an end is handed on in pieces, so that no log can fill the memory."""

_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 5.0
_QUIET = 120.0
"""Seconds without a byte after which a followed log is asked for anew, in case the connection is dead."""

Note = Callable[[str], None]


@dataclass(frozen=True)
class LogRequest:
    """What to read. `since_time` is RFC 3339 text; `labels` narrows the pods, `pod` names the only one."""

    container: str = "main"
    follow: bool = False
    tail_lines: int | None = None
    since_seconds: int | None = None
    since_time: str | None = None
    previous: bool = False
    pod: str = ""
    labels: str = ""


@dataclass(frozen=True, slots=True)
class LogSource:
    """Where a line comes from."""

    pod: str
    uid: str
    container: str
    node_id: str


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line without its end. `time` is the server's RFC 3339 text, `key` sorts by it; `text` is as written."""

    source: LogSource
    time: str
    key: str
    text: bytes


@dataclass(frozen=True)
class ContainerState:
    """`started` is the sort key of the moment the container started, empty while it has not."""

    started: str
    ended: bool


def container_state(pod: Document, container: str) -> ContainerState | None:
    """State of the container in the pod's status; None when the pod's spec has no such container."""
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    declared = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    if not any(item.get("name") == container for item in declared):
        return None
    for item in [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]:
        if item.get("name") == container:
            return _state(item)
    return ContainerState("", ended=status.get("phase") in ("Succeeded", "Failed"))


def _state(status: Document) -> ContainerState:
    state = status.get("state") or {}
    ended = "terminated" in state
    known = state.get("terminated") or state.get("running") or (status.get("lastState") or {}).get("terminated")
    if known is None:
        return ContainerState("", ended=False)
    return ContainerState(sort_key(known.get("startedAt") or "") or "0", ended)


def sort_key(time: str) -> str:
    """Text that sorts as RFC 3339 times do, whatever their fraction and zone; empty when it is no time."""
    if time.endswith("Z") and len(time) >= 20:
        whole, fraction = time[:19], time[20:-1]
        return f"{whole}.{fraction:0<9}"
    try:
        moment = datetime.fromisoformat(time).astimezone(UTC)
    except ValueError:
        return ""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + "000"


class LogStream:
    """Reads one container's log in batches; with `live` it follows, and takes a cut connection up again."""

    def __init__(
        self, client: Client, namespace: str, source: LogSource, request: LogRequest, *, live: bool, on_note: Note
    ) -> None:
        self.source = source
        self.live = live
        self._client = client
        self._namespace = namespace
        self._request = request
        self._note = on_note
        self._lines = _Lines(source)
        self._backoff = Backoff(_FIRST_PAUSE, _LONGEST_PAUSE)
        self._told = ""
        """The trouble that was noted last and is not over."""
        self._ended = False
        """The container has ended while it was followed; its log is read once more, for what came last."""

    async def batches(self) -> AsyncIterator[list[LogLine]]:
        """Lines as they arrive, several at a time, until the log ends.

        What cannot be read is noted. Raised is only what stands in the way of every log: missing rights
        (ApiError) and, unless it is followed, a server that does not answer (Unreachable).
        """
        while True:
            try:
                async with closing(self._read()) as batches:
                    async for batch in batches:
                        self._heard()
                        yield batch
            except ApiError as error:
                if not self._may_come_back(error):
                    return
            except (Unreachable, BrokenStream) as error:
                if not self.live:
                    raise
                if not isinstance(error, Silent):  # else a quiet log, or a dead wire: asking again tells them apart
                    self._trouble(f"{error}; trying again")
            else:
                if not self.live:
                    return
            self._ended = await self._is_over()
            self.live = not self._ended
            if self.live:
                await asyncio.sleep(self._backoff.next())

    def _heard(self) -> None:
        self._told = ""
        self._backoff.reset()

    def _trouble(self, reason: str) -> None:
        """Says it once, however often it is tried again."""
        if reason != self._told:
            self._told = reason
            self._note(f"{self.source.pod}: {reason}")

    def _may_come_back(self, error: ApiError) -> bool:
        """Whether a followed log can still be read later. Raises what stands in the way of every log."""
        if error.is_forbidden or (error.is_unauthorized and not self.live):
            raise error
        if self.live and (error.is_unauthorized or error.is_overload):
            self._trouble(f"{error.message}; trying again")
            return True
        if self.live and error.status == 400:  # the container is not ready to be read yet
            return True
        if not (self._ended and error.is_not_found):
            self._note(f"{self.source.pod}: {error.message}")
        return False

    async def _is_over(self) -> bool:
        """Whether the container has ended, and not only the connection."""
        try:
            pod = await self._client.get(PODS, self.source.pod, self._namespace)
        except ApiError as error:
            return error.is_not_found
        except (Unreachable, BrokenStream):
            return False
        state = container_state(pod, self.source.container)
        return documents.uid(pod) != self.source.uid or state is None or state.ended

    async def _read(self) -> AsyncIterator[list[LogLine]]:
        self._lines.begin()
        chunks = self._client.logs(
            self._namespace,
            self.source.pod,
            container=self.source.container,
            follow=self.live,
            timestamps=True,
            previous=self._request.previous,
            silence=_QUIET,
            **self._window(),
        )
        async with closing(chunks) as arriving:
            async for chunk in arriving:
                batch = self._lines.feed(chunk)
                if batch:
                    yield batch
        last = self._lines.end()
        if last:
            yield last

    def _window(self) -> dict[str, Any]:
        """Which part of the log to ask for: what the person wanted, later what comes after the last line."""
        if self._lines.last_time:
            return {"since_time": f"{self._lines.last_key[:19]}Z"}
        return {
            "tail_lines": self._request.tail_lines,
            "since_seconds": self._request.since_seconds,
            "since_time": self._request.since_time,
        }


class _Lines:
    """Bytes of one log into lines; knows what was handed on already when the same part is read again."""

    def __init__(self, source: LogSource) -> None:
        self.last_time = ""
        self.last_key = ""
        self._source = source
        self._same = 0
        """Lines handed on that share `last_key`."""
        self._rest = b""
        self._inside = False
        """The next bytes go on with a line whose beginning was handed on."""
        self._seen_key = ""
        self._seen = 0

    def begin(self) -> None:
        """The log is read from the beginning, or from the second of the last line on."""
        self._rest, self._inside = b"", False
        self._seen_key, self._seen = self.last_key, self._same

    def feed(self, chunk: bytes) -> list[LogLine]:
        """The lines that this chunk completes."""
        *whole, self._rest = (self._rest + chunk).split(b"\n")
        batch = [line for raw in whole if (line := self._line(raw))]
        if len(self._rest) > MAX_LINE:
            line = self._line(self._rest)
            self._rest, self._inside = b"", True
            batch += [line] if line else []
        return batch

    def end(self) -> list[LogLine]:
        """A last line that has no end."""
        line = self._line(self._rest) if self._rest else None
        self._rest = b""
        return [line] if line else []

    def _line(self, raw: bytes) -> LogLine | None:
        if self._inside:
            self._inside = False
            return LogLine(self._source, self.last_time, self.last_key, raw) if raw else None
        stamp, _, text = raw.partition(b" ")
        time = stamp.decode("ascii", "replace")
        key = sort_key(time)
        if not key:
            time, key, text = self.last_time, self.last_key, raw
        if self._is_repeated(key):
            return None
        self._same = self._same + 1 if key == self.last_key else 1
        self.last_time, self.last_key = time, key
        return LogLine(self._source, time, key, text)

    def _is_repeated(self, key: str) -> bool:
        """Whether the line was handed on before the connection broke."""
        if not self._seen_key or key > self._seen_key:
            self._seen_key = ""
            return False
        if key < self._seen_key:
            return True
        self._seen -= 1
        return self._seen >= 0
