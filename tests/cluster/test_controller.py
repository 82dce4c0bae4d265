"""The controller's loop against the real local API server; engine and kubelet are scripted."""

import asyncio
import contextlib
import json
import random
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from argotui.engine.nodemap import node_map
from argotui.kube.client import Client
from argotui.kube.config import load_cluster
from argotui.kube.errors import ApiError
from argotui.model import keys
from argotui.model.documents import Document, labels, name
from argotui.model.resources import CONFIG_MAPS, EVENTS, LEASES, PODS, WORKFLOW_TASK_RESULTS, WORKFLOWS
from tests.cluster.processes import SHORT_LEASE, Bench, Process, bench
from tests.cluster.scripted import ScriptedKubelet, once, scripted_workflow

_CONFIG = "workflow-controller-configmap"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with bench(Path(tmp_path_factory.mktemp("bench")) / "d") as made:
        yield made


@pytest.fixture
def controllers(site: Bench) -> Iterator[Bench]:
    """The bench, without controllers before and after the test."""
    yield site
    site.stop_controllers()


@pytest.fixture
async def client(site: Bench) -> AsyncIterator[Client]:
    async with Client(load_cluster(kubeconfig=site.kubeconfig)) as made:
        yield made


@pytest.fixture
async def kubelet(client: Client) -> AsyncIterator[ScriptedKubelet]:
    async with ScriptedKubelet(client).running() as made:
        yield made


async def until(condition: Callable[[], Awaitable[Any]], seconds: float = 30, words: Process | None = None) -> Any:
    """What `condition` returns, once that is true."""
    deadline = time.monotonic() + seconds
    while True:
        found = await condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"in vain: {condition}\n{words.words() if words else ''}"
        await asyncio.sleep(0.02)


async def completed(client: Client, *names: str) -> list[Document]:
    """The workflows, once all carry the label of completion; [] before."""
    found = [await client.get(WORKFLOWS, each, "argo") for each in names]
    return found if all(labels(each).get(keys.LABEL_COMPLETED) == "true" for each in found) else []


async def _reached(kubelet: ScriptedKubelet, pods: int, client: Client, *names: str) -> str:
    """What has come: so many pods were started, or the end of all workflows; "" when neither has."""
    if len(kubelet.started) >= pods:
        return "pods"
    return "the end" if await completed(client, *names) else ""


async def tidy(client: Client, *names: str) -> bool:
    """Nothing of the workflows is left to clean up."""
    for each in names:
        selector = f"{keys.LABEL_WORKFLOW}={each}"
        if (await client.list(WORKFLOW_TASK_RESULTS, "argo", label_selector=selector)).items:
            return False
        pods = (await client.list(PODS, "argo", label_selector=selector)).items
        if any(labels(pod)[keys.LABEL_COMPLETED] != "true" for pod in pods):
            return False
    return True


async def test_a_workflow_runs_to_its_end_and_is_tidied_up(
    controllers: Bench, client: Client, kubelet: ScriptedKubelet
) -> None:
    controller = controllers.controller()
    controller.start()
    await client.create(WORKFLOWS, scripted_workflow("plain", stages=3, width=2))
    (found,) = await until(lambda: completed(client, "plain"), words=controller)
    assert found["status"]["phase"] == "Succeeded"
    assert len(found["status"]["nodes"]) == 6
    assert list(once(kubelet.started)) == []
    await until(lambda: tidy(client, "plain"), words=controller)

    async def told() -> set[str]:
        events = (await client.list(EVENTS, "argo")).items
        about = [each for each in events if each["involvedObject"]["uid"] == found["metadata"]["uid"]]
        return ({each["reason"] for each in about} >= {"WorkflowRunning", "WorkflowSucceeded"} and {"told"}) or set()

    await until(told, words=controller)


async def test_kill_9_at_any_moment_loses_nothing_and_runs_nothing_twice(
    controllers: Bench, client: Client, kubelet: ScriptedKubelet
) -> None:
    """8 workflows, the controller killed while they run, over and over."""
    chance = random.Random(7)
    controller = controllers.controller()
    controller.start()
    names = [f"killed-{i}" for i in range(8)]
    for each in names:
        await client.create(WORKFLOWS, scripted_workflow(each, stages=8, width=2))
    kills = 0
    while True:
        moment = len(kubelet.started) + chance.randint(1, 12)  # so many pods later, or when all is done
        if await until(lambda at=moment: _reached(kubelet, at, client, *names), 200, controller) == "the end":
            break
        await asyncio.sleep(chance.uniform(0.0, 0.05))
        controller.kill()
        kills += 1
        controller.start()
        assert kills < 60, controller.words()
    found = await completed(client, *names)
    assert [each["status"]["phase"] for each in found] == ["Succeeded"] * 8
    assert all(len(each["status"]["nodes"]) == 16 for each in found)
    assert list(once(kubelet.started)) == []
    assert len(kubelet.started) == 8 * 16
    assert kills >= 3
    await until(lambda: tidy(client, *names), words=controller)


async def test_the_api_server_may_die_and_come_back(
    controllers: Bench, client: Client, kubelet: ScriptedKubelet
) -> None:
    controller = controllers.controller()
    controller.start()
    names = [f"cut-{i}" for i in range(6)]
    for each in names:
        await client.create(WORKFLOWS, scripted_workflow(each, stages=6, width=2))
    for _ in range(3):
        await asyncio.sleep(0.1)
        controllers.apiserver.kill()
        await asyncio.to_thread(controllers.apiserver.start)
    found = await until(lambda: completed(client, *names), 60, controller)
    assert [each["status"]["phase"] for each in found] == ["Succeeded"] * 6
    assert list(once(kubelet.started)) == []
    await until(lambda: tidy(client, *names), words=controller)
    assert "Traceback" not in controller.log.read_text(), controller.log.read_text()


async def test_an_edit_by_somebody_else_is_seen_and_kept(
    controllers: Bench, client: Client, kubelet: ScriptedKubelet
) -> None:
    controller = controllers.controller()
    controller.start()
    await client.create(WORKFLOWS, scripted_workflow("edited", stages=20))

    async def edit() -> None:
        for i in range(30):
            await client.patch(WORKFLOWS, "edited", {"metadata": {"annotations": {f"note/{i}": "x"}}}, "argo")
            await asyncio.sleep(0.02)

    await edit()
    (found,) = await until(lambda: completed(client, "edited"), words=controller)
    assert sum(key.startswith("note/") for key in found["metadata"]["annotations"]) == 30
    assert found["status"]["phase"] == "Succeeded"
    assert list(once(kubelet.started)) == []


async def test_a_large_node_map_is_compressed(controllers: Bench, client: Client, kubelet: ScriptedKubelet) -> None:
    controller = controllers.controller(MAX_WORKFLOW_SIZE="20000")
    controller.start()
    await client.create(WORKFLOWS, scripted_workflow("large", stages=3, width=8, ballast="3000"))
    (found,) = await until(lambda: completed(client, "large"), words=controller)
    assert "nodes" not in found["status"]
    nodes = node_map(found)
    assert len(nodes) == 24
    assert {node["phase"] for node in nodes.values()} == {"Succeeded"}


async def test_a_map_that_does_not_fit_even_compressed_ends_in_error(
    controllers: Bench, client: Client, kubelet: ScriptedKubelet
) -> None:
    controller = controllers.controller(MAX_WORKFLOW_SIZE="1500")
    controller.start()
    await client.create(WORKFLOWS, scripted_workflow("huge", stages=1, width=200))
    (found,) = await until(lambda: completed(client, "huge"), words=controller)
    assert found["status"]["phase"] == "Error"
    assert found["status"]["message"].startswith("workflow is longer than maximum allowed size. compressed size")


async def test_one_workflows_failure_does_not_end_the_others(
    controllers: Bench, client: Client, kubelet: ScriptedKubelet
) -> None:
    controller = controllers.controller()
    controller.start()
    bad = await client.create(WORKFLOWS, scripted_workflow("bad", crash="always"))
    await client.create(WORKFLOWS, scripted_workflow("good"))
    await until(lambda: completed(client, "good"), words=controller)

    async def told() -> list[Document]:
        events = (await client.list(EVENTS, "argo")).items
        return [each for each in events if each["involvedObject"]["uid"] == bad["metadata"]["uid"]]

    (event,) = await until(told, words=controller)
    assert (event["reason"], event["type"]) == ("OperationPanic", "Warning")
    assert "ZeroDivisionError: a bug" in event["message"]
    assert "ZeroDivisionError" in controller.log.read_text()
    await client.delete(WORKFLOWS, "bad", "argo")


async def test_a_timer_wakes_a_workflow(controllers: Bench, client: Client, kubelet: ScriptedKubelet) -> None:
    """Its first pod is never created by the first step: a pod of that name is in the way and then is not."""
    controller = controllers.controller()
    controller.start()
    await client.create(
        PODS, {"metadata": {"name": "timed-0-0"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}, "argo"
    )
    await client.create(WORKFLOWS, scripted_workflow("timed", stages=1, delay="0.2"))
    (found,) = await until(lambda: completed(client, "timed"), words=controller)
    assert found["status"]["phase"] == "Failed"
    assert "does not belong to this workflow" in json.dumps(found["status"]["nodes"])


async def test_the_second_controller_waits_and_takes_over(
    controllers: Bench, client: Client, kubelet: ScriptedKubelet
) -> None:
    first, second = controllers.controller(**SHORT_LEASE), controllers.controller(**SHORT_LEASE)
    first.start()
    second.start(wait=False)

    async def stands_by() -> bool:
        return "is held by" in second.log.read_text()

    await until(stands_by, words=second)
    await client.create(WORKFLOWS, scripted_workflow("handed-over", stages=30))
    await asyncio.sleep(0.1)
    first.kill()
    second.wait_ready()
    (found,) = await until(lambda: completed(client, "handed-over"), words=second)
    assert found["status"]["phase"] == "Succeeded"
    assert list(once(kubelet.started)) == []
    lease = await client.get(LEASES, "workflow-controller", "argo")
    assert lease["spec"]["leaseTransitions"] >= 1


async def test_a_controller_that_slept_too_long_writes_nothing_more(
    controllers: Bench, client: Client, kubelet: ScriptedKubelet
) -> None:
    first, second = controllers.controller(**SHORT_LEASE), controllers.controller(**SHORT_LEASE)
    first.start()
    await client.create(WORKFLOWS, scripted_workflow("slept", stages=40))
    await asyncio.sleep(0.1)
    first.send(signal.SIGSTOP)
    second.start()
    first.send(signal.SIGCONT)
    (found,) = await until(lambda: completed(client, "slept"), words=second)
    assert found["status"]["phase"] == "Succeeded"
    assert list(once(kubelet.started)) == []
    lease = await client.get(LEASES, "workflow-controller", "argo")
    assert lease["spec"]["holderIdentity"].split("_")[-1].isdecimal(), "the second one has the process id in its name"

    async def noticed() -> bool:
        return "nothing is written until it is held again" in first.log.read_text()

    await until(noticed, words=first)


async def test_a_clean_end_gives_the_lease_up(controllers: Bench, client: Client) -> None:
    controller = controllers.controller(LEADER_ELECTION_IDENTITY="one")
    controller.start()
    controller.send(signal.SIGTERM)
    assert controller.ended() == 0
    lease = await client.get(LEASES, "workflow-controller", "argo")
    assert not lease["spec"].get("holderIdentity")


async def test_settings_are_followed_and_a_bad_edit_changes_nothing(
    controllers: Bench, client: Client, kubelet: ScriptedKubelet
) -> None:
    config = {"metadata": {"name": _CONFIG, "namespace": "argo"}, "data": {"instanceID": ""}}
    with contextlib.suppress(ApiError):
        await client.create(CONFIG_MAPS, config)
    controller = controllers.controller()
    controller.start()
    await client.patch(CONFIG_MAPS, _CONFIG, {"data": {"nonsense": "1"}}, "argo")

    async def reported() -> bool:
        return "the last good configuration stays" in controller.log.read_text()

    await until(reported, words=controller)
    await client.create(WORKFLOWS, scripted_workflow("still-runs"))
    await until(lambda: completed(client, "still-runs"), words=controller)
    await client.patch(CONFIG_MAPS, _CONFIG, {"data": {"nonsense": None, "instanceID": "blue"}}, "argo")
    blue = scripted_workflow("blue")
    blue["metadata"]["labels"] = {keys.LABEL_INSTANCE_ID: "blue"}
    await client.create(WORKFLOWS, blue)
    assert await client.create(WORKFLOWS, scripted_workflow("not-blue"))

    async def started() -> Any:
        return (await client.get(WORKFLOWS, "blue", "argo")).get("status")

    await until(started, words=controller)
    assert "status" not in await client.get(WORKFLOWS, "not-blue", "argo")
    assert (await client.get(LEASES, "workflow-controller-blue", "argo"))["spec"]["holderIdentity"]
    await client.patch(CONFIG_MAPS, _CONFIG, {"data": {"instanceID": None}}, "argo")
    await client.delete(WORKFLOWS, "blue", "argo")


async def test_a_first_configuration_that_cannot_be_read_is_refused(controllers: Bench, client: Client) -> None:
    await client.create(
        CONFIG_MAPS, {"metadata": {"name": "broken", "namespace": "argo"}, "data": {"parallelism": "many"}}
    )
    controller = controllers.controller("--configmap", "broken")
    controller.start(wait=False)
    assert controller.ended() == 1
    assert "parallelism" in controller.log.read_text()


async def test_a_deleted_workflow_is_forgotten(controllers: Bench, client: Client, kubelet: ScriptedKubelet) -> None:
    controller = controllers.controller()
    controller.start()
    await client.create(WORKFLOWS, scripted_workflow("fleeting", stages=50))

    async def begun() -> list[str]:
        return [pod for pod in kubelet.started if pod.startswith("fleeting-")]

    await until(begun)
    await client.delete(WORKFLOWS, "fleeting", "argo")
    await client.create(WORKFLOWS, scripted_workflow("fleeting", stages=1))
    (found,) = await until(lambda: completed(client, "fleeting"), words=controller)
    assert list(found["status"]["nodes"]) == ["fleeting-0-0"]
    assert "Traceback" not in controller.log.read_text(), controller.log.read_text()
    assert name(found) == "fleeting"
