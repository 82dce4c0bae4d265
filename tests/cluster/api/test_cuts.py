"""The wire is cut in the middle of every kind of call: one clear error, and the next call works."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest

from argotui.kube.client import Client
from argotui.kube.config import load_cluster
from argotui.kube.errors import ApiError, KubeError
from argotui.model.resources import CONFIG_MAPS
from tests.cluster.apiclient import CONFIGMAPS, ApiClient, configmap, names
from tests.unit.kube.relay import Relay

Call = Callable[[Client, str], Awaitable[Any]]


def _body(name: str, value: str = "x" * 3000) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "argo", "labels": {"cut": name}}
    return {**configmap(name, {"a": value}), "metadata": metadata}


async def _watch(client: Client, name: str) -> None:
    events = client.watch(CONFIG_MAPS, "argo", resource_version="0", field_selector=f"metadata.name={name}")
    async with contextlib.aclosing(events):
        async for _ in events:
            return


CALLS: dict[str, Call] = {
    "get": lambda client, name: client.get(CONFIG_MAPS, name, "argo"),
    "list": lambda client, name: client.list(CONFIG_MAPS, "argo", field_selector=f"metadata.name={name}"),
    "table": lambda client, name: client.table(CONFIG_MAPS, "argo", field_selector=f"metadata.name={name}"),
    "watch": _watch,
    "create": lambda client, name: client.create(CONFIG_MAPS, _body(f"{name}-new")),
    "replace": lambda client, name: client.replace(CONFIG_MAPS, _body(name, "y" * 3000)),
    "patch": lambda client, name: client.patch(CONFIG_MAPS, name, {"data": {"b": "z" * 3000}}, "argo"),
    "apply": lambda client, name: client.apply(CONFIG_MAPS, _body(name), field_manager="cuts", force=True),
    "delete": lambda client, name: client.delete(CONFIG_MAPS, name, "argo"),
    "delete collection": lambda client, name: client.delete_collection(
        CONFIG_MAPS, "argo", label_selector=f"cut={name}"
    ),
}


@pytest.fixture
async def relay(server: ApiClient) -> AsyncIterator[Relay]:
    async with Relay("127.0.0.1", urlsplit(server.url).port or 0) as made:
        yield made


@pytest.fixture
async def client(server: ApiClient, relay: Relay) -> AsyncIterator[Client]:
    config = load_cluster(kubeconfig=str(server.directory / "kubeconfig"))
    async with Client(replace(config, server=f"https://127.0.0.1:{relay.port}")) as made:
        await made.list(CONFIG_MAPS, "argo", limit=1)  # the connection is there
        yield made


@pytest.mark.parametrize("after", [0, 100], ids=["before the answer", "within the answer"])
@pytest.mark.parametrize("kind", CALLS)
async def test_a_call_that_is_cut_off(server: ApiClient, relay: Relay, client: Client, kind: str, after: int) -> None:
    name = f"cut-{kind.replace(' ', '-')}-{after}"
    server.ok("POST", CONFIGMAPS, configmap(name, {"a": "x" * 3000}, labels={"cut": name}))
    relay.cut_after = after
    # what may be sent again is sent again, and then nobody is told of the cut; nothing else comes of it
    with contextlib.suppress(KubeError):
        await CALLS[kind](client, name)
    assert relay.cut_after is None, "nothing was cut"
    with contextlib.suppress(ApiError):  # it had been carried out: there is no second time
        await CALLS[kind](client, name)
    left = names(server.ok("GET", CONFIGMAPS, labelSelector=f"cut={name}"))
    assert left == ([] if kind.startswith("delete") else [name])
