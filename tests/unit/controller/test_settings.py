"""The controller's ConfigMap over the life of a process: the last one that could be read counts."""

from __future__ import annotations

from typing import Any, cast

import pytest

from argotui.controller.options import Options, Tuning
from argotui.controller.scope import Scope
from argotui.controller.settings import Settings
from argotui.engine.configform import ConfigError
from argotui.kube.client import Client
from argotui.kube.errors import ApiError, Unreachable
from argotui.kube.reflector import Delta, DeltaType
from argotui.model.resources import CONFIG_MAPS
from tests.unit.controller.memory import MemoryApi


class Scene:
    def __init__(self, **options: Any) -> None:
        self.api = MemoryApi()
        self.settings = Settings(cast(Client, self.api), Options(configmap="c", **options), "argo")
        self.changes: list[int] = []
        self.refusals: list[str] = []
        reflector = self.settings.reflector(
            lambda: self.changes.append(self.settings.current.parallelism),
            lambda _document, reason: self.refusals.append(reason),
        )
        self.receive = reflector._on_change

    def put(self, **data: str) -> dict[str, Any]:
        return self.api.put(CONFIG_MAPS, {"metadata": {"name": "c", "namespace": "argo"}, "data": data})

    def edit(self, **data: str) -> None:
        self.receive(Delta(DeltaType.MODIFIED, self.put(**data), None))


@pytest.fixture
def scene() -> Scene:
    return Scene()


async def test_the_first_one_must_be_readable(scene: Scene) -> None:
    scene.put(parallelism="many")
    with pytest.raises(ConfigError, match="ConfigMap argo/c: parallelism: must be a whole number"):
        await scene.settings.read()


async def test_none_or_one_that_may_not_be_read_means_the_defaults(scene: Scene) -> None:
    await scene.settings.read()
    assert scene.settings.current.parallelism == 0

    async def forbid(verb: str, name: str) -> None:
        raise ApiError(403, "Forbidden", "no")

    scene.put(parallelism="3")
    scene.api.before = forbid
    await scene.settings.read()
    assert scene.settings.current.parallelism == 0


async def test_an_edit_counts_a_bad_one_is_told_and_a_deletion_changes_nothing(scene: Scene) -> None:
    scene.put(parallelism="1")
    await scene.settings.read()
    scene.edit(parallelism="2")
    scene.edit(parallelism="2")
    scene.edit(parallelism="2", paralelism="9")
    scene.edit(config="- what")
    assert scene.settings.current.parallelism == 2
    scene.receive(Delta(DeltaType.DELETED, scene.put(), None))
    assert scene.settings.current.parallelism == 2
    scene.edit(parallelism="4")
    assert scene.changes == [2, 4]
    assert [reason.partition(":")[0] for reason in scene.refusals] == ["paralelism", "config"]


async def test_a_new_term_begins_with_the_last_good_one(scene: Scene) -> None:
    scene.put(parallelism="1")
    await scene.settings.read()
    scene.put(parallelism="[")
    await scene.settings.read()
    del scene.api.objects["configmaps", "argo", "c"]
    await scene.settings.read()
    assert scene.settings.current.parallelism == 1

    async def away(verb: str, name: str) -> None:
        raise Unreachable("cut")

    scene.api.before = away
    with pytest.raises(Unreachable):
        await scene.settings.read()


@pytest.mark.parametrize(
    ("options", "data", "scope"),
    [
        ({}, {}, Scope(None, "")),
        ({}, {"namespace": "work", "instanceID": "blue"}, Scope("work", "blue")),
        ({"namespaced": True}, {}, Scope("argo", "")),
        ({"namespaced": True}, {"namespace": "work"}, Scope("work", "")),
        ({"namespaced": True, "managed_namespace": "mine"}, {"namespace": "work"}, Scope("mine", "")),
    ],
)
async def test_whose_workflows_are_run(options: Any, data: Any, scope: Scope) -> None:
    scene = Scene(**options)
    scene.put(**data)
    await scene.settings.read()
    assert scene.settings.scope == scope


async def test_flags_and_environment_go_into_it() -> None:
    tuning = Tuning(pod_names="v1", progress_patch=0, pod_missing=20, result_timeout=60, transient_pattern="x")
    scene = Scene(executor_image="mine", tuning=tuning)
    scene.put(executor="{image: theirs}")
    await scene.settings.read()
    config = scene.settings.current
    assert (config.executor_image, config.pod_name_version, config.progress_patch_ns) == ("mine", "v1", 0)
    assert (config.recently_started_seconds, config.result_timeout_seconds) == (20, 60)
    assert (config.transient_error_pattern, config.retry_host_label) == ("x", "kubernetes.io/hostname")
