import asyncio
from typing import Any, cast

import pytest

from argotui.controller.requests import Requests
from argotui.controller.terminating import Terminations
from argotui.kube.client import Client
from argotui.kube.errors import ApiError
from argotui.model.documents import Document
from argotui.model.resources import PODS
from tests.unit.controller.memory import MemoryApi
from tests.unit.controller.test_requests import Permit

MOUNT = [{"name": "var-run-argo", "mountPath": "/var/run/argo"}]


def pod(phase: str, *running: str, **annotations: str) -> Document:
    return {
        "metadata": {"name": "p", "namespace": "ns", "uid": "u", "annotations": annotations},
        "spec": {
            "containers": [
                {"name": "wait", "volumeMounts": MOUNT},
                {"name": "main", "volumeMounts": MOUNT},
                {"name": "injected"},
            ]
        },
        "status": {
            "phase": phase,
            "containerStatuses": [
                {"name": each, "state": {"running": {}} if each in running else {"terminated": {"exitCode": 0}}}
                for each in ("wait", "main", "injected")
            ],
        },
    }


class Scene:
    def __init__(self) -> None:
        self.api = MemoryApi()
        self.terminations = Terminations(cast(Client, self.api), Requests(Permit()))

    def execs(self) -> list[Any]:
        return [argument for _, argument in self.api.made("exec")]

    async def until_execs(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self.execs()) < count:
                await asyncio.sleep(0.005)

    async def settled(self) -> None:
        async with asyncio.timeout(5):
            await self.terminations._crew.settled()


@pytest.fixture
async def scene() -> Scene:
    return Scene()


async def test_a_pending_pod_is_deleted(scene: Scene) -> None:
    scene.api.put(PODS, pod("Pending"))
    scene.terminations.start("ns", "p", "u", None)
    await scene.settled()
    assert scene.api.made("delete")[0][1]["uid"] == "u"
    assert scene.execs() == []


async def test_running_containers_are_asked_then_killed(scene: Scene) -> None:
    scene.api.put(PODS, pod("Running", "wait", "main", "injected"))
    scene.terminations.start("ns", "p", "u", 0)
    await scene.settled()
    assert scene.execs() == [
        (container, command)
        for signal in ("15", "9")
        for container, command in (
            ("wait", ["argoexec", "kill", signal, "1"]),
            ("main", ["/var/run/argo/argoexec", "kill", signal, "1"]),
            ("injected", ["/bin/sh", "-c", f"kill -{signal} 1"]),
        )
    ]


async def test_the_annotation_says_how(scene: Scene) -> None:
    annotations = {"workflows.argoproj.io/kill-cmd-main": '["stop", "-%d"]'}
    scene.api.put(PODS, pod("Running", "main", **annotations))
    scene.terminations.start("ns", "p", "u", 60)
    await scene.until_execs(1)
    assert scene.execs() == [("main", ["stop", "-15"])]
    await scene.terminations.stop()


async def test_a_pod_that_ends_is_not_killed(scene: Scene) -> None:
    scene.api.put(PODS, pod("Running", "main"))
    scene.terminations.start("ns", "p", "u", 60)
    await scene.until_execs(1)
    scene.terminations.observe(pod("Failed"), gone=False)
    await scene.settled()
    assert len(scene.execs()) == 1


async def test_it_is_done_once_for_each_pod(scene: Scene) -> None:
    scene.api.put(PODS, pod("Running", "main"))
    scene.terminations.start("ns", "p", "u", 60)
    scene.terminations.start("ns", "p", "u", 60)
    await scene.until_execs(1)
    await asyncio.sleep(0.02)
    assert len(scene.execs()) == 1
    await scene.terminations.stop()


async def test_a_signal_that_did_not_arrive_is_sent_again(scene: Scene) -> None:
    scene.api.put(PODS, pod("Running", "main"))
    scene.api.exec_result = ApiError(500, "InternalError", "the kubelet is away")
    scene.terminations.start("ns", "p", "u", 60)
    await scene.until_execs(2)
    assert scene.execs()[0] == scene.execs()[1]
    await scene.terminations.stop()


@pytest.mark.parametrize("found", [None, "another"])
async def test_a_pod_that_is_gone_needs_nothing(scene: Scene, found: str | None) -> None:
    if found:
        other = pod("Running", "main")
        other["metadata"]["uid"] = found
        scene.api.put(PODS, other)
    scene.terminations.start("ns", "p", "u", None)
    await scene.settled()
    assert scene.execs() == []
    assert scene.api.made("delete") == []
