import pytest

from argotui.controller.packing import Packing, WorkflowTooLarge, size_limit
from argotui.engine.nodemap import node_map
from argotui.model.documents import Document
from argotui.model.patching import merge_patch


def workflow(count: int) -> Document:
    nodes = {f"n{i}": {"id": f"n{i}", "phase": "Pending", "text": "x" * 100} for i in range(count)}
    return {"metadata": {"name": "w"}, "spec": {}, "status": {"phase": "Running", "nodes": nodes}}


class Store:
    """What the server has, and what the engine has, write by write."""

    def __init__(self, start: Document, limit: int) -> None:
        self.stored, self.current = start, start
        self.packing = Packing(start, limit)

    async def write(self, changes: Document) -> Document:
        self.current = merge_patch(self.current, changes)
        body = await self.packing.body(changes, self.current)
        self.stored = merge_patch(self.stored, body)
        self.packing.stored()
        assert node_map(self.stored) == self.current["status"]["nodes"]
        return body


async def test_small_workflows_are_patched_as_they_changed() -> None:
    store = Store(workflow(3), 10_000)
    changes = {"status": {"nodes": {"n1": {"phase": "Running"}}}}
    assert await store.write(changes) == changes


async def test_it_is_compressed_when_it_grows_and_plain_when_it_shrinks() -> None:
    store = Store(workflow(3), 5_000)
    grown = {f"m{i}": {"id": f"m{i}", "text": "y" * 100} for i in range(60)}
    body = await store.write({"status": {"nodes": grown}})
    assert body["status"]["nodes"] is None
    assert "compressedNodes" in store.stored["status"]
    again = await store.write({"status": {"nodes": {"m5": {"text": "changed"}, "m6": None}, "message": "hm"}})
    assert again["status"]["message"] == "hm"
    assert len(store.stored["status"]["compressedNodes"]) < 2000
    await store.write({"status": {"nodes": dict.fromkeys(grown)}})
    assert "compressedNodes" not in store.stored["status"]
    assert len(store.stored["status"]["nodes"]) == 3


async def test_a_write_that_was_not_stored_can_be_made_again() -> None:
    store = Store(workflow(60), 5_000)
    changes = {"status": {"nodes": {"n1": {"phase": "Running"}}}}
    store.current = merge_patch(store.current, changes)
    await store.packing.body(changes, store.current)  # lost
    await store.write(changes)
    assert "nodes" not in store.stored["status"]


async def test_an_object_found_compressed_is_written_whole_when_it_fits() -> None:
    big = Store(workflow(60), 5_000)
    await big.write({"status": {"message": "m"}})
    found = big.stored
    small = Store(found, 1_000_000)
    small.current = {**found, "status": {**found["status"], "nodes": dict(node_map(found))}}
    await small.write({"status": {"nodes": {"n1": {"phase": "Failed"}}}})
    assert "compressedNodes" not in small.stored["status"]
    assert len(small.stored["status"]["nodes"]) == 60


async def test_what_does_not_fit_even_compressed_is_an_error() -> None:
    import random

    noise = random.Random(1)
    nodes = {f"n{i}": {"text": str(noise.random()) * 3} for i in range(200)}
    packing = Packing(workflow(1), 2_000)
    with pytest.raises(WorkflowTooLarge, match=r"compressed size \d+ > maxSize 2000"):
        await packing.body({"status": {"nodes": nodes}}, {"status": {"nodes": nodes}})


def test_the_limit_is_upstreams() -> None:
    assert size_limit({}) == 1048576
    assert size_limit({"MAX_WORKFLOW_SIZE": "5"}) == 5
    assert size_limit({"MAX_WORKFLOW_SIZE": "five"}) == 1048576
