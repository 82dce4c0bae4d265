"""Telling watchers what changed.

Every committed change is offered to the watchers of its collection. Each has a queue of references
to shared events; an event's line is encoded once for each form however many watchers there are.
A watcher that does not read is dropped with 410 when its queue is full, so that it cannot eat the
server's memory; it lists again and goes on.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from argotui.local.apiserver import views
from argotui.local.apiserver.accept import Form, View
from argotui.local.apiserver.selection import Selection
from argotui.local.apiserver.served import Collection
from argotui.local.apiserver.storage.entry import Entry
from argotui.local.apiserver.storage.store import Change

_QUEUE_EVENTS = 10_000
_QUEUE_BYTES = 32 << 20


@dataclass(slots=True, eq=False)
class Happening:
    """A change with the lines made of it so far."""

    change: Change
    lines: dict[tuple[str, View], bytes] = field(default_factory=dict)
    _left: bytes | None = None

    def left(self, read: Callable[[int], bytes]) -> bytes:
        """The last sight of the object for one whose selection it left. `read` gives a body by its seq."""
        if self._left is None:
            assert self.change.previous is not None
            self._left = with_revision(read(self.change.previous.seq), self.change.entry.seq)
        return self._left


def with_revision(body: bytes, seq: int) -> bytes:
    """The object with another resourceVersion: the last sight of it for one whose selection it left."""
    document = msgspec.json.decode(body)
    document["metadata"]["resourceVersion"] = str(seq)
    return views.encode(document)


def line(collection: Collection, type_: str, entry: Entry, body: bytes, view: View, *, columns: bool) -> bytes:
    """One line of a watch. `columns`: a Table starts with its column definitions."""
    form = views.form(collection, entry, body, view)
    if view.form is Form.TABLE:
        form = views.table(collection, entry, form, columns=columns)
    return views.event_line(type_, form)


def transition(change: Change, selection: Selection) -> str:
    """What the change is to somebody who sees only the selection: ADDED, MODIFIED, DELETED, LEFT or ""."""
    after = not change.deleted and selection.matches(change.entry)
    before = change.previous is not None and selection.matches(change.previous)
    if change.deleted:
        return "DELETED" if before else ""
    if after:
        return "MODIFIED" if before else "ADDED"
    return "LEFT" if before else ""


class Subscription:
    """One watcher's queue."""

    def __init__(self, collection: Collection, selection: Selection) -> None:
        self.collection = collection
        self.selection = selection
        self.overflowed = False
        self.waiting: deque[tuple[str, Happening]] = deque()
        self.wake = asyncio.Event()
        self._size = 0

    def offer(self, type_: str, happening: Happening) -> None:
        """Queues an event, or gives up when the watcher is too far behind."""
        if self.overflowed:
            return
        self._size += happening.change.entry.size
        if len(self.waiting) >= _QUEUE_EVENTS or self._size > _QUEUE_BYTES:
            self.overflowed = True
            self.waiting.clear()
        else:
            self.waiting.append((type_, happening))
        self.wake.set()

    def take(self) -> list[tuple[str, Happening]]:
        """What has queued up."""
        taken = list(self.waiting)
        self.waiting.clear()
        self._size = 0
        self.wake.clear()
        return taken


class Hub:
    """The subscriptions of all collections."""

    def __init__(self) -> None:
        self._subscriptions: defaultdict[str, set[Subscription]] = defaultdict(set)

    def subscribe(self, collection: Collection, selection: Selection) -> Subscription:
        """Starts to collect events for a watcher."""
        subscription = Subscription(collection, selection)
        self._subscriptions[collection.id].add(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Ends it."""
        self._subscriptions[subscription.collection.id].discard(subscription)

    def publish(self, change: Change) -> None:
        """Offers a committed change to everybody who watches its collection."""
        subscriptions = self._subscriptions.get(change.entry.key.collection)
        if not subscriptions:
            return
        happening = Happening(change)
        for subscription in subscriptions:
            type_ = transition(change, subscription.selection)
            if type_:
                subscription.offer(type_, happening)

    def wake_all(self) -> None:
        """Makes every watcher look at whether the server is closing."""
        for found in self._subscriptions.values():
            for subscription in found:
                subscription.wake.set()

    def watchers(self) -> int:
        """How many there are."""
        return sum(len(found) for found in self._subscriptions.values())
