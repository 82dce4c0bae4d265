"""Turns are taken one by one, and the event loop breathes in between."""

import asyncio
import os

from argotui.controller.turns import Turns


async def test_each_turn_has_a_pass_of_the_loop_and_what_waits_is_served_in_between() -> None:
    turns, seen = Turns(_at_once), []
    reading, writing = os.pipe()
    asyncio.get_running_loop().add_reader(reading, lambda: seen.append("news" if os.read(reading, 1) else "end"))

    async def think(number: int) -> None:
        await turns.take()
        os.write(writing, b"x")
        seen.append(str(number))

    try:
        async with asyncio.TaskGroup() as group:
            for number in range(4):
                group.create_task(think(number))
    finally:
        asyncio.get_running_loop().remove_reader(reading)
        os.close(reading)
        os.close(writing)
    assert [each for each in seen if each != "news"] == ["0", "1", "2", "3"]
    assert seen.index("news") < seen.index("2")
    assert seen.count("news") >= 2


async def test_nobody_thinks_while_something_is_overdue() -> None:
    overdue = asyncio.Event()

    async def ready() -> None:
        await overdue.wait()

    turns = Turns(ready)
    waiting = [asyncio.create_task(turns.take()) for _ in range(3)]
    for _ in range(10):
        await asyncio.sleep(0)
    assert not any(task.done() for task in waiting)
    overdue.set()
    await asyncio.wait_for(asyncio.gather(*waiting), 5)


async def test_one_who_gives_up_while_waiting_leaves_the_place_to_the_others() -> None:
    overdue = asyncio.Event()

    async def ready() -> None:
        await overdue.wait()

    turns = Turns(ready)
    first, second, third = (asyncio.create_task(turns.take()) for _ in range(3))
    await asyncio.sleep(0)
    first.cancel()
    second.cancel()
    overdue.set()
    await asyncio.wait_for(third, 5)


async def _at_once() -> None:
    """Nothing is ever overdue."""
