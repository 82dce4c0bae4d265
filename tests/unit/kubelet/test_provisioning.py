"""Claims become directories, are shared, and go when nobody uses them any more."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from argotui.kube.reflector import Delta, DeltaType
from argotui.local.kubelet.provisioning import Provisioner, refusal
from argotui.local.kubelet.references import Missing, References
from argotui.local.kubelet.tidy import Tidy
from argotui.local.kubelet.volumes import existing_volumes, make_volumes
from argotui.model.resources import PERSISTENT_VOLUME_CLAIMS, PODS
from tests.unit.kubelet.memory import NS, Document, Memory

PROTECTION = "kubernetes.io/pvc-protection"


def claim(name: str = "work", **spec: Any) -> Document:
    wanted = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, **spec}
    metadata = {"name": name, "finalizers": [PROTECTION]}
    return {"kind": "PersistentVolumeClaim", "metadata": metadata, "spec": wanted, "status": {"phase": "Pending"}}


class Scene:
    def __init__(self, directory: Path) -> None:
        self.memory = Memory()
        (directory / "trash").mkdir()
        self.tidy = Tidy(directory / "trash")
        self.claims = directory / "claims"
        self.pods: list[Document] = []
        self.provisioner = Provisioner(self.memory, self.claims, self.tidy, lambda: self.pods)
        self.memory.listeners.append(self._tell)

    def _tell(self, delta: Delta) -> None:
        if delta.object.get("kind") == "PersistentVolumeClaim":
            self.provisioner.on_claim(delta)

    async def add(self, document: Document) -> Document:
        made = await self.memory.create(PERSISTENT_VOLUME_CLAIMS, document)
        self.provisioner.on_claim(Delta(DeltaType.ADDED, made, None))
        return made

    def stored(self, name: str = "work") -> Document:
        return self.memory.objects["persistentvolumeclaims", name]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not condition():
                await asyncio.sleep(0)

    async def bound(self, name: str = "work") -> Path:
        await self.until(lambda: self.stored(name)["status"]["phase"] == "Bound")
        return self.claims / self.stored(name)["metadata"]["uid"]

    def pod(self, name: str, phase: str, claim_name: str = "work", node: str = "n") -> Document:
        volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": claim_name}}]
        pod = {"metadata": {"name": name, "namespace": NS}, "spec": {"nodeName": node, "volumes": volumes}}
        return {**pod, "status": {"phase": phase}}

    def delete(self, name: str = "work") -> None:
        marked = self.stored(name)
        marked["metadata"]["deletionTimestamp"] = "2030-01-01T00:00:00Z"
        self.provisioner.on_claim(Delta(DeltaType.MODIFIED, marked, None))

    def gone(self, name: str = "work") -> None:
        self.provisioner.on_claim(
            Delta(DeltaType.DELETED, self.memory.objects.pop(("persistentvolumeclaims", name)), None)
        )


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    scene = Scene(tmp_path)
    yield scene
    await scene.provisioner.stop()


async def test_a_claim_is_bound_to_a_directory(scene: Scene) -> None:
    made = await scene.add(claim())
    path = await scene.bound()
    stored = scene.stored()
    assert path.is_dir()
    assert path.stat().st_mode & 0o777 == 0o777
    assert stored["spec"]["volumeName"] == f"pvc-{made['metadata']['uid']}"
    assert stored["status"] == {"phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}}


@pytest.mark.parametrize("field", [{"volumeMode": "Block"}, {"dataSource": {"name": "x"}}, {"selector": {"a": "b"}}])
async def test_what_cannot_be_bound_says_why(scene: Scene, field: dict[str, Any]) -> None:
    assert next(iter(field)) in refusal(claim(**field))
    await scene.add(claim(**field))
    await scene.until(lambda: any(plural == "events" for plural, _ in scene.memory.objects))
    assert scene.stored()["status"]["phase"] == "Pending"


async def test_two_pods_share_the_directory_and_a_later_kubelet_finds_it(scene: Scene, tmp_path: Path) -> None:
    await scene.add(claim())
    await scene.bound()
    paths = []
    for name in ("first", "second"):
        references = References(scene.memory, NS)
        made = await make_volumes(scene.pod(name, "Running"), tmp_path / name, references, scene.claims)
        paths.append(made["v"].path)
    (paths[0] / "file").write_text("shared")
    assert (paths[1] / "file").read_text() == "shared"
    assert existing_volumes(scene.pod("second", "Running"), tmp_path / "second")["v"].path == paths[1]


async def test_a_pod_waits_for_its_claim(scene: Scene, tmp_path: Path) -> None:
    async def problem() -> Missing:
        with pytest.raises(Missing) as raised:
            await make_volumes(scene.pod("p", "Pending"), tmp_path / "p", References(scene.memory, NS), scene.claims)
        return raised.value

    assert 'persistentvolumeclaim "work" not found' in str(await problem())
    await scene.memory.create(PERSISTENT_VOLUME_CLAIMS, claim())
    unbound = await problem()
    assert 'persistentvolumeclaim "work" is not bound' in str(unbound)
    assert unbound.is_coming
    scene.stored()["metadata"]["deletionTimestamp"] = "2030-01-01T00:00:00Z"
    assert 'persistentvolumeclaim "work" is being deleted' in str(await problem())


async def test_protection_lasts_as_long_as_a_pod_uses_the_claim(scene: Scene) -> None:
    await scene.add(claim())
    await scene.bound()
    scene.pods = [
        scene.pod("p", "Running"),
        scene.pod("elsewhere", "Running", "other"),
        scene.pod("later", "Pending", node=""),
    ]
    scene.delete()
    await asyncio.sleep(0)
    assert scene.stored()["metadata"]["finalizers"] == [PROTECTION]
    scene.pods[0] = scene.pod("p", "Succeeded")
    scene.provisioner.on_pod(scene.pods[0], gone=False)
    await scene.until(lambda: not scene.stored()["metadata"]["finalizers"])


async def test_the_directory_goes_with_the_claim_but_not_before_its_last_user(scene: Scene) -> None:
    await scene.add(claim())
    path = await scene.bound()
    scene.pods = [scene.pod("p", "Running")]
    scene.gone()  # as a workflow's clean-up does, which takes the protection away itself
    assert path.exists()
    scene.pods = []
    scene.provisioner.on_pod(scene.pod("p", "Running"), gone=True)
    assert not path.exists()


async def test_directories_of_claims_that_went_while_nobody_looked(scene: Scene, tmp_path: Path) -> None:
    await scene.add(claim())
    path = await scene.bound()
    (scene.claims / "orphan").mkdir()
    scene.provisioner.tidy_up()
    assert os.listdir(scene.claims) == [path.name]
    await scene.tidy.empty()
    assert list((tmp_path / "trash").iterdir()) == []


def test_the_kind_has_a_status_of_its_own() -> None:
    assert PERSISTENT_VOLUME_CLAIMS.status_subresource
    assert PODS.status_subresource
