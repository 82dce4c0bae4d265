"""Our client on both servers: what stands in a kubeconfig, what lies in between, and what happens when that breaks."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from argotui.kube import freshness
from argotui.kube.client import Client
from argotui.kube.config import ClusterConfig, load_cluster
from argotui.kube.errors import ApiError, Unreachable
from argotui.kube.freshness import Link
from argotui.kube.reflector import Delta, Reflector
from argotui.model.documents import Document, name
from argotui.model.resources import CONFIG_MAPS, CRDS, WORKFLOWS, Resource
from argotui.services.waiting import is_completed, wait_for_completion
from tests.cluster.apiclient import ApiClient
from tests.unit.kube.authority import Authority
from tests.unit.kube.relay import ConnectProxy, Relay

SECONDS = 30


@pytest.fixture
def config(server: ApiClient) -> ClusterConfig:
    return load_cluster(kubeconfig=str(server.directory / "kubeconfig"))


@pytest.fixture
async def relay(server: ApiClient) -> AsyncIterator[Relay]:
    async with Relay("127.0.0.1", urlsplit(server.url).port or 0) as made:
        yield made


@pytest.fixture
def behind(config: ClusterConfig, relay: Relay) -> ClusterConfig:
    """The same server at the other end of the relay."""
    return replace(config, server=f"https://127.0.0.1:{relay.port}")


@pytest.fixture
def room(server: ApiClient) -> str:
    """A namespace of the test's own."""
    made = server.ok("POST", "/api/v1/namespaces", {"metadata": {"generateName": "room-"}})
    return str(made["metadata"]["name"])


def put(server: ApiClient, room: str, called: str) -> None:
    """What somebody else does, by a way of their own."""
    server.ok("POST", f"/api/v1/namespaces/{room}/configmaps", {"metadata": {"name": called}})


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not condition():
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def following(client: Client, res: Resource, namespace: str | None, **options: Any) -> AsyncIterator[Any]:
    """A reflector that runs, and the names of the objects in the order in which they were told."""
    seen: list[tuple[str, str]] = []

    def note(delta: Delta) -> None:
        seen.append((delta.type.value, name(delta.object)))

    reflector = Reflector(client, res, namespace, on_change=note, **options)
    task = asyncio.create_task(reflector.run())
    try:
        yield reflector, seen
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def added(names: str) -> list[tuple[str, str]]:
    return [("ADDED", each) for each in names]


async def test_several_files_make_one_cluster(
    server: ApiClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who we are from one file, where to from another, with a certificate beside it; the first mention wins."""
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "ca.pem").write_bytes((server.directory / "ca.pem").read_bytes())
    (tmp_path / "token").write_text(server.token)
    parts: dict[str, dict[str, Any]] = {
        "me": {"users": [{"name": "me", "user": {"tokenFile": "token"}}]},
        "there/cluster": {
            "clusters": [{"name": "c", "cluster": {"server": server.url, "certificate-authority": "ca.pem"}}],
            "users": [{"name": "me", "user": {"token": "wrong"}}],
        },
        "context": {
            "current-context": "here",
            "contexts": [{"name": "here", "context": {"cluster": "c", "user": "me", "namespace": "argo"}}],
            "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
        },
    }
    for called, content in parts.items():
        (tmp_path / called).write_text(yaml.safe_dump(content))
    monkeypatch.setenv("KUBECONFIG", ":".join(str(tmp_path / called) for called in ("absent", *parts)))
    config = load_cluster()
    async with Client(config) as client:
        assert (await client.list(WORKFLOWS, config.namespace, limit=1)).resource_version


async def test_an_authority_that_is_wrong(config: ClusterConfig) -> None:
    async with Client(replace(config, ca_data=Authority().pem)) as client:
        with pytest.raises(Unreachable, match=r"not trusted: .*; it was not signed by .*; get a new kubeconfig"):
            await client.server_version()


async def test_a_token_that_nobody_knows(config: ClusterConfig) -> None:
    wrong = replace(config, token="wrong", client_cert_data=None, client_key_data=None)
    async with Client(wrong) as client:
        with pytest.raises(ApiError, match=r"Unauthorized: the credentials are not accepted .*kubeconfig.*log in"):
            await client.list(WORKFLOWS, "argo")


async def test_all_of_it_through_a_proxy(server: ApiClient, config: ClusterConfig, room: str) -> None:
    async with ConnectProxy("127.0.0.1", urlsplit(server.url).port or 0, password="me:secret") as proxy:
        far = replace(
            config,
            server="https://api.example.org:6443",
            tls_server_name="127.0.0.1",
            proxy_url=f"http://me:secret@127.0.0.1:{proxy.port}",
        )
        async with Client(far) as client, following(client, CONFIG_MAPS, room) as (reflector, seen):
            await reflector.synced()
            await client.create(CONFIG_MAPS, {"metadata": {"name": "a"}}, room)
            await until(lambda: ("ADDED", "a") in seen)
        assert set(proxy.asked) == {"CONNECT api.example.org:6443"}


def plugin(folder: Path, *answers: Document) -> list[str]:
    """A kubeconfig user's command: gives these statuses one after another."""
    for number, status in enumerate(answers):
        answer = {"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1", "status": status}
        (folder / f"answer-{number}").write_text(json.dumps(answer))
    (folder / "plugin").write_text(
        f"#!/bin/sh\ncd {folder}\nruns=$(ls | grep -c run-)\ntouch run-$runs\ncat answer-$runs\n"
    )
    (folder / "plugin").chmod(0o755)
    return [str(folder / "plugin")]


async def test_a_plugins_token_that_ends_in_the_middle_of_a_watch(
    server: ApiClient, behind: ClusterConfig, relay: Relay, room: str, tmp_path: Path
) -> None:
    """The connection breaks when the token's time is over: the watch resumes with a new one, nobody presses a key."""
    soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    command = plugin(tmp_path, {"token": server.token, "expirationTimestamp": soon}, {"token": server.token})
    kubeconfig = yaml.safe_load((server.directory / "kubeconfig").read_text())
    exec_user = {"apiVersion": "client.authentication.k8s.io/v1", "command": command[0], "interactiveMode": "Never"}
    kubeconfig["users"][0]["user"] = {"exec": exec_user}
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(kubeconfig))
    config = replace(load_cluster(kubeconfig=str(tmp_path / "kubeconfig")), server=behind.server)
    async with Client(config) as client, following(client, CONFIG_MAPS, room, label_selector="!x") as (reflector, seen):
        await reflector.synced()
        put(server, room, "a")
        await until(lambda: ("ADDED", "a") in seen)
        while datetime.now(UTC).isoformat() < soon:
            await asyncio.sleep(0.05)
        relay.cut()
        put(server, room, "b")
        await until(lambda: ("ADDED", "b") in seen)
        assert reflector.freshness.lists == 1
        assert len(list(tmp_path.glob("run-*"))) == 2


async def test_a_wire_that_is_cut_and_one_that_goes_dead(
    server: ApiClient, behind: ClusterConfig, relay: Relay, room: str
) -> None:
    async with Client(behind) as client, following(client, CONFIG_MAPS, room, silence=1.0) as (reflector, seen):
        await until(lambda: reflector.freshness.connected)
        before = len(seen)
        relay.cut()
        put(server, room, "a")
        await until(lambda: len(seen) == before + 1)
        relay.freeze()
        put(server, room, "b")
        await until(lambda: reflector.freshness.link is Link.STALE)
        assert "silent for 1 s" in reflector.freshness.last_error
        relay.thaw()
        put(server, room, "c")
        await until(lambda: reflector.freshness.connected and len(seen) == before + 3)
        assert seen[before:] == added("abc")


async def test_waiting_for_a_workflow_over_a_wire_that_goes_dead(
    server: ApiClient, behind: ClusterConfig, relay: Relay
) -> None:
    spec = {"entrypoint": "main", "templates": [{"name": "main", "suspend": {}}]}
    labels = {"workflows.argoproj.io/controller-instanceid": "nobody"}
    metadata = {"generateName": "waits-", "labels": labels}
    body = {"apiVersion": WORKFLOWS.api_version, "kind": "Workflow", "metadata": metadata, "spec": spec}
    path = WORKFLOWS.path("argo")
    called = server.ok("POST", path, body)["metadata"]["name"]
    troubles: list[str] = []
    first = asyncio.Event()
    async with Client(behind) as client:
        waiting = asyncio.create_task(
            wait_for_completion(client, "argo", called, on_change=lambda _: first.set(), on_trouble=troubles.append)
        )
        await asyncio.wait_for(first.wait(), SECONDS)
        relay.freeze()
        done = {
            "metadata": {"labels": {"workflows.argoproj.io/completed": "true"}},
            "status": {"phase": "Succeeded"},
        }
        server.ok("PATCH", f"{path}/{called}", done, content_type="application/merge-patch+json")
        relay.thaw()
        assert is_completed(await asyncio.wait_for(waiting, SECONDS))
    assert len(troubles) <= 1  # said once, however often it was tried
    server.ok("DELETE", f"{path}/{called}")


async def test_a_kind_that_is_installed_later(
    server: ApiClient, config: ClusterConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freshness, "_ABSENT_SECONDS", 0.2)
    late = Resource("late.example.org", "v1", "Late", "lates", "late")
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "lates.late.example.org"},
        "spec": {
            "group": late.group,
            "scope": "Namespaced",
            "names": {"plural": late.plural, "singular": late.singular, "kind": late.kind, "listKind": "LateList"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {
                "type": "object", "x-kubernetes-preserve-unknown-fields": True}}}],
        },
    }  # fmt: skip
    async with Client(config) as client, following(client, late, None) as (reflector, seen):
        await until(lambda: reflector.freshness.retry_at is not None)
        assert reflector.freshness.link is Link.ABSENT
        assert reflector.freshness.last_error == "lates.late.example.org is not installed in this cluster"
        server.define([definition])
        one = {"apiVersion": late.api_version, "kind": late.kind, "metadata": {"name": "one"}}
        server.ok("POST", late.path("argo"), one)
        await until(lambda: seen == [("ADDED", "one")])
        assert reflector.freshness.connected
    server.ok("DELETE", CRDS.path(name="lates.late.example.org"))
