"""Pods of containerSets: order, failures, retries, and the end of what waits."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from argotui.local.kubelet.members import tried_again
from argotui.local.runtime.types import Refused
from argotui.model.resources import PODS
from tests.unit.kubelet.memory import Memory, ended, kubelet, step

Document = dict[str, Any]


def group(name: str, members: dict[str, Any], after: dict[str, list[str]], **more: Any) -> Document:
    """The pod of a containerSet. members: shell scripts by name; after: names of those a container waits for."""
    declared = [{"name": member, "dependencies": after.get(member, [])} for member in members]
    template = {
        "name": "t",
        "containerSet": {"containers": declared, **more.pop("group", {})},
        **more.pop("template", {}),
    }
    pod = step(name, "unused", template=template, **more)
    wait, main = pod["spec"]["containers"]
    prefix = main["command"][:-1]
    pod["spec"]["containers"] = [
        wait,
        *({**main, "name": key, "command": [*prefix, "sh", "-c"], "args": [script]} for key, script in members.items()),
    ]
    return pod


def is_running(pod: Document, name: str) -> bool:
    statuses = pod.get("status", {}).get("containerStatuses") or ()
    return any(status["name"] == name and "running" in status["state"] for status in statuses)


async def test_each_waits_for_those_it_depends_on(tmp_path: Path) -> None:
    memory, out = Memory(), tmp_path / "out"
    scripts = {name: f"echo {name} >>{out}" for name in ("main", "b", "a", "c")}
    after = {"main": ["b", "c"], "b": ["a"], "c": ["b"]}
    async with kubelet(memory, tmp_path):
        await memory.create(PODS, group("s", scripts, after))
        pod = await memory.over("s")
    assert pod["status"]["phase"] == "Succeeded"
    assert out.read_text().split() == ["a", "b", "c", "main"]


async def test_what_depends_on_a_failure_is_not_started(tmp_path: Path) -> None:
    memory, out = Memory(), tmp_path / "out"
    scripts = {"a": "exit 6", "b": f"touch {out}", "c": "true", "d": f"touch {out}"}
    async with kubelet(memory, tmp_path):
        await memory.create(PODS, group("s", scripts, {"b": ["a"], "d": ["b"]}))
        pod = await memory.over("s")
    assert not out.exists()
    assert {name: ended(pod, name)["exitCode"] for name in scripts} == {"a": 6, "b": 64, "c": 0, "d": 64}
    assert ended(pod, "b")["message"] == 'dependency "a" exited with non-zero code: 6'
    assert ended(pod, "d")["message"] == 'dependency "b" exited with non-zero code: 64'
    assert pod["status"]["phase"] == "Failed"


async def test_a_container_that_waits_is_ended_like_one_that_runs(tmp_path: Path) -> None:
    memory = Memory()
    async with kubelet(memory, tmp_path) as agent:
        created = await memory.create(PODS, group("s", {"a": "sleep 600", "b": "true"}, {"b": ["a"]}))
        await memory.until(lambda: memory.phase("s") == "Running")
        assert await agent.signal(created["metadata"]["uid"], "b", 15) == ""
        await memory.until(lambda: ended(memory.pod("s"), "b"))
        assert await agent.signal(created["metadata"]["uid"], "a", 9) == ""
        pod = await memory.over("s")
    assert ended(pod, "b")["exitCode"] == 143
    assert ended(pod, "a")["exitCode"] == 137


async def test_a_deleted_pod_ends_what_waits_too(tmp_path: Path) -> None:
    memory = Memory()
    async with kubelet(memory, tmp_path):
        await memory.create(PODS, group("s", {"a": "sleep 600", "b": "true"}, {"b": ["a"]}))
        await memory.until(lambda: memory.phase("s") == "Running")
        await memory.delete(PODS, "s", grace_seconds=5)
        await memory.until(lambda: not memory.pod("s"))


async def test_a_kubelet_that_comes_later_goes_on_with_the_set(tmp_path: Path) -> None:
    memory, out, gate = Memory(), tmp_path / "out", tmp_path / "gate"
    scripts = {"a": f"while ! test -e {gate}; do sleep 0.02; done", "b": f"echo b >>{out}"}
    async with kubelet(memory, tmp_path):
        await memory.create(PODS, group("s", scripts, {"b": ["a"]}))
        await memory.until(lambda: memory.phase("s") == "Running")
        await asyncio.sleep(0)
    async with kubelet(memory, tmp_path):
        gate.touch()
        pod = await memory.over("s")
    assert pod["status"]["phase"] == "Succeeded"
    assert out.read_text() == "b\n"


async def test_only_main_yields_outputs(tmp_path: Path) -> None:
    memory = Memory()
    scripts = {"other": "echo other", "main": "echo mine"}
    async with kubelet(memory, tmp_path):
        await memory.create(PODS, group("s", scripts, {}, result=True))
        await memory.over("s")
    assert memory.objects["workflowtaskresults", "s"]["outputs"] == {"result": "mine"}


@pytest.mark.parametrize(("retries", "tries", "code"), [("2", 3, 5), ("0", 1, 5), (4, 5, 0)])
async def test_a_command_of_a_set_is_tried_again(tmp_path: Path, retries: Any, tries: int, code: int) -> None:
    memory, out = Memory(), tmp_path / "out"
    out.touch()
    script = f"echo x >>{out}; test $(wc -l <{out}) -ge 5 || exit 5"
    strategy = {"retries": retries, "duration": "10ms"}
    async with kubelet(memory, tmp_path):
        await memory.create(PODS, group("s", {"main": script}, {}, group={"retryStrategy": strategy}))
        pod = await memory.over("s")
    assert ended(pod, "main")["exitCode"] == code
    assert len(out.read_text().split()) == tries


async def test_a_signal_ends_the_retries(tmp_path: Path) -> None:
    memory, out = Memory(), tmp_path / "out"
    strategy = {"retries": 100, "duration": "1ms"}
    script = f"echo x >>{out}; exec sleep 600"
    async with kubelet(memory, tmp_path) as agent:
        created = await memory.create(PODS, group("s", {"main": script}, {}, group={"retryStrategy": strategy}))
        await memory.until(lambda: is_running(memory.pod("s"), "main"))
        async with asyncio.timeout(30):
            while not out.exists():  # from then on the signal meets `sleep`, or the shell just before it
                await asyncio.sleep(0.01)
        assert await agent.signal(created["metadata"]["uid"], "main", 15) == ""
        pod = await memory.over("s")
    assert ended(pod, "main")["exitCode"] == 143
    assert out.read_text() == "x\n"


@pytest.mark.parametrize(
    "strategy", [{"retries": "many"}, {"retries": 1, "duration": "soon"}, {"retries": 1, "duration": "3"}]
)
def test_strategies_that_cannot_be_read(strategy: Document) -> None:
    template = {"containerSet": {"containers": [{"name": "a"}], "retryStrategy": strategy}}
    with pytest.raises(Refused, match=r"containerSet\.retryStrategy"):
        tried_again(["c"], template, "a")


def test_what_is_no_member_is_left_alone() -> None:
    template = {"containerSet": {"containers": [{"name": "a"}], "retryStrategy": {"retries": 1}}}
    assert tried_again(["c", "d"], template, "side") == ("c", "d")
    assert tried_again(["c"], json.loads("{}"), "main") == ("c",)
