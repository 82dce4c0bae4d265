import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, cast

import pytest

from argotui.controller.creation import Creation
from argotui.controller.requests import GivenUp, Requests
from argotui.engine.effects import CreatePod
from argotui.engine.facts import Fact, PodChanged, PodCreateFailed
from argotui.kube.client import Client
from argotui.kube.errors import ApiError, Unreachable
from argotui.model.documents import Document
from argotui.model.resources import CONFIG_MAPS, PODS
from tests.unit.controller.memory import MemoryApi
from tests.unit.controller.test_requests import Permit

WORKFLOW = {"metadata": {"name": "w", "namespace": "ns", "uid": "owner"}}
POD = {"metadata": {"name": "p", "ownerReferences": [{"uid": "owner"}]}}


class Sender:
    def __init__(self) -> None:
        self.created: dict[str, Document] = {}
        self._requests = Requests(Permit())

    async def send(self, request: Callable[[], Coroutine[Any, Any, Document]], given_up: asyncio.Event) -> Document:
        return await self._requests.send(request, given_up)


class Scene:
    def __init__(self) -> None:
        self.api = MemoryApi()
        self.facts: list[Fact] = []
        self.sender = Sender()
        effect = CreatePod("node", POD)
        self.creation = Creation(self.sender, cast(Client, self.api), WORKFLOW, effect, self.facts.append)

    def exists(self, uid: str = "owner", **metadata: Any) -> Document:
        owners = [{"uid": uid}]
        return self.api.put(PODS, {"metadata": {"name": "p", "namespace": "ns", "ownerReferences": owners, **metadata}})


@pytest.fixture
async def scene() -> Scene:
    return Scene()


async def test_it_creates_and_remembers(scene: Scene) -> None:
    await scene.creation.run()
    assert ("pods", "ns", "p") in scene.api.objects
    assert list(scene.sender.created) == ["p"]
    assert scene.facts == []


async def test_a_pod_of_ours_that_exists_is_success(scene: Scene) -> None:
    scene.exists()
    await scene.creation.run()
    (fact,) = scene.facts
    assert isinstance(fact, PodChanged)
    assert fact.pod["metadata"]["name"] == "p"


async def test_a_pod_of_somebody_else_is_an_error(scene: Scene) -> None:
    scene.exists(uid="another")
    await scene.creation.run()
    assert scene.facts == [
        PodCreateFailed("node", 'pods "p" already exists and does not belong to this workflow', False)
    ]


@pytest.mark.parametrize("owner", ["owner", "an earlier workflow of that name"])
async def test_a_pod_that_is_being_deleted_is_waited_for(scene: Scene, owner: str) -> None:
    scene.exists(deletionTimestamp="2026-01-01T00:00:00Z", uid="old")
    scene.api.objects["pods", "ns", "p"]["metadata"]["ownerReferences"] = [{"uid": owner}]
    looks = 0

    async def go_on_second_look(verb: str, name: str) -> None:
        nonlocal looks
        looks += verb == "get"
        if looks == 2:
            scene.api.objects.pop(("pods", "ns", "p"), None)

    scene.api.before = go_on_second_look
    await scene.creation.run()
    assert scene.facts == []
    assert scene.api.objects["pods", "ns", "p"]["metadata"]["uid"] != "old"


async def test_an_answer_that_was_lost_does_not_matter(scene: Scene) -> None:
    lost = False

    async def lose_the_first(verb: str, name: str) -> None:
        nonlocal lost
        if verb == "create" and not lost:
            lost = True
            scene.exists()
            raise Unreachable("cut")

    scene.api.before = lose_the_first
    await scene.creation.run()
    assert [type(fact) for fact in scene.facts] == [PodChanged]


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (ApiError(403, "Forbidden", "exceeded quota: pods"), True),
        (ApiError(403, "Forbidden", "no right"), False),
        (ApiError(422, "Invalid", "spec.containers: Required value"), False),
    ],
)
async def test_refusals_are_told(scene: Scene, error: ApiError, transient: bool) -> None:
    async def refuse(verb: str, name: str) -> None:
        raise error

    scene.api.before = refuse
    await scene.creation.run()
    assert scene.facts == [PodCreateFailed("node", error.message, transient)]


async def test_a_pod_that_is_not_wanted_any_more_is_not_tried_again(scene: Scene) -> None:
    async def cut(verb: str, name: str) -> None:
        raise Unreachable("cut")

    scene.api.before = cut
    task = asyncio.create_task(scene.creation.run())
    await asyncio.sleep(0.01)
    scene.creation.given_up.set()
    with pytest.raises(GivenUp):
        await task
    assert scene.api.objects == {}


# --- what has to be there before --------------------------------------------------------------

BESIDE: Document = {
    "metadata": {
        "name": "p",
        "namespace": "ns",
        "labels": {"workflows.argoproj.io/workflow": "w"},
        "ownerReferences": [{"uid": "owner"}],
    },
    "data": {"K": "new"},
}


def beside(scene: Scene) -> Creation:
    effect = CreatePod("node", POD, BESIDE)
    return Creation(scene.sender, cast(Client, scene.api), WORKFLOW, effect, scene.facts.append)


def lies_there(scene: Scene, uid: str, workflow: str = "w") -> None:
    metadata = {**BESIDE["metadata"], "ownerReferences": [{"uid": uid}]}
    metadata["labels"] = {"workflows.argoproj.io/workflow": workflow}
    scene.api.put(CONFIG_MAPS, {"metadata": metadata, "data": {"K": "old"}})


@pytest.mark.parametrize("found", ["nothing", "of an earlier try", "of an earlier workflow of that name"])
async def test_the_config_map_comes_before_the_pod(scene: Scene, found: str) -> None:
    if found != "nothing":
        lies_there(scene, "owner" if found == "of an earlier try" else "another")
    await beside(scene).run()
    made = scene.api.objects["configmaps", "ns", "p"]
    assert made["data"] == {"K": "new"}
    assert made["metadata"]["ownerReferences"] == [{"uid": "owner"}]
    assert ("pods", "ns", "p") in scene.api.objects
    assert scene.facts == []


async def test_a_config_map_of_somebody_else_is_an_error(scene: Scene) -> None:
    lies_there(scene, "another", workflow="another")
    await beside(scene).run()
    message = 'configmaps "p" already exists and does not belong to this workflow'
    assert scene.facts == [PodCreateFailed("node", message, False)]
    assert scene.api.objects["configmaps", "ns", "p"]["data"] == {"K": "old"}
    assert ("pods", "ns", "p") not in scene.api.objects


@pytest.mark.parametrize("drops", [False, True])
async def test_fields_that_the_server_drops_are_told(scene: Scene, drops: bool) -> None:
    pod = {**POD, "spec": {"resources": {"limits": {"cpu": "1"}}, "containers": []}}
    create = scene.api.create

    async def dropping(res: Any, body: Document, namespace: str | None = None) -> Document:
        spec = {key: value for key, value in body["spec"].items() if not drops or key != "resources"}
        return await create(res, {**body, "spec": spec}, namespace)

    scene.api.create = dropping  # type: ignore[method-assign]
    warned: list[tuple[str, str]] = []
    effect = CreatePod("node", pod)
    client = cast(Client, scene.api)
    warn = lambda reason, message: warned.append((reason, message))  # noqa: E731
    await Creation(scene.sender, client, WORKFLOW, effect, scene.facts.append, warn=warn).run()
    text = "pod p: the API server has dropped spec.resources; is the feature on?"
    assert warned == ([("PodLevelResourcesDropped", text)] if drops else [])
