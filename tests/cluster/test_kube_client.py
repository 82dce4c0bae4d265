"""The client and the reflector against the local API server."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from argotui.kube.client import Client, PatchKind
from argotui.kube.config import load_cluster
from argotui.kube.errors import ApiError
from argotui.kube.reflector import Delta, Reflector
from argotui.model.documents import name, resource_version, uid
from argotui.model.resources import CONFIG_MAPS, NAMESPACES, WORKFLOWS
from tests.cluster.processes import Bench, bench


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with bench(Path(tmp_path_factory.mktemp("bench")) / "d") as made:
        yield made


@pytest.fixture
async def client(site: Bench) -> AsyncIterator[Client]:
    async with Client(load_cluster(kubeconfig=site.kubeconfig)) as made:
        yield made


def config_map(named: str, **labels: str) -> dict[str, object]:
    return {"metadata": {"name": named, "namespace": "argo", "labels": labels}, "data": {"a": "1"}}


async def test_every_verb(client: Client) -> None:
    made = await client.create(CONFIG_MAPS, config_map("verbs", kind="verb"))
    with pytest.raises(ApiError) as caught:
        await client.create(CONFIG_MAPS, config_map("verbs"))
    assert caught.value.is_already_exists
    made["data"]["b"] = "2"
    replaced = await client.replace(CONFIG_MAPS, made)
    with pytest.raises(ApiError) as caught:
        await client.replace(CONFIG_MAPS, made)
    assert caught.value.is_conflict
    assert not caught.value.is_already_exists
    guard = {"metadata": {"resourceVersion": resource_version(replaced)}, "data": {"a": None}}
    patched = await client.patch(CONFIG_MAPS, "verbs", guard, "argo")
    assert patched["data"] == {"b": "2"}
    with pytest.raises(ApiError) as caught:
        await client.patch(CONFIG_MAPS, "verbs", guard, "argo")
    assert caught.value.is_conflict
    operations = [{"op": "add", "path": "/data/c", "value": "3"}]
    assert (await client.patch(CONFIG_MAPS, "verbs", operations, "argo", kind=PatchKind.JSON))["data"]["c"] == "3"
    with pytest.raises(ApiError) as caught:
        await client.delete(CONFIG_MAPS, "verbs", "argo", uid="another")
    assert caught.value.is_conflict
    await client.delete(CONFIG_MAPS, "verbs", "argo", uid=uid(made), propagation="Background")
    with pytest.raises(ApiError) as caught:
        await client.get(CONFIG_MAPS, "verbs", "argo")
    assert caught.value.is_not_found


async def test_lists_in_pages_tables_and_collections(client: Client) -> None:
    for i in range(5):
        await client.create(CONFIG_MAPS, config_map(f"page-{i}", kind="page"))
    page = await client.list(CONFIG_MAPS, "argo", label_selector="kind=page", limit=2)
    names = [name(item) for item in page.items]
    while page.continue_token:
        page = await client.list(
            CONFIG_MAPS, "argo", label_selector="kind=page", limit=2, continue_token=page.continue_token
        )
        names += [name(item) for item in page.items]
    assert names == [f"page-{i}" for i in range(5)]
    table = await client.table(CONFIG_MAPS, "argo", label_selector="kind=page")
    assert [row["cells"][0] for row in table["rows"]] == names
    only = await client.list(CONFIG_MAPS, "argo", field_selector="metadata.name=page-3")
    assert [name(item) for item in only.items] == ["page-3"]
    await client.delete_collection(CONFIG_MAPS, "argo", label_selector="kind=page")
    assert (await client.list(CONFIG_MAPS, "argo", label_selector="kind=page")).items == []


async def test_versions_and_cluster_scoped_kinds(client: Client) -> None:
    assert (await client.server_version())["major"] == "1"
    assert name(await client.get(NAMESPACES, "argo")) == "argo"
    with pytest.raises(ApiError) as caught:
        await client.create(
            WORKFLOWS,
            {
                "apiVersion": "argoproj.io/v1alpha1",
                "kind": "Workflow",
                "metadata": {"name": "bad", "namespace": "argo"},
                "spec": {"entrypoint": 5},
            },
        )
    assert caught.value.status in (400, 422)


async def test_a_reflector_sees_a_restart_through_and_misses_nothing(site: Bench, client: Client) -> None:
    seen: list[tuple[str, str]] = []

    def note(delta: Delta) -> None:
        seen.append((delta.type.value, name(delta.object)))

    reflector = Reflector(client, CONFIG_MAPS, "argo", label_selector="kind=seen", on_change=note)
    task = asyncio.create_task(reflector.run())
    try:
        await asyncio.wait_for(reflector.synced(), 10)
        await client.create(CONFIG_MAPS, config_map("one", kind="seen"))
        await _until(seen, 1)
        site.apiserver.kill()
        await asyncio.to_thread(site.apiserver.start)  # the loop must see that its idle connections are dead
        await client.create(CONFIG_MAPS, config_map("two", kind="seen"))
        await client.patch(CONFIG_MAPS, "one", {"metadata": {"labels": {"kind": "unseen"}}}, "argo")
        await _until(seen, 3)
        assert seen == [("ADDED", "one"), ("ADDED", "two"), ("DELETED", "one")]
        assert list(reflector.cache) == [("argo", "two")]
        assert reflector.freshness.connected
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _until(seen: list[tuple[str, str]], count: int) -> None:
    async with asyncio.timeout(15):
        while len(seen) < count:
            await asyncio.sleep(0.01)
