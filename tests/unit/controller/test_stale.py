"""Old copies: what the watch shows late, or again, is never acted upon (§8.5)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from argotui.model.documents import Document
from argotui.model.resources import PODS, WORKFLOWS
from tests.unit.controller.world import World, encode, workflow


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.005)


def show(world: World, copy: Document) -> None:
    """Every watch of workflows that are not complete shows the copy, as a server behind the others might."""
    for watch in world._shelf(WORKFLOWS).watches:
        if watch.covers(("argo", copy["metadata"]["name"]), copy["metadata"].get("labels") or {}):
            watch.events.put_nowait(("ADDED", encode(copy)))


async def test_an_old_copy_of_a_complete_workflow_runs_nothing_again() -> None:
    world = World()
    async with world.controlled():
        begun = world.put(
            WORKFLOWS, workflow("w", 3, podGC={"strategy": "OnPodCompletion", "deleteDelayDuration": "0s"})
        )
        await until(lambda: len(world.made("create", PODS)) == 3)
        middle = world.find(WORKFLOWS, "w")
        ended = await world.ended("w")
        await until(lambda: len(world.made("delete", PODS)) == 3)
        for copy in (begun, middle):
            show(world, copy)
            await asyncio.sleep(0.1)
        assert world.find(WORKFLOWS, "w") == ended
        assert len(world.made("create", PODS)) == 3


async def test_a_retried_one_is_newer_and_runs() -> None:
    world = World()
    async with world.controlled():
        world.put(WORKFLOWS, workflow("w"))
        ended = await world.ended("w")
        fresh = {"metadata": {"name": "w", "uid": ended["metadata"]["uid"]}, "spec": ended["spec"]}
        again = world.put(WORKFLOWS, fresh)
        assert again["metadata"]["uid"] == ended["metadata"]["uid"]
        found = await world.ended("w")
        assert found["status"]["phase"] == "Succeeded"


async def test_our_own_writes_shown_late_are_not_read_again() -> None:
    """The watch is always some writes behind; none of its copies makes a step happen twice."""
    world = World()
    copies: list[Document] = []

    async def keep(verb: str, plural: str, name: str) -> None:
        if (verb, plural) == ("patch", "workflows"):
            copies.append(world.find(WORKFLOWS, name))

    world.before = keep
    async with world.controlled():
        world.put(WORKFLOWS, {**workflow("w", 4), "metadata": {"name": "w"}})
        async with asyncio.timeout(30):
            while "w" not in {name for _, plural, name in world.calls if plural == "workflows"}:
                await asyncio.sleep(0.001)
        for _ in range(5):
            for copy in list(copies):
                show(world, copy)
            await asyncio.sleep(0.01)
        found = await world.ended("w")
    assert found["status"]["progress"] == "4/4"
    assert sorted(world.made("create", PODS)) == sorted(set(world.made("create", PODS)))
    assert ("get", "workflows", "w") not in world.calls, "nothing had to be read again"
