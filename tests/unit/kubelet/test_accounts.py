"""With whose rights the executor acts."""

from __future__ import annotations

from pathlib import Path

import pytest

from argotui.executor.template import ExecutorError
from argotui.local.kubelet.accounts import MOUNT, acting
from argotui.local.kubelet.volumes import Volume
from argotui.model.resources import PODS
from tests.unit.kubelet.memory import TOKEN, Memory, plain

MOUNTED = {"name": "wait", "volumeMounts": [{"name": "token", "mountPath": MOUNT}]}


async def test_with_the_token_that_is_mounted(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    memory = Memory()
    pod = plain("p", "true", serviceAccount="default")
    assert await acting(memory, pod, MOUNTED, {"token": Volume(tmp_path)}) is memory


async def test_never_with_the_kubelets_own_rights(tmp_path: Path) -> None:
    pod = plain("p", "true", serviceAccount="default")
    for container in ({"name": "wait"}, MOUNTED):
        with pytest.raises(ExecutorError, match="no token of a ServiceAccount"):
            await acting(Memory(), pod, container, {"token": Volume(tmp_path)})


async def test_a_step_that_began_before_there_were_tokens_gets_one() -> None:
    memory = Memory()
    pod = await memory.create(PODS, plain("p", "true"))
    del pod["spec"]["serviceAccount"]
    assert await acting(memory, pod, {"name": "wait"}, {}) is memory
