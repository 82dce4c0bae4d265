"""What can become of a pod on a cluster, and what the controller makes of it (§5.2, §5.4)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from math import inf
from pathlib import Path
from typing import Any

import pytest

from argotui.kube.client import Client
from argotui.model.documents import Document, name
from argotui.model.resources import CONFIG_MAPS, PODS, WORKFLOWS
from argotui.model.times import parse_time
from tests.cluster.node.fate import Fate
from tests.cluster.node.kubelet import ScriptedKubelet
from tests.cluster.real.site import Site, completed, nodes, pods, site, step, until, workflow

OUTPUTS = {"parameters": [{"name": "v", "valueFrom": {"path": "/v"}}]}
GIVEN = {"parameters": [{"name": "v", "valueFrom": {"path": "/v"}, "value": "seven"}]}

ENDS: dict[str, tuple[Fate, str, str]] = {
    "succeeds": (Fate(outputs=GIVEN), "Succeeded", ""),
    "fails": (Fate(exit_code=3, message="boom", outputs=GIVEN), "Failed", "main: Error (exit code 3): boom"),
    "out-of-memory": (Fate(oom=True, outputs=GIVEN), "Failed", "main: OOMKilled (exit code 137)"),
    "evicted": (Fate(evicted=True), "Failed", "The node was low on resource: memory."),
    "init-fails": (Fate(init=("init", 64)), "Error", "init: Error (exit code 64)"),
    "late-result": (Fate(outputs=GIVEN, report_after=2.5), "Succeeded", ""),
    "no-result": (Fate(outputs=GIVEN, report_after=inf), "Error", "wait: Error (exit code 137)"),
}
"""Workflow to what becomes of its pod, and how the node ends: phase, and how its message begins."""

STAYS: dict[str, Fate] = {
    "stuck": Fate(unscheduled=True),
    "no-image": Fate(image="ImagePullBackOff"),
    "stopped": Fate(inf),
    "deleted": Fate(inf),
    "lost": Fate(inf),
}
"""Workflow to what becomes of its pod, which never ends by itself."""


def _fate(workflow_name: str, _node: str) -> Fate:
    ends = ENDS.get(workflow_name)
    return ends[0] if ends else STAYS.get(workflow_name, Fate(outputs=GIVEN))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(Path(tmp_path_factory.mktemp("fates"))) as made:
        made.controller(RECENTLY_STARTED_POD_DURATION="1s").start()
        yield made


@pytest.fixture
async def kubelet(place: Site, client: Client) -> AsyncIterator[ScriptedKubelet]:
    async with place.kubelet(client, _fate) as made:
        yield made


async def _node(client: Client, workflow_name: str) -> Document:
    """The workflow's only node."""
    (found,) = (await nodes(client, workflow_name)).values()
    return found


async def _submit(client: Client, workflow_name: str, **more: Any) -> None:
    await client.create(WORKFLOWS, workflow(workflow_name, step(outputs=OUTPUTS, **more)))


async def _running_pod(client: Client, workflow_name: str) -> Document | None:
    found = await pods(client, workflow_name)
    return found[0] if found and found[0]["status"]["phase"] == "Running" else None


async def test_pods_that_end(place: Site, client: Client, kubelet: ScriptedKubelet) -> None:
    for each in ENDS:
        await _submit(client, each)
    await until(lambda: completed(client, *ENDS), words=place.words)
    found = {each: await _node(client, each) for each in ENDS}
    ended = {each: (node["phase"], (node.get("message") or "")) for each, node in found.items()}
    for each, (_, phase, message) in ENDS.items():
        assert ended[each][0] == phase, (each, ended[each])
        assert ended[each][1].startswith(message), (each, ended[each])
        assert bool(message) == bool(ended[each][1]), (each, ended[each])
    for each in ("succeeds", "fails", "out-of-memory", "late-result"):
        assert found[each]["outputs"]["parameters"][0]["value"] == "seven", each
    assert set(kubelet.begun.values()) == {1}


@pytest.mark.parametrize(
    ("workflow_name", "message"),
    [("stuck", "Unschedulable: 0/1 nodes are available: 1 Insufficient cpu."), ("no-image", "ImagePullBackOff")],
)
async def test_pods_that_never_start(
    place: Site, client: Client, kubelet: ScriptedKubelet, workflow_name: str, message: str
) -> None:
    await _submit(client, workflow_name)

    async def told() -> bool:
        node = await _node(client, workflow_name)
        return node["phase"] == "Pending" and message in (node.get("message") or "")

    await until(lambda: _has_nodes(client, workflow_name), words=place.words)
    await until(told, words=place.words)
    await client.patch(WORKFLOWS, workflow_name, {"spec": {"shutdown": "Terminate"}}, "argo")
    (found,) = await until(lambda: completed(client, workflow_name), words=place.words)
    assert found["status"]["phase"] == "Failed"
    await until(lambda: _no_pods(client, workflow_name), words=place.words)


async def _has_nodes(client: Client, workflow_name: str) -> bool:
    return bool((await client.get(WORKFLOWS, workflow_name, "argo")).get("status", {}).get("nodes"))


async def _no_pods(client: Client, workflow_name: str) -> bool:
    return not await pods(client, workflow_name)


async def test_a_running_pod_is_ended_by_a_command_in_it(place: Site, client: Client, kubelet: ScriptedKubelet) -> None:
    await _submit(client, "stopped")
    await until(lambda: _running_pod(client, "stopped"), words=place.words)
    await client.patch(WORKFLOWS, "stopped", {"spec": {"shutdown": "Stop"}}, "argo")
    (found,) = await until(lambda: completed(client, "stopped"), words=place.words)
    assert found["status"]["phase"] == "Failed"
    (pod,) = await pods(client, "stopped")
    states = {each["name"]: each["state"]["terminated"]["exitCode"] for each in pod["status"]["containerStatuses"]}
    assert states == {"main": 143, "wait": 0}


@pytest.mark.parametrize("workflow_name", ["deleted", "lost"])
async def test_a_pod_that_is_taken_away(
    place: Site, client: Client, kubelet: ScriptedKubelet, workflow_name: str
) -> None:
    """By somebody, or by what collects the pods of a node that no longer answers."""
    await _submit(client, workflow_name)
    pod = await until(lambda: _running_pod(client, workflow_name), words=place.words)

    async def seen() -> bool:
        return bool((await _node(client, workflow_name))["phase"] == "Running")

    await until(seen, words=place.words)
    await _past_the_first_second(client, workflow_name)
    kubelet.is_lost = workflow_name == "lost"
    await client.delete(PODS, name(pod), "argo", grace_seconds=0 if kubelet.is_lost else None)
    await until(lambda: completed(client, workflow_name), words=place.words)
    node = await _node(client, workflow_name)
    assert (node["phase"], node["message"]) == ("Error", "pod deleted")
    assert kubelet.begun[name(pod)] == 1


async def _past_the_first_second(client: Client, workflow_name: str) -> None:
    """A pod that goes within RECENTLY_STARTED_POD_DURATION of its node's start is made again."""

    begun = parse_time((await _node(client, workflow_name))["startedAt"])

    async def passed() -> bool:
        return datetime.now(UTC) - begun > timedelta(seconds=2)

    await until(passed)


async def test_values_that_are_too_large_for_the_environment(
    place: Site, client: Client, kubelet: ScriptedKubelet
) -> None:
    """They go by a ConfigMap (§4.7), from which the executor reads the template and the arguments."""
    large = step(outputs=OUTPUTS)
    large["container"]["args"] = ["x" * 140_000]
    await client.create(WORKFLOWS, workflow("large", large))
    (found,) = await until(lambda: completed(client, "large"), words=place.words)
    assert found["status"]["phase"] == "Succeeded"
    (pod,) = await pods(client, "large")
    data = (await client.get(CONFIG_MAPS, name(pod), "argo"))["data"]
    assert set(data) == {"ARGO_TEMPLATE", "ARGO_CONTAINER_ARGS_FILE"}
    main = next(each for each in pod["spec"]["containers"] if each["name"] == "main")
    assert "args" not in main
