"""Pods from binding to last status, on an API in memory, as plain processes."""

import asyncio
import base64
import os
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from argotui.kube.reflector import Delta, DeltaType
from argotui.local.runtime.records import ContainerRecord
from argotui.model.resources import CONFIG_MAPS, PODS, SECRETS, WORKFLOW_TASK_SETS
from argotui.model.times import format_time
from tests.unit.kubelet.memory import Memory, agent_pod, ended, kubelet, plain, resource_step, step

Document = dict[str, Any]


def record(folder: Path, memory: Memory, name: str, container: str = "main") -> ContainerRecord:
    uid = memory.pod(name)["metadata"]["uid"]
    return ContainerRecord(folder / "pods" / uid / "containers" / container, uid, container)


def result_of(memory: Memory, name: str) -> tuple[str, Any]:
    found = memory.objects["workflowtaskresults", name]
    return found["metadata"]["labels"]["workflows.argoproj.io/report-outputs-completed"], found.get("outputs")


async def running(memory: Memory, folder: Path, name: str) -> ContainerRecord:
    """The record of main once its command runs."""
    await memory.until(lambda: memory.phase(name) == "Running")
    found = record(folder, memory, name)
    async with asyncio.timeout(60):
        while found.command() is None:
            await asyncio.sleep(0.005)
    return found


async def test_a_step_succeeds(tmp_path: Path) -> None:
    memory = Memory()
    async with kubelet(memory, tmp_path):
        await memory.create(PODS, step("s", "true"))
        pod = await memory.over("s")
        assert pod["spec"]["nodeName"] == "argotui-local"
        assert pod["status"]["phase"] == "Succeeded"
        assert [ended(pod, name)["exitCode"] for name in ("init", "wait", "main")] == [0, 0, 0]
        assert result_of(memory, "s") == ("true", None)
    writes = [line for line in memory.requests if "s/status" in line]
    assert len(writes) <= 2, writes


async def test_a_step_waits_for_a_disk_that_can_be_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("argotui.local.kubelet.agent._PAUSE", 0.05)
    memory = Memory()
    async with kubelet(memory, tmp_path):
        pods = tmp_path / "pods"
        pods.rename(tmp_path / "elsewhere")
        pods.touch()  # stands for a disk that is full or read-only: nothing can be kept below it
        await memory.create(PODS, step("s", "true"))
        await memory.until(lambda: [each for (kind, _), each in memory.objects.items() if kind == "events"])
        assert memory.phase("s") in ("", "Pending")
        pods.unlink()
        (tmp_path / "elsewhere").rename(pods)
        assert (await memory.over("s"))["status"]["phase"] == "Succeeded"
    event = next(each for (kind, _), each in memory.objects.items() if kind == "events")
    assert event["message"].startswith("the kubelet cannot keep the pod's state: ")


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        (("sh", "-c", "exit 42"), 42, None),
        (("sh", "-c", "kill -9 $$$$"), 137, None),
        (("no-such",), 64, 'failed to find name in PATH: exec: "no-such": executable file not found in $PATH'),
    ],
)
async def test_a_step_fails_as_upstreams_does(tmp_path: Path, command: Any, code: int, message: str | None) -> None:
    memory = Memory()
    async with kubelet(memory, tmp_path):
        await memory.create(PODS, step("s", *command))
        pod = await memory.over("s")
    main = ended(pod, "main")
    assert (pod["status"]["phase"], main["exitCode"], main["reason"], main.get("message")) == (
        "Failed",
        code,
        "Error",
        message,
    )
    assert ended(pod, "wait")["exitCode"] == 0


async def test_a_script_its_result_and_progress(tmp_path: Path) -> None:
    memory = Memory()
    template = {"name": "t", "script": {"source": "echo 1/3 > $P; printf 'a\\nb\\n\\n'; echo err >&2"}}
    pod = step("s", "sh", template=template, result=True)
    pod["spec"]["containers"][1]["env"].append({"name": "P", "value": "/var/run/argo/progress"})
    async with kubelet(memory, tmp_path):
        await memory.create(PODS, pod)
        await memory.over("s")
    assert result_of(memory, "s") == ("true", {"result": "a\nb\n"})
    assert memory.objects["workflowtaskresults", "s"]["progress"] == "1/3"


async def test_a_missing_output_is_the_wait_containers_error(tmp_path: Path) -> None:
    memory = Memory()
    template = {"name": "t", "outputs": {"parameters": [{"name": "v", "valueFrom": {"path": "/tmp/argotui-nowhere"}}]}}
    async with kubelet(memory, tmp_path):
        await memory.create(PODS, step("s", "true", template=template))
        pod = await memory.over("s")
    wait = ended(pod, "wait")
    assert (wait["exitCode"], wait["message"]) == (
        64,
        "open /var/run/argo/outputs/parameters/tmp/argotui-nowhere: no such file or directory",
    )
    assert result_of(memory, "s") == ("true", template["outputs"])
    assert pod["status"]["phase"] == "Failed"


async def test_artifacts_end_the_pod_in_init(tmp_path: Path) -> None:
    memory = Memory()
    template = {"name": "t", "inputs": {"artifacts": [{"name": "a", "path": "/a"}]}}
    async with kubelet(memory, tmp_path):
        await memory.create(PODS, step("s", "true", template=template))
        pod = await memory.over("s")
    assert ended(pod, "init")["exitCode"] == 64
    assert "inputs.artifacts is not supported" in ended(pod, "init")["message"]
    assert pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] == "PodInitializing"


async def test_what_is_not_supported_fails_the_pod_by_name(tmp_path: Path) -> None:
    memory = Memory()
    async with kubelet(memory, tmp_path):
        await memory.create(PODS, plain("a", "true", restartPolicy="Always"))
        mount = {"volumeMounts": [{"name": "v", "mountPath": "/workspace"}]}
        await memory.create(PODS, plain("b", "true", container=mount, volumes=[{"name": "v", "emptyDir": {}}]))
        first, second = await memory.over("a"), await memory.over("b")
    assert first["status"]["reason"] == second["status"]["reason"] == "UnsupportedField"
    assert first["status"]["message"].startswith("spec.restartPolicy: Always")
    assert "/workspace" in second["status"]["message"]
    assert "sandbox" in second["status"]["message"]


async def test_user_init_containers_run_one_after_the_other(tmp_path: Path) -> None:
    memory = Memory()
    note = {"image": "b", "command": ["sh", "-c"]}
    inits = [
        {**note, "name": "one", "args": [f"sleep 0.1; echo 1 >> {tmp_path}/order"]},
        {**note, "name": "two", "args": [f"echo 2 >> {tmp_path}/order; exit 3"]},
    ]
    async with kubelet(memory, tmp_path):
        await memory.create(PODS, plain("p", "sh", "-c", f"echo 3 >> {tmp_path}/order", initContainers=inits))
        pod = await memory.over("p")
    assert (tmp_path / "order").read_text().split() == ["1", "2"]
    assert pod["status"]["phase"] == "Failed"
    assert ended(pod, "two")["exitCode"] == 3


async def test_a_pod_waits_for_its_secret_and_says_so(tmp_path: Path) -> None:
    memory = Memory()
    env = [{"name": "V", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]
    async with kubelet(memory, tmp_path):
        await memory.create(PODS, plain("p", "sh", "-c", f"echo $V > {tmp_path}/v", container={"env": env}))
        await memory.until(lambda: (memory.pod("p").get("status") or {}).get("containerStatuses"))
        waiting = memory.pod("p")["status"]["containerStatuses"][0]["state"]["waiting"]
        assert waiting == {"reason": "CreateContainerConfigError", "message": 'secret "s" not found'}
        assert memory.phase("p") == "Pending"
        await memory.create(SECRETS, {"kind": "Secret", "metadata": {"name": "s"}, "data": {"other": ""}})
        await memory.until(lambda: "couldn't find key" in str(memory.pod("p")["status"]))
        await memory.patch(SECRETS, "s", {"data": {"k": base64.b64encode(b"hunter2").decode()}})
        assert (await memory.over("p"))["status"]["phase"] == "Succeeded"
    assert (tmp_path / "v").read_text() == "hunter2\n"
    assert any(event.get("reason") == "Failed" for (kind, _), event in memory.objects.items() if kind == "events")


async def test_volumes(tmp_path: Path) -> None:
    memory = Memory()
    path = f"/tmp/argotui-test-{os.getpid()}-{random.randrange(10**9)}"
    await memory.create(CONFIG_MAPS, {"metadata": {"name": "cm"}, "data": {"a": "1", "b": "2"}})
    items = [{"key": "b", "path": "deep/b", "mode": 0o400}]
    volumes = [
        {"name": "all", "configMap": {"name": "cm"}},
        {"name": "some", "configMap": {"name": "cm", "items": items}},
        {"name": "none", "secret": {"secretName": "gone", "optional": True}},
        {"name": "me", "downwardAPI": {"items": [{"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}]}},
    ]
    mounts = [{"name": volume["name"], "mountPath": f"{path}/{volume['name']}"} for volume in volumes]
    mounts.append({"name": "all", "mountPath": f"{path}/one", "subPath": "a"})
    script = f"cd {path} && cat all/a all/b some/deep/b one me/name && ls none && ls -l some/deep/b >&2"
    async with kubelet(memory, tmp_path):
        await memory.create(PODS, plain("p", "sh", "-c", script, container={"volumeMounts": mounts}, volumes=volumes))
        assert (await memory.over("p"))["status"]["phase"] == "Succeeded"
        log = record(tmp_path, memory, "p").path("log").read_text()
        async with asyncio.timeout(60):
            while os.listdir(path):
                await asyncio.sleep(0.005)
    assert log.startswith("1221p-r--------")
    os.rmdir(path)


@pytest.mark.parametrize(
    ("bad", "word"),
    [
        ({"mountPath": "/tmp/x", "subPath": "../up"}, "leaves the volume"),
        ({"mountPath": "relative"}, "not absolute"),
        ({"mountPath": "/tmp/x", "name": "other"}, 'no volume "other"'),
    ],
)
async def test_bad_mounts(tmp_path: Path, bad: Document, word: str) -> None:
    memory = Memory()
    container = {"volumeMounts": [{"name": "v", **bad}]}
    async with kubelet(memory, tmp_path):
        await memory.create(PODS, plain("p", "true", container=container, volumes=[{"name": "v", "emptyDir": {}}]))
        assert word in (await memory.over("p"))["status"]["message"]


async def test_so_many_pods_at_once_in_the_order_of_their_creation(tmp_path: Path) -> None:
    memory = Memory()
    for number in range(6):
        pod = plain(f"p{number}", "sh", "-c", f"echo {number} >> {tmp_path}/order; sleep 0.05")
        pod["metadata"]["creationTimestamp"] = f"2026-01-01T00:00:0{number}Z"
        await memory.create(PODS, pod)
    memory.objects = dict(sorted(memory.objects.items(), reverse=True))
    async with kubelet(memory, tmp_path, max_pods=1):
        assert memory.phase("p5") == ""
        assert "nodeName" not in memory.pod("p5")["spec"]
        await memory.over("p5")
    assert (tmp_path / "order").read_text().split() == [str(number) for number in range(6)]


async def test_the_deadline_of_a_pod(tmp_path: Path) -> None:
    memory = Memory()
    async with kubelet(memory, tmp_path):
        await memory.create(PODS, step("s", "sleep", "60", activeDeadlineSeconds=3))
        pod = await memory.over("s")
    assert pod["status"]["reason"] == "DeadlineExceeded"
    assert pod["status"]["message"] == "Pod was active on the node longer than the specified deadline"
    assert ended(pod, "main")["exitCode"] == 143
    assert result_of(memory, "s")[0] == "true"


async def test_a_deadline_ends_also_what_ignores_sigterm(tmp_path: Path) -> None:
    memory = Memory()
    command = ("sh", "-c", "trap '' TERM; while :; do sleep 0.1; done")
    async with kubelet(memory, tmp_path):
        spec = {"activeDeadlineSeconds": 3, "terminationGracePeriodSeconds": 0.2}
        await memory.create(PODS, step("s", *command, **spec))
        assert ended(await memory.over("s"), "main")["exitCode"] == 137


async def test_the_deadline_of_a_step(tmp_path: Path) -> None:
    memory = Memory()
    soon = format_time(datetime.now(UTC) + timedelta(seconds=5))
    async with kubelet(memory, tmp_path):
        await memory.create(PODS, step("s", "sleep", "60", deadline=soon))
        pod = await memory.over("s")
    assert ended(pod, "main")["exitCode"] == 143
    assert (ended(pod, "wait")["exitCode"], ended(pod, "wait")["message"]) == (0, "Step exceeded its deadline")


async def test_signals_of_the_controller(tmp_path: Path) -> None:
    memory = Memory()
    async with kubelet(memory, tmp_path) as agent:
        await memory.create(PODS, step("s", "sleep", "60"))
        await running(memory, tmp_path, "s")
        uid = memory.pod("s")["metadata"]["uid"]
        assert await agent.signal(uid, "wait", 15) == ""
        assert "not running" in await agent.signal(uid, "init", 15)
        assert "no pod" in await agent.signal("other", "main", 15)
        assert await agent.signal(uid, "main", 15) == ""
        pod = await memory.over("s")
    assert [ended(pod, name)["exitCode"] for name in ("wait", "main")] == [0, 143]


async def test_a_killed_wait_container(tmp_path: Path) -> None:
    memory = Memory()
    async with kubelet(memory, tmp_path) as agent:
        await memory.create(PODS, step("s", "sleep", "60"))
        await running(memory, tmp_path, "s")
        uid = memory.pod("s")["metadata"]["uid"]
        for name in ("wait", "main"):
            assert await agent.signal(uid, name, 9) == ""
        pod = await memory.over("s")
    assert [ended(pod, name)["exitCode"] for name in ("wait", "main")] == [137, 137]
    assert result_of(memory, "s")[0] == "false"


async def test_a_deleted_pod_ends_and_goes(tmp_path: Path) -> None:
    memory = Memory()
    async with kubelet(memory, tmp_path):
        await memory.create(PODS, step("s", "sleep", "60"))
        found = await running(memory, tmp_path, "s")
        await memory.delete(PODS, "s", grace_seconds=5)
        await memory.until(lambda: not memory.pod("s"))
        assert not found.is_running()
    assert not found.directory.exists()


async def test_a_deletion_is_no_end_of_the_step(tmp_path: Path) -> None:
    """The controller is to see that the pod is gone (§1.5), not that its command was killed."""
    memory = Memory()
    seen: list[Any] = []
    memory.listeners.append(lambda delta: seen.append(ended(delta.object, "main")))
    async with kubelet(memory, tmp_path):
        await memory.create(PODS, step("s", "sleep", "60"))
        await running(memory, tmp_path, "s")
        await memory.delete(PODS, "s", grace_seconds=5)
        await memory.until(lambda: not memory.pod("s"))
    assert not any(seen)


async def test_what_had_ended_before_the_deletion_is_told(tmp_path: Path) -> None:
    memory = Memory()
    async with kubelet(memory, tmp_path):
        pod = plain("two", "sh", "-c", "exit 3")
        pod["spec"]["containers"].append({"name": "other", "image": "busybox", "command": ["sleep", "60"]})
        await memory.create(PODS, pod)
        await memory.until(lambda: bool(ended(memory.pod("two"), "main")))
        await memory.until(lambda: memory.phase("two") == "Running")
        last: list[Document] = []
        memory.listeners.append(lambda delta: last.append(delta.object))
        await memory.delete(PODS, "two", grace_seconds=5)
        await memory.until(lambda: not memory.pod("two"))
    assert any(ended(document, "other").get("exitCode") == 143 for document in last)


async def test_a_label_of_the_node_gives_a_waiting_pod_its_place(tmp_path: Path) -> None:
    memory = Memory()
    async with kubelet(memory, tmp_path) as agent:
        await memory.create(PODS, plain("picky", "true", nodeSelector={"pool": "wf"}))
        await memory.until(lambda: "conditions" in memory.pod("picky").get("status", {}))
        node = {"metadata": {"name": "argotui-local", "labels": {"pool": "wf", "kubernetes.io/os": "plan9"}}}
        agent.on_node_change(Delta(DeltaType.MODIFIED, node, None))
        assert (await memory.over("picky"))["status"]["phase"] == "Succeeded"


async def test_a_pod_that_vanishes_is_ended_too(tmp_path: Path) -> None:
    memory = Memory()
    async with kubelet(memory, tmp_path) as agent:
        await memory.create(PODS, step("s", "sleep", "60"))
        found = await running(memory, tmp_path, "s")
        started = found.started()
        await memory.delete(PODS, "s")
        assert started is not None
        assert started.waiter is not None
        await started.waiter.ended()
        async with asyncio.timeout(60):
            while found.directory.exists():
                await asyncio.sleep(0.01)
        assert agent.waiting == 0


async def test_while_the_api_server_is_away_a_step_goes_on_and_is_reported_later(tmp_path: Path) -> None:
    memory = Memory()
    async with kubelet(memory, tmp_path):
        await memory.create(PODS, step("s", "sh", "-c", "sleep 0.3; exit 5"))
        found = await running(memory, tmp_path, "s")
        memory.down = True
        started = found.started()
        assert started is not None
        assert started.waiter is not None
        await started.waiter.ended()
        memory.down = False
        assert ended(await memory.over("s"), "main")["exitCode"] == 5


async def test_a_running_container_is_picked_up_with_log_and_exit_code(tmp_path: Path) -> None:
    memory = Memory()
    path = f"/tmp/argotui-{os.getpid()}-v"
    template = {"name": "t", "outputs": {"parameters": [{"name": "v", "valueFrom": {"path": path}}]}}
    script = f"echo before; sleep 1; echo after; echo 7 > {path}; exit 6"
    async with kubelet(memory, tmp_path):
        await memory.create(PODS, step("s", "sh", "-c", script, template=template, result=True))
        found = await running(memory, tmp_path, "s")
    started = memory.pod("s")["status"]["containerStatuses"][0]["state"]["running"]["startedAt"]
    async with kubelet(memory, tmp_path):
        pod = await memory.over("s")
        assert found.path("log").read_text() == "before\nafter\n"
    main = ended(pod, "main")
    assert (main["exitCode"], main["startedAt"]) == (6, started)
    outputs = result_of(memory, "s")[1]
    assert (outputs["result"], outputs["parameters"][0]["value"]) == ("before\nafter", "7")


async def test_what_ended_while_nobody_looked_is_reported(tmp_path: Path) -> None:
    memory = Memory()
    async with kubelet(memory, tmp_path):
        await memory.create(PODS, step("s", "sh", "-c", "sleep 0.3; exit 8"))
        found = await running(memory, tmp_path, "s")
    started = found.started()
    assert started is not None
    assert started.waiter is not None
    await started.waiter.ended()
    async with kubelet(memory, tmp_path):
        assert ended(await memory.over("s"), "main")["exitCode"] == 8


async def test_after_a_reboot_a_step_is_reported_as_lost(tmp_path: Path) -> None:
    memory = Memory()
    async with kubelet(memory, tmp_path):
        await memory.create(PODS, step("s", "sleep", "60"))
        found = await running(memory, tmp_path, "s")
    waiter = found.started().waiter  # type: ignore[union-attr]
    os.kill(found.command().pid, 9)  # type: ignore[union-attr]
    await waiter.ended()  # type: ignore[union-attr]
    found.path("exit").unlink()
    mark = found.path("started")
    mark.write_text("another-boot-id " + mark.read_text().partition(" ")[2])
    async with kubelet(memory, tmp_path):
        pod = await memory.over("s")
    main = ended(pod, "main")
    assert (main["exitCode"], main["reason"]) == (137, "ContainerStatusUnknown")
    assert "the machine was restarted" in main["message"]
    assert pod["status"]["phase"] == "Failed"


async def test_orphans_of_pods_that_are_gone_are_ended_at_the_start(tmp_path: Path) -> None:
    memory = Memory()
    async with kubelet(memory, tmp_path):
        await memory.create(PODS, step("s", "sleep", "60"))
        found = await running(memory, tmp_path, "s")
    memory.objects.clear()
    assert found.is_running()
    async with kubelet(memory, tmp_path):
        assert not found.directory.exists()


async def test_deaths_at_random_moments_start_nothing_twice(tmp_path: Path) -> None:
    """The kubelet is cut off again and again while pods come, run and end."""
    memory, dice = Memory(), random.Random(20261122)
    count = 25
    names = [f"s{number}" for number in range(count)]
    for number, name in enumerate(names):
        script = f"echo {name} >> {tmp_path}/effects; sleep 0.{dice.randrange(1, 5)}; exit {number % 3}"
        await memory.create(PODS, step(name, "sh", "-c", script))
    while any(memory.phase(name) not in ("Succeeded", "Failed") for name in names):
        async with kubelet(memory, tmp_path, max_pods=6):
            await asyncio.sleep(dice.uniform(0.0, 0.15))  # the random moment of its death
    effects = (tmp_path / "effects").read_text().split()
    assert sorted(effects) == sorted(names)
    codes = [ended(memory.pod(name), "main")["exitCode"] for name in names]
    assert codes == [number % 3 for number in range(count)]
    assert all(result_of(memory, name)[0] == "true" for name in names)


async def test_a_pod_deleted_before_we_come_to_follow_it_is_ended_all_the_same(tmp_path: Path) -> None:
    """Of two containers one runs, the other lacks its secret, when the kubelet dies and the pod is deleted."""
    memory = Memory()
    env = [{"name": "V", "valueFrom": {"secretKeyRef": {"name": "gone", "key": "k"}}}]
    async with kubelet(memory, tmp_path):
        await memory.create(PODS, plain("p", "sleep", "60"))
        found = await running(memory, tmp_path, "p")
    second = {"name": "second", "image": "b", "command": ["true"], "env": env}
    memory.pod("p")["spec"]["containers"].insert(0, second)
    started = found.started()
    await memory.delete(PODS, "p", grace_seconds=1)
    async with kubelet(memory, tmp_path):
        await memory.until(lambda: not memory.pod("p"))
    assert started is not None
    assert started.waiter is not None
    assert not started.waiter.is_alive()


async def test_the_waits_log_is_there_while_it_runs(tmp_path: Path) -> None:
    memory = Memory()
    async with kubelet(memory, tmp_path):
        await memory.create(PODS, step("s", "sh", "-c", "sleep 0.2", result=True))
        await running(memory, tmp_path, "s")
        assert record(tmp_path, memory, "s", "wait").path("log").read_text() == ""
        assert record(tmp_path, memory, "s", "init").path("log").read_text() == "nothing to stage\n"
        await memory.over("s")
        assert "captured the result" in record(tmp_path, memory, "s", "wait").path("log").read_text()


async def test_a_host_path_that_is_not_there_is_waited_for(tmp_path: Path) -> None:
    memory, place = Memory(), tmp_path / "later"
    volumes = [{"name": "h", "hostPath": {"path": str(place), "type": "Directory"}}]
    mounts = [{"name": "h", "mountPath": str(place)}]
    async with kubelet(memory, tmp_path):
        await memory.create(PODS, plain("p", "true", container={"volumeMounts": mounts}, volumes=volumes))
        await memory.until(lambda: f"{place} is not a directory" in str(memory.pod("p").get("status")))
        place.mkdir()
        assert (await memory.over("p"))["status"]["phase"] == "Succeeded"


async def test_what_an_ended_pod_still_holds_is_freed_at_the_next_start(tmp_path: Path) -> None:
    """The kubelet dies between the last status and the release of the pod's paths."""
    memory, path = Memory(), f"/tmp/argotui-test-{os.getpid()}-{random.randrange(10**9)}"
    template = {"name": "t", "outputs": {"parameters": [{"name": "v", "valueFrom": {"path": path}}]}}
    async with kubelet(memory, tmp_path):
        await memory.create(PODS, step("s", "sleep", "60", template=template))
        found = await running(memory, tmp_path, "s")
    os.kill(found.command().pid, 9)  # type: ignore[union-attr]
    await found.started().waiter.ended()  # type: ignore[union-attr]
    await memory.patch(PODS, "s", {"status": {"phase": "Failed"}})
    async with kubelet(memory, tmp_path):
        await memory.create(PODS, step("t", "sh", "-c", f"echo 1 > {path}", template=template))
        assert (await memory.over("t"))["status"]["phase"] == "Succeeded"
    assert sorted(os.listdir(found.directory)) == ["exit", "log", "started"]


async def test_a_step_whose_deadline_has_passed_already_is_ended_at_once(tmp_path: Path) -> None:
    memory = Memory()
    async with kubelet(memory, tmp_path):
        await memory.create(PODS, step("s", "sleep", "60", deadline="2020-01-01T00:00:00Z"))
        pod = await memory.over("s")
    assert ended(pod, "main")["exitCode"] in (64, 143)
    assert ended(pod, "wait")["message"] == "Step exceeded its deadline"


# --- resource steps ---------------------------------------------------------------------------

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: made}\ndata: {a: one}\n"
READS_A = {"parameters": [{"name": "a", "valueFrom": {"jsonPath": "{.data.a}"}}]}


async def test_a_resource_step_works_and_reports_by_itself(tmp_path: Path) -> None:
    memory = Memory()
    async with kubelet(memory, tmp_path):
        await memory.create(PODS, resource_step("r", "create", resource={"manifest": CONFIG_MAP}, outputs=READS_A))
        pod = await memory.over("r")
    assert pod["status"]["phase"] == "Succeeded"
    assert memory.objects["configmaps", "made"]["data"] == {"a": "one"}
    label, outputs = result_of(memory, "r")
    assert (label, outputs["parameters"][0]["value"]) == ("true", "one")
    assert b"create: argo/configmaps/made" in record(tmp_path, memory, "r").path("log").read_bytes()


async def test_a_resource_step_that_fails(tmp_path: Path) -> None:
    memory = Memory()
    async with kubelet(memory, tmp_path):
        await memory.create(PODS, resource_step("r", "get", resource={"manifest": CONFIG_MAP}))
        pod = await memory.over("r")
    text = 'no more retries Error from server (NotFound): configmaps "made" not found'
    assert (ended(pod, "main")["exitCode"], ended(pod, "main")["message"]) == (64, text)
    assert result_of(memory, "r")[0] == "true"


async def test_a_resource_step_is_ended_while_it_waits(tmp_path: Path) -> None:
    memory = Memory()
    resource = {"manifest": CONFIG_MAP, "successCondition": "data.a == two"}
    async with kubelet(memory, tmp_path) as agent:
        await memory.create(PODS, resource_step("r", "create", resource=resource))
        await memory.until(lambda: memory.phase("r") == "Running" and ("configmaps", "made") in memory.objects)
        assert await agent.signal(memory.pod("r")["metadata"]["uid"], "main", 15) == ""
        pod = await memory.over("r")
    assert ended(pod, "main")["exitCode"] == 143


async def test_the_next_kubelet_goes_on_waiting_and_creates_nothing_again(tmp_path: Path) -> None:
    memory = Memory()
    resource = {"manifest": CONFIG_MAP, "successCondition": "data.a == two"}
    async with kubelet(memory, tmp_path):
        await memory.create(PODS, resource_step("r", "create", resource=resource, outputs=READS_A))
        await memory.until(lambda: memory.phase("r") == "Running" and ("configmaps", "made") in memory.objects)
        acted = record(tmp_path, memory, "r").path("resource.acted")
        async with asyncio.timeout(30):
            while not acted.exists():
                await asyncio.sleep(0)
    async with kubelet(memory, tmp_path):
        await memory.patch(CONFIG_MAPS, "made", {"data": {"a": "two"}})
        pod = await memory.over("r")
    assert pod["status"]["phase"] == "Succeeded"
    assert result_of(memory, "r")[1]["parameters"][0]["value"] == "two"
    assert [line for line in memory.requests if line.startswith("create configmaps")] == ["create configmaps made"]


# --- the agent --------------------------------------------------------------------------------

REFUSED = {"http": {"url": "http://127.0.0.1:1/"}}


def task_set(**tasks: Any) -> Document:
    return {"kind": "WorkflowTaskSet", "metadata": {"name": "w", "labels": {}}, "spec": {"tasks": tasks}}


async def test_an_agent_serves_its_workflow_until_that_is_complete(tmp_path: Path) -> None:
    memory = Memory()
    await memory.create(WORKFLOW_TASK_SETS, task_set(a=REFUSED))

    def results() -> Any:
        return (memory.objects["workflowtasksets", "w"].get("status") or {}).get("nodes") or {}

    async with kubelet(memory, tmp_path):
        await memory.create(PODS, agent_pod("agent", "w"))
        await memory.until(lambda: "a" in results())
        assert results()["a"]["message"].endswith("connection refused")
        await memory.until(lambda: memory.phase("agent") == "Running")
    async with kubelet(memory, tmp_path):
        await memory.patch(WORKFLOW_TASK_SETS, "w", {"spec": {"tasks": {"b": REFUSED}}})
        await memory.until(lambda: "b" in results())
        complete = {"workflows.argoproj.io/completed": "true"}
        await memory.patch(WORKFLOW_TASK_SETS, "w", {"metadata": {"labels": complete}})
        pod = await memory.over("agent")
    assert pod["status"]["phase"] == "Succeeded"
    assert b"b: Failed" in record(tmp_path, memory, "agent").path("log").read_bytes()


async def test_an_agent_is_ended_when_its_pod_is_deleted(tmp_path: Path) -> None:
    memory = Memory()
    await memory.create(WORKFLOW_TASK_SETS, task_set())
    async with kubelet(memory, tmp_path):
        await memory.create(PODS, agent_pod("agent", "w"))
        await memory.until(lambda: memory.phase("agent") == "Running")
        await memory.delete(PODS, "agent", grace_seconds=30)
        await memory.until(lambda: ("pods", "agent") not in memory.objects)


async def test_pods_that_only_wait_take_nobodys_place(tmp_path: Path) -> None:
    memory = Memory()
    await memory.create(WORKFLOW_TASK_SETS, task_set())
    await memory.create(PODS, agent_pod("early", "w"))
    async with kubelet(memory, tmp_path, max_pods=1):
        for name in ("one", "two"):
            resource = {"manifest": CONFIG_MAP.replace("made", name), "successCondition": "data.a == two"}
            await memory.create(PODS, resource_step(name, "create", resource=resource))
        await memory.create(PODS, step("work", "true"))
        await memory.over("work")
        assert memory.phase("one") not in ("Succeeded", "Failed")
        for name in ("one", "two"):
            await memory.until(lambda name=name: ("configmaps", name) in memory.objects)
            await memory.patch(CONFIG_MAPS, name, {"data": {"a": "two"}})
            await memory.over(name)
