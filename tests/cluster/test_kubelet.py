"""The kubelet as a process against the local API server: real sandboxes, real kills, large logs."""

import asyncio
import json
import os
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from argotui.model.resources import CONFIG_MAPS, NODES, PODS, SECRETS, WORKFLOW_TASK_RESULTS, WORKFLOWS
from tests.cluster.localnode import NS, LocalNode, local_node
from tests.unit.kubelet.memory import ended, plain, step

Document = dict[str, Any]
pytestmark = pytest.mark.timeout(180)
KILLS = {"sandbox": 20, "process": 8}


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[LocalNode]:
    async with local_node(tmp_path / "local") as started:
        yield started


@pytest.fixture
async def sandbox(node: LocalNode) -> LocalNode:
    """A node whose runtime is the sandbox."""
    if json.loads((node.directory / "runtime").read_text())["name"] != "sandbox":
        pytest.skip("no mount namespaces here")
    return node


async def owner(node: LocalNode) -> str:
    """A workflow that nobody runs, to own task results; its uid."""
    spec = {"entrypoint": "m", "suspend": True, "templates": [{"name": "m", "suspend": {}}]}
    body = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"name": "wf"}, "spec": spec}
    made = await node.client.create(WORKFLOWS, body, NS)
    return str(made["metadata"]["uid"])


def owned(pod: Document, uid: str) -> Document:
    text = json.dumps(pod).replace('"wf-uid"', json.dumps(uid))
    changed: Document = json.loads(text)
    return changed


async def test_the_node_tells_what_runs_its_pods(node: LocalNode) -> None:
    found = await node.client.get(NODES, "argotui-local")
    note = json.loads((node.directory / "runtime").read_text())
    ready = next(c for c in found["status"]["conditions"] if c["type"] == "Ready")
    assert ready["status"] == "True"
    assert note["not_isolated"][0] in ready["message"]
    assert found["status"]["nodeInfo"]["containerRuntimeVersion"].startswith(f"{note['name']}://")
    assert found["status"]["nodeInfo"]["bootID"] == Path("/proc/sys/kernel/random/boot_id").read_text().strip()


@pytest.mark.mounts
async def test_a_pod_in_the_sandbox(sandbox: LocalNode) -> None:
    node = sandbox
    await node.client.create(CONFIG_MAPS, {"metadata": {"name": "cm"}, "data": {"a": "1"}}, NS)
    await node.client.create(SECRETS, {"metadata": {"name": "sec"}, "stringData": {"pw": "hunter2"}}, NS)
    volumes = [
        {"name": "scratch", "emptyDir": {}},
        {"name": "cm", "configMap": {"name": "cm"}},
        {"name": "sec", "secret": {"secretName": "sec", "defaultMode": 0o400}},
        {"name": "host", "hostPath": {"path": str(node.directory.parent)}},
    ]
    mounts = [
        {"name": "scratch", "mountPath": "/scratch"},
        {"name": "cm", "mountPath": "/cm"},
        {"name": "cm", "mountPath": "/only-a", "subPath": "a"},
        {"name": "sec", "mountPath": "/sec"},
        {"name": "host", "mountPath": "/ro"},
        {"name": "host", "mountPath": "/rw", "readOnly": False},
    ]
    script = """cat /cm/a /only-a /sec/pw; echo; stat -L -c %a /sec/pw; echo 1 > /scratch/x && cat /scratch/x
! touch /ro/x 2>/dev/null && touch /rw/from-the-step; hostname; grep -c " p$" /etc/hosts; ls /proc | grep -c '^[0-9]'
echo done > /dev/termination-log; exit 4"""
    pod = plain("p", "sh", "-c", script, container={"volumeMounts": mounts}, volumes=volumes)
    await node.client.create(PODS, pod)
    over = await node.over("p")
    lines = (await node.log("p")).decode().split()
    assert lines[:6] == ["11hunter2", "400", "1", "p", "1", *lines[5:6]], lines
    assert int(lines[5]) < 8
    assert (ended(over, "main")["exitCode"], ended(over, "main")["message"]) == (4, "done\n")
    assert (node.directory.parent / "from-the-step").exists()
    condition = next(c for c in over["status"]["conditions"] if c["type"] == "argotui.io/HostTools")
    assert "pulled no image" in condition["message"]


async def test_a_log_is_followed_while_it_is_written(node: LocalNode) -> None:
    await node.client.create(PODS, plain("p", "sh", "-c", "for i in 1 2 3; do echo $i; sleep 0.2; done; printf end"))
    await node.until("p", lambda pod: pod.get("status", {}).get("phase") == "Running")
    chunks = [chunk async for chunk in node.client.logs(NS, "p", container="main", follow=True)]
    assert b"".join(chunks) == b"1\n2\n3\nend"
    assert len(chunks) > 1
    stamped = (await node.log("p", timestamps=True)).decode().splitlines()
    times = [line.partition(" ")[0] for line in stamped]
    assert times == sorted(times)
    assert times[0] < times[1] < times[2]


async def test_a_huge_log_is_kept_up_to_its_cap_and_disturbs_nobody(node: LocalNode) -> None:
    await node.client.create(PODS, plain("big", "sh", "-c", "head -c 1000000000 /dev/zero | tr '\\0' x; exit 3"))
    await node.client.create(PODS, plain("small", "echo", "hello"))
    assert (await node.over("small"))["status"]["phase"] == "Succeeded"
    over = await node.over("big", 120)
    assert ended(over, "main")["exitCode"] == 3
    uid = over["metadata"]["uid"]
    files = (node.directory / "pods" / uid).rglob("*")
    assert sum(path.stat().st_blocks * 512 for path in files if path.is_file()) < 70 << 20
    tail = await node.log("big", limit_bytes=(64 << 20) + 200)
    assert tail.endswith(b"what came after was not kept]\n")
    assert len(tail) < (64 << 20) + 200


async def test_a_deleted_pod_is_ended_and_leaves_nothing(node: LocalNode) -> None:
    pod = plain("p", "sh", "-c", "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done")
    await node.client.create(PODS, pod)
    await node.until("p", lambda pod: pod.get("status", {}).get("phase") == "Running")
    uid = (await node.pod("p"))["metadata"]["uid"]
    await node.client.delete(PODS, "p", NS)
    async with asyncio.timeout(30):
        while await node.exists("p"):
            await asyncio.sleep(0.02)
        while (node.directory / "pods" / uid).exists():
            await asyncio.sleep(0.02)


async def test_killing_everything_ends_the_steps(node: LocalNode) -> None:
    await node.client.create(PODS, plain("p", "sh", "-c", "(setsid sleep 79.25 &); sleep 79.25"))
    await node.until("p", lambda pod: pod.get("status", {}).get("phase") == "Running")
    await node.kill_kubelet()
    assert await node.kill_all() == []
    left = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            left += [pid] if b"79.25" in Path(f"/proc/{pid}/cmdline").read_bytes() else []
        except OSError:
            continue
    assert left == []


@pytest.mark.parametrize("runtime", [pytest.param("sandbox", marks=pytest.mark.mounts), "process"])
async def test_kills_lose_nothing_and_start_nothing_twice(tmp_path: Path, runtime: str) -> None:
    """kill -9 of the kubelet at random moments while 40 steps come, run and end."""
    dice = random.Random(int(os.environ.get("ARGOTUI_TEST_SEED", "4")))
    effects = tmp_path / "effects"
    effects.mkdir()
    names = [f"s{number}" for number in range(40)]
    volume = {"name": "effects", "hostPath": {"path": str(effects)}}
    mount = {"name": "effects", "mountPath": str(effects), "readOnly": False}
    async with local_node(tmp_path / "local", "auto" if runtime == "sandbox" else runtime) as node:
        if json.loads((node.directory / "runtime").read_text())["name"] != runtime:
            pytest.skip("no mount namespaces here")
        uid = await owner(node)
        for number, name in enumerate(names):
            seconds = dice.choice(("0.05", "0.3", "1", "2"))
            script = f"echo {name} >> {effects}/ran; echo begin; sleep {seconds}; echo {name}; exit {number % 3}"
            pod = owned(step(name, "sh", "-c", script, result=True), uid)
            pod["spec"]["volumes"].append(volume)
            pod["spec"]["containers"][1]["volumeMounts"].append(mount)
            await node.client.create(PODS, pod)
        for _ in range(KILLS[runtime]):
            await asyncio.sleep(dice.uniform(0.0, 0.4))  # the random moment
            await node.kill_kubelet()
            await node.start_kubelet(wait=dice.random() < 0.7)
        for number, name in enumerate(names):
            over = await node.over(name)
            assert ended(over, "main")["exitCode"] == number % 3, (name, over["status"], node.words())
            result = await node.client.get(WORKFLOW_TASK_RESULTS, name, NS)
            assert result["outputs"] == {"result": f"begin\n{name}"}
            assert result["metadata"]["labels"]["workflows.argoproj.io/report-outputs-completed"] == "true"
            assert await node.log(name) == f"begin\n{name}\n".encode()
        assert sorted((effects / "ran").read_text().split()) == sorted(names)
