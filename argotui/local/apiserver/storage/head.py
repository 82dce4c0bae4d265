"""The newest version of every object, in memory: names, labels, owners, no bodies."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Iterator

from argotui.local.apiserver.storage.entry import Entry, Key


class Shelf:
    """The objects of one collection in the order of lists: namespace, then name."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, str], Entry] = {}
        self._order: list[tuple[str, str]] = []
        self.changed = 0
        """seq of the last change of this collection."""

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, namespace: str, name: str) -> Entry | None:
        """One entry, or None."""
        return self._entries.get((namespace, name))

    def put(self, entry: Entry) -> None:
        """Adds or replaces."""
        place = (entry.key.namespace, entry.key.name)
        if place not in self._entries:
            insort(self._order, place)
        self._entries[place] = entry

    def drop(self, namespace: str, name: str) -> None:
        """Removes; silent when it is not there."""
        place = (namespace, name)
        if self._entries.pop(place, None) is not None:
            del self._order[bisect_left(self._order, place)]

    def select(self, namespace: str = "", after: tuple[str, str] | None = None) -> Iterator[Entry]:
        """Entries in order, of one namespace or of all, those behind `after` only."""
        start = bisect_left(self._order, (namespace, "")) if namespace else 0
        if after is not None:
            start = max(start, bisect_right(self._order, after))
        for place in self._order[start:]:
            if namespace and place[0] != namespace:
                return
            yield self._entries[place]


class Head:
    """All shelves, and who owns whom."""

    def __init__(self) -> None:
        self._shelves: defaultdict[str, Shelf] = defaultdict(Shelf)
        self._uids: dict[str, Key] = {}
        self._dependents: defaultdict[str, set[Key]] = defaultdict(set)
        self.floor = 0
        """seq up to which it is not known when a collection changed last."""

    def unchanged_since(self, collection: str, seq: int) -> bool:
        """Whether a list of the collection at `seq` is the same as one of now."""
        return max(self._shelves[collection].changed, self.floor) <= seq

    def shelf(self, collection: str) -> Shelf:
        """The shelf of a collection, empty when nothing was stored yet."""
        return self._shelves[collection]

    def get(self, key: Key) -> Entry | None:
        """The committed entry, or None."""
        shelf = self._shelves.get(key.collection)
        return shelf.get(key.namespace, key.name) if shelf else None

    def by_uid(self, uid: str) -> Entry | None:
        """The object with this uid, if it exists."""
        key = self._uids.get(uid)
        return self.get(key) if key else None

    def dependents(self, uid: str) -> list[Entry]:
        """Objects that name this uid as an owner."""
        found = (self.get(key) for key in self._dependents.get(uid, ()))
        return [entry for entry in found if entry is not None]

    def count(self) -> int:
        """How many objects there are."""
        return sum(len(shelf) for shelf in self._shelves.values())

    def size(self) -> int:
        """Bytes of all bodies."""
        return sum(entry.size for shelf in self._shelves.values() for entry in shelf.select())

    def has_namespaced(self, namespace: str) -> Iterator[Entry]:
        """Every object in a namespace, of all collections."""
        for shelf in list(self._shelves.values()):
            yield from shelf.select(namespace)

    def collections(self) -> list[str]:
        """Names of the collections that hold something."""
        return [name for name, shelf in self._shelves.items() if len(shelf)]

    def put(self, entry: Entry) -> None:
        """Makes `entry` the newest version of its object."""
        old = self.get(entry.key)
        if old is not None:
            self._forget(old)
        shelf = self._shelves[entry.key.collection]
        shelf.put(entry)
        shelf.changed = entry.seq
        self._uids[entry.uid] = entry.key
        for owner in entry.owners:
            self._dependents[owner].add(entry.key)

    def drop(self, key: Key, seq: int) -> None:
        """The object was deleted by the change `seq`."""
        old = self.get(key)
        shelf = self._shelves[key.collection]
        shelf.changed = seq
        if old is not None:
            self._forget(old)
            shelf.drop(key.namespace, key.name)

    def _forget(self, entry: Entry) -> None:
        self._uids.pop(entry.uid, None)
        for owner in entry.owners:
            keys = self._dependents.get(owner)
            if keys is not None:
                keys.discard(entry.key)
                if not keys:
                    del self._dependents[owner]
