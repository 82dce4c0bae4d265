"""Events that say the same again are counted, and many alike become one, as Kubernetes' own recorder does (§8.8)."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from argotui.model import documents
from argotui.model.documents import Document, dig

ALIKE: Final = 10
"""Different messages of one kind about one object within the interval; from this one on they are one Event."""
INTERVAL: Final = 600.0
"""Seconds."""
COMBINED: Final = "(combined from similar events): "
_REMEMBERED: Final = 4096

Value = TypeVar("Value")


@dataclass(frozen=True)
class Correlated:
    """What to send: `body` to create, or the same as a change of the Event `name` that was created before."""

    key: str
    body: Document
    name: str = ""

    @property
    def patch(self) -> Document:
        """The change, as a merge patch."""
        return {key: self.body[key] for key in ("count", "lastTimestamp", "message")}


@dataclass
class _Kind:
    messages: dict[str, None] = field(default_factory=dict)
    last: float = 0.0


@dataclass
class _Sent:
    name: str
    first: str
    count: int


class _Newest(Generic[Value]):
    """So many entries; those that were asked for longest ago go first."""

    def __init__(self) -> None:
        self._entries: OrderedDict[str, Value] = OrderedDict()

    def get(self, key: str) -> Value | None:
        found = self._entries.get(key)
        if found is not None:
            self._entries.move_to_end(key)
        return found

    def put(self, key: str, value: Value) -> None:
        self._entries[key] = value
        self._entries.move_to_end(key)
        if len(self._entries) > _REMEMBERED:
            self._entries.popitem(last=False)

    def drop(self, key: str) -> None:
        self._entries.pop(key, None)


class Correlator:
    """Remembers what was sent. with_annotations: Events whose annotations differ are not alike."""

    def __init__(self, *, with_annotations: bool = False) -> None:
        self._with_annotations = with_annotations
        self._kinds: _Newest[_Kind] = _Newest()
        self._sent: _Newest[_Sent] = _Newest()

    def take(self, body: Document, now: float) -> Correlated:
        """What to make of one more Event. now: seconds of any clock. Tell `sent` when it was created."""
        key, body = self._aggregated(body, now)
        known = self._sent.get(key)
        if known is None:
            return Correlated(key, body)
        return Correlated(key, {**body, "count": known.count + 1, "firstTimestamp": known.first}, known.name)

    def sent(self, correlated: Correlated) -> None:
        """It was stored."""
        body = correlated.body
        name = correlated.name or str(body["metadata"]["name"])
        self._sent.put(correlated.key, _Sent(name, str(body["firstTimestamp"]), int(body["count"])))

    def forget(self, correlated: Correlated) -> None:
        """The Event that was to be changed is gone: the next one is created."""
        self._sent.drop(correlated.key)

    def _aggregated(self, body: Document, now: float) -> tuple[str, Document]:
        message = str(body["message"])
        alike = self._alike(body)
        kind = self._kinds.get(alike)
        if kind is None or now - kind.last > INTERVAL:
            kind = _Kind()
        kind.messages[message] = None
        kind.last = now
        self._kinds.put(alike, kind)
        if len(kind.messages) < ALIKE:
            return f"{alike}\0{message}", body
        del kind.messages[next(iter(kind.messages))]
        metadata = {key: value for key, value in body["metadata"].items() if key != "annotations"}
        return alike, {**body, "metadata": metadata, "message": COMBINED + message}

    def _alike(self, body: Document) -> str:
        about = body["involvedObject"]
        parts = [about.get(key) for key in ("kind", "namespace", "name", "uid", "apiVersion")]
        parts += [body["type"], body["reason"], dig(body, "source", "component")]
        if self._with_annotations:
            parts += sorted(documents.annotations(body).values())
        return "\0".join(map(str, parts))
