import asyncio

import pytest

from argotui.controller.lease import LeaseLost
from argotui.controller.requests import GivenUp, Requests
from argotui.kube.errors import ApiError, KubeError, Unreachable


class Permit:
    lost = False

    def check(self) -> None:
        if self.lost:
            raise LeaseLost

    async def fresh(self) -> None:
        """Always."""


class Server:
    def __init__(self, *answers: KubeError) -> None:
        self.answers = list(answers)
        self.calls = 0
        self.open = asyncio.Event()
        self.open.set()
        self.at_once = self.most = 0

    async def __call__(self) -> str:
        self.calls += 1
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await self.open.wait()
        self.at_once -= 1
        if self.answers:
            raise self.answers.pop(0)
        return "done"


async def test_it_asks_until_it_is_answered() -> None:
    server = Server(Unreachable("cut"), ApiError(429, "TooManyRequests", "busy"), ApiError(503, "", "down"))
    assert await Requests(Permit()).send(server, asyncio.Event()) == "done"
    assert server.calls == 4


@pytest.mark.parametrize(
    "error",
    [
        ApiError(404, "NotFound", "no"),
        ApiError(403, "Forbidden", "no right"),
        ApiError(403, "Forbidden", "pods is forbidden: exceeded quota: q"),
        ApiError(500, "InternalError", "bug"),
    ],
)
async def test_final_answers_are_raised_at_once(error: ApiError) -> None:
    server = Server(error)
    with pytest.raises(ApiError):
        await Requests(Permit()).send(server, asyncio.Event())
    assert server.calls == 1


async def test_no_more_at_once_than_there_are_slots() -> None:
    requests, server = Requests(Permit(), slots=3), Server()
    server.open.clear()
    tasks = [asyncio.create_task(requests.send(server, asyncio.Event())) for _ in range(10)]
    await asyncio.sleep(0.01)
    assert server.calls == 3
    server.open.set()
    await asyncio.gather(*tasks)
    assert server.most == 3


async def test_giving_up_ends_the_wait() -> None:
    given_up, server = asyncio.Event(), Server(*[ApiError(429, "", "busy", retry_after=60.0)] * 9)
    task = asyncio.create_task(Requests(Permit()).send(server, given_up))
    await asyncio.sleep(0.01)
    given_up.set()
    async with asyncio.timeout(1):
        with pytest.raises(GivenUp):
            await task
    assert server.calls == 1


async def test_a_busy_server_slows_everybody_down() -> None:
    requests = Requests(Permit())
    busy = Server(*[ApiError(429, "", "busy", retry_after=60.0)] * 9)
    given_up = asyncio.Event()
    first = asyncio.create_task(requests.send(busy, given_up))
    await asyncio.sleep(0.01)
    other = Server()
    second = asyncio.create_task(requests.send(other, given_up))
    await asyncio.sleep(0.05)
    assert other.calls == 0
    given_up.set()
    await asyncio.wait([first, second])
    assert isinstance(first.exception(), GivenUp)
    assert isinstance(second.exception(), GivenUp)


async def test_nothing_is_sent_without_the_lease() -> None:
    permit, server = Permit(), Server(Unreachable("cut"))
    requests = Requests(permit)
    task = asyncio.create_task(requests.send(server, asyncio.Event()))
    await asyncio.sleep(0.001)
    permit.lost = True
    with pytest.raises(LeaseLost):
        await task
    assert server.calls == 1
