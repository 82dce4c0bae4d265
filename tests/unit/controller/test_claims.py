import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, cast

import pytest

from argotui.controller.claims import ClaimWork
from argotui.engine.effects import CreatePVC, DeletePVCs
from argotui.engine.facts import ClaimCreated, ClaimNotCreated, ClaimsDeleted, Fact
from argotui.kube.client import Client
from argotui.kube.errors import ApiError
from argotui.model.documents import Document
from argotui.model.resources import PERSISTENT_VOLUME_CLAIMS
from tests.unit.controller.memory import MemoryApi

PROTECTION = "kubernetes.io/pvc-protection"


class Scene:
    def __init__(self, **environ: str) -> None:
        self.api = MemoryApi()
        self.told: list[Fact] = []
        workflow = {"metadata": {"name": "w", "namespace": "ns", "uid": "w-uid"}}
        self.work = ClaimWork(self, cast(Client, self.api), workflow, self.told.append, asyncio.Event(), environ)

    async def send(self, request: Callable[[], Coroutine[Any, Any, Document]], _given_up: asyncio.Event) -> Document:
        return await request()

    def claim(self, owner: str = "w-uid", **metadata: Any) -> Document:
        references = [{"uid": owner, "kind": "Workflow"}]
        return {"metadata": {"name": "w-work", "namespace": "ns", "ownerReferences": references, **metadata}}

    def there(self, owner: str = "w-uid", **metadata: Any) -> None:
        self.api.put(PERSISTENT_VOLUME_CLAIMS, self.claim(owner, **metadata))

    @property
    def stored(self) -> Document | None:
        return self.api.objects.get(("persistentvolumeclaims", "ns", "w-work"))


async def test_a_claim_is_made() -> None:
    scene = Scene()
    await scene.work.create(CreatePVC(scene.claim()))
    assert (scene.told, scene.stored is not None) == ([ClaimCreated("w-work")], True)


@pytest.mark.parametrize(
    ("owner", "metadata", "expected"),
    [
        ("w-uid", {}, ClaimCreated("w-work")),
        ("other", {}, ClaimNotCreated("w-work", "w-work pvc already exists with different ownerreference", False)),
        (
            "other",
            {"deletionTimestamp": "2030-01-01T00:00:00Z"},
            ClaimNotCreated("w-work", 'persistentvolumeclaims "w-work" is being deleted', True),
        ),
    ],
)
async def test_a_name_that_is_taken(owner: str, metadata: dict[str, str], expected: Fact) -> None:
    scene = Scene()
    scene.there(owner, **metadata)
    await scene.work.create(CreatePVC(scene.claim()))
    assert scene.told == [expected]


@pytest.mark.parametrize(
    ("message", "transient"), [("exceeded quota: storage", True), ("no rights to make claims", False)]
)
async def test_a_refusal_is_told(message: str, transient: bool) -> None:
    scene = Scene()

    async def before(_verb: str, _name: str) -> None:
        raise ApiError(403, "Forbidden", message)

    scene.api.before = before
    await scene.work.create(CreatePVC(scene.claim()))
    assert scene.told == [ClaimNotCreated("w-work", message, transient)]


async def test_a_claim_is_deleted_and_its_absence_is_fine() -> None:
    scene = Scene()
    scene.there()
    await scene.work.delete(DeletePVCs(("w-work", "w-gone")))
    assert (scene.told, scene.stored) == ([ClaimsDeleted()], None)


@pytest.mark.parametrize(
    ("environ", "left"),
    [({}, ["mine"]), ({"ARGO_REMOVE_PVC_PROTECTION_FINALIZER": "false"}, [PROTECTION, "mine"])],
)
async def test_the_protection_is_taken_away(environ: dict[str, str], left: list[str]) -> None:
    scene = Scene(**environ)
    scene.there(finalizers=[PROTECTION, "mine"])
    conflicts = 1

    async def before(verb: str, _name: str) -> None:
        nonlocal conflicts
        if verb == "replace" and conflicts:
            conflicts -= 1
            raise ApiError(409, "Conflict", "changed meanwhile")

    async def delete(*_arguments: Any, **_options: Any) -> Document:
        return {}  # the finalizers hold it

    scene.api.before = before
    scene.api.delete = delete  # type: ignore[method-assign]
    await scene.work.delete(DeletePVCs(("w-work",)))
    assert scene.told == [ClaimsDeleted()]
    assert scene.stored is not None
    assert scene.stored["metadata"]["finalizers"] == left
    assert bool(conflicts) is (PROTECTION in left), "somebody was faster once"


async def test_a_claim_that_may_not_be_deleted_is_named() -> None:
    scene = Scene()
    scene.there()

    async def before(_verb: str, _name: str) -> None:
        raise ApiError(403, "Forbidden", "no")

    scene.api.before = before
    await scene.work.delete(DeletePVCs(("w-work",)))
    assert scene.told == [ClaimsDeleted(("w-work",))]
