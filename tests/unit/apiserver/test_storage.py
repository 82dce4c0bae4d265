"""The store: what is committed, what is pending, what is history, and what is left of it."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from argotui.local.apiserver import history
from argotui.local.apiserver.context import Context
from argotui.local.apiserver.housekeeping import Housekeeping
from argotui.local.apiserver.served import Collection, Served
from argotui.local.apiserver.status import StatusError
from argotui.local.apiserver.storage.compaction import Compaction, Keep
from argotui.local.apiserver.storage.database import UnknownFormat, prepare
from argotui.local.apiserver.storage.entry import Key
from argotui.local.apiserver.storage.store import Change, Store
from argotui.local.apiserver.watching import Hub


def configmaps() -> Collection:
    found = Served().get("configmaps")
    assert found is not None
    return found


def key(name: str, namespace: str = "ns") -> Key:
    return Key("configmaps", namespace, name)


def document(name: str, data: str = "", **metadata: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "ns", "uid": f"uid-{name}", **metadata}, "data": {"x": data}}


class Opened:
    """A store with what it published."""

    def __init__(self, path: Path, max_bytes: int = 0) -> None:
        self.published: list[Change] = []
        self.store = Store(path, {"configmaps": ("data.x",)}, self.published.append, max_bytes)


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Opened]:
    found = Opened(tmp_path / "db.sqlite")
    yield found
    found.store.close()


async def test_a_write_is_seen_when_it_is_stored(opened: Opened) -> None:
    store = opened.store
    stored = store.put(key("a"), document("a", "1"))
    assert store.get(key("a")) is None, "readers do not see what a crash could take back"
    latest = store.latest(key("a"))
    assert latest is not None, "the next write builds on it"
    assert store.latest_document(latest)["data"] == {"x": "1"}
    change = await stored
    entry = store.get(key("a"))
    assert entry is change.entry
    assert entry.field("data.x") == "1"
    assert store.revision == entry.seq == 1
    assert store.document(entry)["metadata"]["resourceVersion"] == "1"
    assert opened.published == [change]


async def test_changes_are_published_in_their_order(opened: Opened) -> None:
    store = opened.store
    await asyncio.gather(*[store.put(key(f"n{number}"), document(f"n{number}")) for number in range(700)])
    assert [change.entry.seq for change in opened.published] == list(range(1, 701))


async def test_an_object_can_come_back_while_its_deletion_is_pending(opened: Opened) -> None:
    store = opened.store
    await store.put(key("a"), document("a", "1"))
    first = store.delete(key("a"), document("a", "1"))
    assert store.latest(key("a")) is None
    second = store.put(key("a"), document("a", "2", uid="another"))
    await asyncio.gather(first, second)
    entry = store.get(key("a"))
    assert entry is not None
    assert entry.uid == "another"
    assert [(change.type, change.previous is not None) for change in opened.published] == [
        (1, False),
        (0, True),
        (1, False),
    ]


async def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    first = Opened(tmp_path / "db.sqlite").store
    await first.put(key("a"), document("a", "1", labels={"l": "1"}, ownerReferences=[{"uid": "o"}], finalizers=["f"]))
    await first.put(key("b"), document("b"))
    await first.put(key("a"), document("a", "2", labels={"l": "2"}, ownerReferences=[{"uid": "o"}], finalizers=["f"]))
    await first.delete(key("b"), document("b"))
    first.close()
    second = Opened(tmp_path / "db.sqlite").store
    entry = second.get(key("a"))
    assert entry is not None
    assert (entry.seq, entry.labels, entry.owners, entry.finalizers) == (3, {"l": "2"}, ("o",), ("f",))
    assert second.document(entry)["data"] == {"x": "2"}
    assert second.get(key("b")) is None
    assert second.revision == 4
    assert second.head.dependents("o") == [entry]
    change = await second.put(key("c"), document("c"))
    assert change.entry.seq == 5
    second.close()


async def test_what_builds_on_a_failed_write_fails_with_it(tmp_path: Path) -> None:
    opened = Opened(tmp_path / "db.sqlite", max_bytes=200_000)
    store = opened.store
    await store.put(key("a"), document("a", "1"))
    big = store.put(key("a"), document("a", "x" * 400_000))
    after = store.put(key("a"), document("a", "3"))
    results = await asyncio.gather(big, after, return_exceptions=True)
    assert isinstance(results[0], StatusError)
    entry = store.latest(key("a"))
    assert entry is not None
    # the third write may have gone into the failed transaction or come after it; it never stands on the second
    assert store.latest_document(entry)["data"]["x"] in ("1", "3")
    small = await store.put(key("b"), document("b"))
    assert small.entry.seq > 3
    assert store.get(key("b")) is small.entry
    store.close()


async def test_lists_are_in_the_order_of_names(opened: Opened) -> None:
    store = opened.store
    for namespace, name in (("z", "a"), ("a", "c"), ("a", "b"), ("m", "x")):
        await store.put(key(name, namespace), document(name))
    shelf = store.head.shelf("configmaps")
    assert [entry.key[1:] for entry in shelf.select()] == [("a", "b"), ("a", "c"), ("m", "x"), ("z", "a")]
    assert [entry.key.name for entry in shelf.select("a")] == ["b", "c"]
    assert [entry.key.name for entry in shelf.select("a", ("a", "b"))] == ["c"]
    await store.delete(key("b", "a"), document("b"))
    assert [entry.key.name for entry in shelf.select("a")] == ["c"]


async def test_the_past_can_be_read(opened: Opened) -> None:
    store, collection = opened.store, configmaps()
    await store.put(key("a"), document("a", "1"))
    await store.put(key("b"), document("b", "1"))
    await store.put(key("a"), document("a", "2"))
    await store.delete(key("b"), document("b", "1"))
    then = [(e.key.name, e.fields) async for e, _ in history.at(store, collection, 2, ("", ""))]
    assert [name for name, _ in then] == ["a", "b"]
    found = [
        (c.type, c.entry.key.name, bool(c.previous), b"1" in before)
        async for c, before in history.changes(store, collection, 1, 4)
    ]
    assert found == [(1, "b", False, False), (2, "a", True, True), (0, "b", True, True)]


async def test_compaction_removes_what_is_superseded_only(opened: Opened) -> None:
    store, collection = opened.store, configmaps()
    compaction = Compaction(store, Keep(seconds=0, least=0))
    for number in range(4):
        compaction.observe(await store.put(key("a"), document("a", str(number))))
    compaction.observe(await store.put(key("gone"), document("gone")))
    compaction.observe(await store.delete(key("gone"), document("gone")))
    await asyncio.sleep(0.01)
    compaction.observe(await store.put(key("b"), document("b")))
    compaction.run()
    await store.put(key("c"), document("c"))  # the writer has done the compaction by the time this is stored
    assert store.compacted == 6
    rows = sqlite3.connect(store.path).execute("SELECT name FROM event ORDER BY seq").fetchall()
    assert [name for (name,) in rows] == ["a", "b", "c"]
    entry = store.get(key("a"))
    assert entry is not None
    assert store.document(entry)["data"] == {"x": "3"}
    with pytest.raises(StatusError) as caught:
        [1 async for _ in history.changes(store, collection, 2, store.revision)]
    assert caught.value.code == 410


async def test_compaction_keeps_what_is_being_read(opened: Opened) -> None:
    store = opened.store
    compaction = Compaction(store, Keep(seconds=0, least=0))
    compaction.observe(await store.put(key("a"), document("a", "1")))
    with store.pinned():
        old = store.get(key("a"))
        assert old is not None
        for number in range(3):
            await asyncio.sleep(0.01)
            compaction.observe(await store.put(key("a"), document("a", str(number))))
        compaction.run()
        await store.put(key("b"), document("b"))
        assert store.bodies.read_many([old.seq])
    assert store.oldest_pin() is None


@pytest.mark.parametrize(
    ("keep", "reached"),
    [(Keep(), 0), (Keep(bytes=2500, least=0), 2), (Keep(versions=2, least=0), 2), (Keep(bytes=2500), 0)],
)
async def test_limits_of_history(opened: Opened, keep: Keep, reached: int, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    compaction = Compaction(opened.store, keep)
    compaction._spans[0].bytes = 0
    for number in range(4):
        clock[0] += 2
        compaction.observe(await opened.store.put(key("a"), document("a", str(number) * 900)))
    assert compaction.horizon(clock[0]) == reached
    assert compaction.horizon(clock[0] + 400) == 3


async def test_bodies_are_remembered_within_a_limit(opened: Opened) -> None:
    store = opened.store
    store.bodies._limit = 10_000
    changes = [await store.put(key(f"n{number}"), document(f"n{number}", "x" * 900)) for number in range(30)]
    kept = [change for change in changes if store.bodies.cached(change.entry.seq) is not None]
    assert 0 < len(kept) <= 10
    assert kept[-1] is changes[-1]
    assert all(store.document(change.entry)["data"]["x"] == "x" * 900 for change in changes)


def test_a_file_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "db.sqlite")
    connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(UnknownFormat, match="format 99"):
        prepare(tmp_path / "db.sqlite")


async def test_events_are_old_after_an_hour(opened: Opened, tmp_path: Path) -> None:
    context = Context(tmp_path, "", opened.store, Served(), Hub())
    housekeeping = Housekeeping(context, Compaction(opened.store, Keep()))
    found = [housekeeping.hour_old(minute * 60.0, minute * 10) for minute in range(70)]
    assert found[:61] == [0] * 61
    assert found[61:64] == [0, 10, 20]
