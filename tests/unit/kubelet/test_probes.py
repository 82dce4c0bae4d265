"""Probes: what they ask, what follows from their answers, and what the pod's status says."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from argotui.local.kubelet.probes import Probe, Prober
from argotui.model.resources import PODS
from tests.unit.kubelet.memory import Memory, ended, kubelet, plain

Document = dict[str, Any]


class Answers:
    """A command that gives these exit codes, the last one for ever."""

    def __init__(self, *codes: int | None) -> None:
        self.codes = list(codes)
        self.asked = 0

    async def __call__(self, command: list[str], seconds: float) -> int | None:
        self.asked += 1
        return self.codes.pop(0) if len(self.codes) > 1 else self.codes[0]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Probe.of
    monkeypatch.setattr(Probe, "of", lambda declared: Probe(**{**vars(real(declared)), "period": 0.01}))


async def seen(prober: Prober, condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.005)


def watched(container: Document, answers: Any) -> tuple[Prober, list[str]]:
    said: list[str] = []
    prober = Prober(container, answers, lambda: said.append(f"ready {prober.ready}"), lambda: said.append("end"))
    return prober, said


PING = {"exec": {"command": ["ping"]}}


async def test_ready_from_the_start_without_probes() -> None:
    prober, said = watched({}, Answers(1))
    assert prober.ready
    prober.start()
    prober.stop()
    assert (prober.ready, said) == (False, [])


async def test_ready_and_not_ready_and_ready_again() -> None:
    declared = {**PING, "successThreshold": 2, "failureThreshold": 2}
    prober, said = watched({"readinessProbe": declared}, Answers(0, 1, 0, 0, 1, None, 0, 0))
    assert not prober.ready
    prober.start()
    await seen(prober, lambda: len(said) == 3)
    prober.stop()
    assert said == ["ready True", "ready False", "ready True"]


async def test_a_container_that_does_not_start_is_ended() -> None:
    answers = Answers(1)
    prober, said = watched({"startupProbe": {**PING, "failureThreshold": 4}, "readinessProbe": PING}, answers)
    prober.start()
    await seen(prober, lambda: bool(said))
    prober.stop()
    assert (said, answers.asked) == (["end"], 4)


async def test_readiness_waits_for_the_start() -> None:
    prober, said = watched({"startupProbe": PING}, Answers(1, 1, 0))
    assert not prober.ready
    prober.start()
    await seen(prober, lambda: prober.ready)
    prober.stop()
    assert said == ["ready True"]


async def test_a_container_that_lives_no_more_is_ended() -> None:
    answers = Answers(0, 1, 1, 0, 1)
    prober, said = watched({"livenessProbe": PING}, answers)
    assert prober.ready
    prober.start()
    await seen(prober, lambda: bool(said))
    prober.stop()
    assert (said, answers.asked) == (["end"], 7)  # three in a row


async def test_http() -> None:
    codes = [503, 200, 399, 400]
    heard: list[Any] = []

    async def answer(request: web.Request) -> web.Response:
        heard.append((request.path, request.headers.get("X-A")))
        return web.Response(status=codes.pop(0))

    app = web.Application()
    app.router.add_get("/up", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    get = {"path": "up", "port": "web", "httpHeaders": [{"name": "X-A", "value": "1"}]}
    container = {"ports": [{"name": "web", "containerPort": port}], "readinessProbe": {"httpGet": get}}
    prober, _ = watched(container, Answers(1))
    probe = Probe.of(container["readinessProbe"])  # type: ignore[arg-type]
    assert [await prober._succeeds(probe) for _ in range(4)] == [False, True, True, False]
    assert heard == [("/up", "1")] * 4
    assert await prober._succeeds(Probe.of({"tcpSocket": {"port": port}}))
    await runner.cleanup()
    assert not await prober._succeeds(probe)
    assert not await prober._succeeds(Probe.of({"tcpSocket": {"port": port}}))


@pytest.mark.parametrize(
    "action", [{"httpGet": {"port": "x"}}, {"tcpSocket": {}}, {"httpGet": {"port": 1, "path": "://"}}]
)
async def test_probes_that_cannot_be_asked(action: Document) -> None:
    prober, _ = watched({}, Answers(1))
    assert not await prober._succeeds(Probe.of(action))


def ready(memory: Memory, name: str) -> list[bool]:
    return [one["ready"] for one in (memory.pod(name).get("status") or {}).get("containerStatuses") or ()]


async def test_the_status_of_a_pod_says_when_it_is_ready(tmp_path: Path) -> None:
    memory, mark = Memory(), tmp_path / "mark"
    probe = {"exec": {"command": ["sh", "-c", f"test $A = 1 && test -e {mark}"]}}
    container = {"readinessProbe": probe, "env": [{"name": "A", "value": "1"}]}
    async with kubelet(memory, tmp_path) as agent:
        created = await memory.create(PODS, plain("p", "sleep", "600", container=container))
        await memory.until(lambda: memory.phase("p") == "Running")
        assert ready(memory, "p") == [False]
        conditions = {one["type"]: one["status"] for one in memory.pod("p")["status"]["conditions"]}
        assert conditions["Ready"] == "False"
        mark.touch()
        await memory.until(lambda: ready(memory, "p") == [True])
        assert await agent.signal(created["metadata"]["uid"], "main", 15) == ""
        pod = await memory.over("p")
    assert ready(memory, "p") == [False]
    assert ended(pod, "main")["exitCode"] == 143


async def test_a_liveness_probe_ends_the_container(tmp_path: Path) -> None:
    memory = Memory()
    probe = {"exec": {"command": ["no-such-program"]}}
    async with kubelet(memory, tmp_path):
        await memory.create(PODS, plain("p", "sleep", "600", container={"livenessProbe": probe}))
        pod = await memory.over("p")
    assert pod["status"]["phase"] == "Failed"
    assert ended(pod, "main")["exitCode"] == 143


async def test_a_probe_that_hangs_has_failed_and_is_killed(tmp_path: Path) -> None:
    memory, mark = Memory(), tmp_path / "mark"
    script = f"test -e {mark} && exit 0; touch {mark}; exec sleep 600"
    probe = {"exec": {"command": ["sh", "-c", script]}, "failureThreshold": 5}
    async with kubelet(memory, tmp_path) as agent:
        created = await memory.create(PODS, plain("p", "sleep", "600", container={"startupProbe": probe}))
        await memory.until(lambda: ready(memory, "p") == [True])
        await agent.signal(created["metadata"]["uid"], "main", 9)
        await memory.over("p")
