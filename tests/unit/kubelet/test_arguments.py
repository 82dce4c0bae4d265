"""What was too large for the pod itself is read from a volume."""

import json
from pathlib import Path
from typing import Any

import pytest

from argotui.model.resources import CONFIG_MAPS, PODS
from tests.unit.kubelet.memory import Memory, ended, kubelet, step

Document = dict[str, Any]
VOLUME = {"name": "argo-env-config", "configMap": {"name": "beside"}}
MOUNT = {"name": "argo-env-config", "mountPath": "/argo/config"}
FILE = {"name": "ARGO_CONTAINER_ARGS_FILE", "value": "/argo/config/ARGO_CONTAINER_ARGS_FILE"}


def with_beside(pod: Document) -> Document:
    spec = pod["spec"]
    spec["volumes"].append(VOLUME)
    for container in (*spec["initContainers"], *spec["containers"]):
        container["volumeMounts"] = [*container["volumeMounts"], MOUNT]
    main = spec["containers"][1]
    del main["args"]
    main["env"] = [*main["env"], FILE]
    return pod


async def run(folder: Path, pod: Document, **data: str) -> tuple[Memory, Document]:
    memory = Memory()
    await memory.create(CONFIG_MAPS, {"metadata": {"name": "beside"}, "data": data})
    async with kubelet(memory, folder):
        await memory.create(PODS, pod)
        return memory, await memory.over("s")


async def test_arguments_from_a_file(tmp_path: Path) -> None:
    out = tmp_path / "out"
    script = f'shift; for word; do case $word in @*) cat "${{word#@}}";; *) printf %s "$word";; esac; done >{out}'
    args = ["-c", script, "sh", "skipped", "a$(B)", "ą" * 70_000, "z"]
    pod = with_beside(step("s", "sh"))
    pod["spec"]["containers"][1]["env"].append({"name": "B", "value": "b"})
    _, found = await run(tmp_path, pod, ARGO_CONTAINER_ARGS_FILE=json.dumps(args))
    assert ended(found, "main")["exitCode"] == 0, found["status"]
    assert out.read_text() == "a$(B)" + "ą" * 70_000 + "z"


async def test_a_template_from_a_file(tmp_path: Path) -> None:
    template = {"name": "t", "outputs": {"parameters": [{"name": "p", "valueFrom": {"path": "/none", "default": "d"}}]}}
    pod = with_beside(step("s", "true"))
    for entry in pod["spec"]["initContainers"][0]["env"]:
        if entry["name"] == "ARGO_TEMPLATE":
            entry["value"] = "offloaded"
    pod["spec"]["containers"][1]["env"].remove(FILE)
    memory, found = await run(tmp_path, pod, ARGO_TEMPLATE=json.dumps(template))
    assert found["status"]["phase"] in ("Succeeded", "Failed")
    assert memory.objects["workflowtaskresults", "s"]["metadata"]["name"] == "s"


@pytest.mark.parametrize("content", ["{", "{}", "[1]", None])
async def test_files_that_are_no_arguments(tmp_path: Path, content: str | None) -> None:
    data = {"other": "x"} if content is None else {"ARGO_CONTAINER_ARGS_FILE": content}
    _, found = await run(tmp_path, with_beside(step("s", "true")), **data)
    assert found["status"]["phase"] == "Failed"
    assert "ARGO_CONTAINER_ARGS_FILE" in found["status"]["message"]
