from typing import cast

from argotui.controller.estimates import Estimates
from argotui.engine.estimation import Baseline
from argotui.kube.client import Client
from argotui.model.documents import Document
from argotui.model.resources import WORKFLOWS
from tests.unit.controller.memory import MemoryApi

LABEL = "workflows.argoproj.io/workflow-template"
NEW = {"metadata": {"name": "new", "namespace": "ns", "labels": {LABEL: "t"}}, "spec": {}}


class Scene:
    def __init__(self, **environ: str) -> None:
        self.api = MemoryApi()
        self.completed: list[Document] = []
        self.estimates = Estimates(cast(Client, self.api), lambda: self.completed, environ)

    def ended(self, name: str, hour: int, seconds: int, phase: str = "Succeeded") -> None:
        metadata = {"name": name, "namespace": "ns", "uid": f"{name}-uid", "labels": {LABEL: "t"}}
        start = f"2030-01-01T{hour:02}:00:"
        status = {"phase": phase, "startedAt": f"{start}00Z", "finishedAt": f"{start}{seconds:02}Z"}
        self.api.put(WORKFLOWS, {"metadata": metadata, "spec": {}, "status": status})
        self.completed.append({"metadata": metadata, "status": {"phase": phase, "startedAt": f"{start}00Z"}})


async def test_the_newest_good_run_counts_and_is_read_once() -> None:
    scene = Scene()
    scene.ended("old", 1, 10)
    scene.ended("newest", 3, 30)
    scene.ended("broken", 4, 40, "Failed")
    scene.ended("middle", 2, 20)
    for _ in range(3):
        assert await scene.estimates.baseline(NEW) == Baseline(30, {})
    assert [name for verb, name, _ in scene.api.calls] == ["newest"]


async def test_nothing_to_go_by() -> None:
    scene = Scene()
    assert await scene.estimates.baseline(NEW) is None
    scene.ended("gone", 1, 10)
    scene.api.objects.clear()
    assert await scene.estimates.baseline(NEW) is None
    assert await scene.estimates.baseline({"metadata": {"namespace": "ns"}, "spec": {}}) is None


async def test_it_can_be_switched_off() -> None:
    scene = Scene(SKIP_WORKFLOW_DURATION_ESTIMATION="true")
    scene.ended("old", 1, 10)
    assert await scene.estimates.baseline(NEW) is None
    assert scene.api.calls == []
