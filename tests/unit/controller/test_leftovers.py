from typing import Any, cast

import pytest

from argotui.controller.caches import ByWorkflow
from argotui.controller.leftovers import Leftovers
from argotui.controller.podcleanup import PodCleanup
from argotui.controller.requests import Requests
from argotui.controller.scope import Scope
from argotui.controller.terminating import Terminations
from argotui.engine.config import EngineConfig
from argotui.engine.effects import CollectPod
from argotui.kube.client import Client
from argotui.kube.reflector import Delta, DeltaType
from argotui.model.documents import Document
from argotui.model.resources import PODS, WORKFLOWS
from tests.unit.controller.memory import MemoryApi
from tests.unit.controller.test_requests import Permit

W = "workflows.argoproj.io/"


class Collected:
    """Stands for podGC: the names that were handed to it."""

    def __init__(self, names: list[str]) -> None:
        self._names = names

    def put(self, _namespace: str, effect: CollectPod) -> None:
        self._names.append(effect.name)


class Scene:
    def __init__(self, strategy: str = "", **labels: str) -> None:
        self.api = MemoryApi()
        client = cast(Client, self.api)
        requests = Requests(Permit())
        self.pods, self.results = ByWorkflow(), ByWorkflow()
        self.ended: list[tuple[Any, ...]] = []
        terminations = cast(Terminations, self)
        self.collected: list[str] = []
        cleanup = cast(PodCleanup, Collected(self.collected))
        self.leftovers = Leftovers(
            client, requests, Scope(None, ""), self.pods, self.results, terminations, cleanup, EngineConfig
        )
        named = {f"{W}{key}": value for key, value in labels.items()}
        metadata = {"name": "w", "namespace": "ns", "uid": "w-uid", "labels": named}
        spec = {"podGC": {"strategy": strategy}} if strategy else {}
        self.api.put(WORKFLOWS, {"metadata": metadata, "spec": spec, "status": {"phase": "Failed"}})

    def start(self, *arguments: Any) -> None:
        self.ended.append(arguments)

    def pod(self, name: str, phase: str, owner: str = "w-uid") -> None:
        self.pods.apply(Delta(DeltaType.ADDED, self.api.put(PODS, self._owned(name, phase, owner)), None))

    def result(self, name: str) -> None:
        self.results.apply(Delta(DeltaType.ADDED, self._owned(name, "", "w-uid"), None))

    def _owned(self, name: str, phase: str, owner: str) -> Document:
        metadata = {"name": name, "namespace": "ns", "labels": {f"{W}workflow": "w"}, "uid": f"{name}-uid"}
        return {"metadata": {**metadata, "ownerReferences": [{"uid": owner}]}, "status": {"phase": phase}}

    def writes(self) -> list[tuple[str, str]]:
        return [(verb, name) for verb, name, _ in self.api.calls if verb != "get"]


async def test_what_podgc_would_have_deleted_is_deleted_after_a_crash() -> None:
    scene = Scene("OnPodSuccess", completed="true")
    scene.pod("good", "Succeeded")
    scene.pod("bad", "Failed")
    await scene.leftovers.tidy(("ns", "w"))
    assert (scene.collected, scene.writes()) == (["good"], [("patch", "bad")])


@pytest.fixture
async def complete() -> Scene:
    return Scene(completed="true")


async def test_an_agent_that_outlived_its_workflow_is_deleted() -> None:
    scene = Scene(completed="true")
    scene.pod("w-agent", "Running")
    pod = scene.pods.of({"metadata": {"name": "w", "namespace": "ns", "uid": "w-uid"}})[0]
    pod["metadata"]["labels"][f"{W}component"] = "agent"
    await scene.leftovers.tidy(("ns", "w"))
    assert scene.writes() == [("delete", "w-agent")]
    pod["metadata"]["deletionTimestamp"] = "2030-01-01T00:00:00Z"
    await scene.leftovers.tidy(("ns", "w"))
    assert scene.writes() == [("delete", "w-agent")], "it is being deleted"


async def test_finished_pods_are_labelled(complete: Scene) -> None:
    complete.pod("done", "Succeeded")
    complete.pod("running", "Running")
    complete.pod("anothers", "Succeeded", owner="older-w")
    await complete.leftovers.tidy(("ns", "w"))
    assert complete.writes() == [("patch", "done")]
    assert complete.ended == []


async def test_running_pods_are_ended_by_a_controller_that_takes_over(complete: Scene) -> None:
    complete.pod("running", "Running")
    await complete.leftovers.tidy(("ns", "w"), end_pods=True)
    assert complete.ended == [("ns", "running", "running-uid", None)]


@pytest.mark.parametrize("labels", [{}, {"completed": "false"}, {"completed": "true", "controller-instanceid": "x"}])
async def test_what_is_not_over_or_not_ours_is_left_alone(labels: dict[str, str]) -> None:
    scene = Scene(**labels)
    scene.pod("done", "Succeeded")
    scene.result("r")
    await scene.leftovers.tidy(("ns", "w"), end_pods=True)
    assert scene.writes() == []


async def test_a_workflow_that_is_gone_is_left_to_garbage_collection(complete: Scene) -> None:
    complete.api.objects.clear()
    await complete.leftovers.tidy(("ns", "w"))
    assert complete.writes() == []
