"""Credentials that end while they are in use: what a request does about a 401."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from argotui.kube.client import Client
from argotui.kube.config import ClusterConfig, Origins
from argotui.kube.errors import ApiError, NoCredentials
from argotui.kube.reflector import Reflector
from argotui.model.resources import PODS
from tests.unit.kube.fake import FakeApi, event, exec_server, page, pod, reply, stream
from tests.unit.kube.test_plugin import counting, runs, script

PATH = "/api/v1/namespaces/ns/pods"


def config(api: FakeApi, **identity: Any) -> ClusterConfig:
    return ClusterConfig(server=api.url, origins=Origins(user="k:9: user 'me'"), **identity)


async def test_a_plugins_token_that_ends_in_the_middle_of_a_watch(api: FakeApi, tmp_path: Path) -> None:
    """The server ends the stream and knows the old token no more; the watch goes on with a new one where it was."""
    api.tokens = {"token-1"}
    api.script("GET", PATH, page(pod("a", 1), version=1))
    expired = event("ERROR", {"kind": "Status", "code": 401, "reason": "Unauthorized", "message": "token expired"})
    api.script("WATCH", PATH, stream(expired), stream(event("ADDED", pod("b", 2)), then="silence"))
    arrived = asyncio.Event()

    def seen(delta: Any) -> None:
        if delta.object["metadata"]["name"] == "a":
            api.tokens = {"token-2"}
        else:
            arrived.set()

    async with Client(config(api, plugin=counting(tmp_path))) as client:
        reflector = Reflector(client, PODS, "ns", on_change=seen)
        following = asyncio.create_task(reflector.run())
        async with asyncio.timeout(5):
            await arrived.wait()
        following.cancel()
    assert runs(tmp_path) == 2
    assert len(api.seen("GET", PATH)) == 1  # resumed, not listed again
    assert {request.query["resourceVersion"] for request in api.seen("WATCH", PATH)} == {"1"}


async def test_every_verb_is_sent_again_once_with_newer_credentials(api: FakeApi, tmp_path: Path) -> None:
    api.tokens = {"token-2"}
    api.script("POST", PATH, reply(pod("a", 1)))
    async with Client(config(api, plugin=counting(tmp_path))) as client:
        await client.create(PODS, pod("a", 0))
    assert len(api.seen("POST", PATH)) == 2  # the first one was refused, not carried out
    api.tokens = {"token-4"}
    (tmp_path / "runs").write_text("\n\n")
    api.script("GET", f"{PATH}/a/exec", exec_server(b'\x03{"status": "Success"}'))
    async with Client(config(api, plugin=counting(tmp_path))) as client:
        assert (await client.exec("ns", "a", "main", ["x"])).exit_code == 0


async def test_when_newer_ones_do_not_help_it_says_whose_they_are(api: FakeApi, tmp_path: Path) -> None:
    api.tokens = set()
    async with Client(config(api, plugin=counting(tmp_path))) as client:
        for _ in range(3):
            with pytest.raises(ApiError, match=r"Unauthorized: the credentials are not accepted .* \(k:9: user 'me'\)"):
                await client.server_version()
        with pytest.raises(ApiError, match="are not accepted") as caught:
            await client.exec("ns", "a", "main", ["x"])
        assert caught.value.is_unauthorized
    assert runs(tmp_path) == 2  # not once per request


async def test_nothing_is_sent_while_there_is_nothing_to_prove(api: FakeApi, tmp_path: Path) -> None:
    async with Client(config(api, plugin=script(tmp_path, "echo please log in >&2; exit 1"))) as client:
        with pytest.raises(NoCredentials, match="failed with exit code 1: please log in"):
            await client.server_version()
    assert api.requests == []


async def test_a_token_file_that_was_replaced_is_read_before_giving_up(api: FakeApi, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("old")
    api.tokens = {"old"}
    api.script("GET", "/version", reply({}))
    async with Client(config(api, token_file=path)) as client:
        await client.server_version()
        api.tokens = {"new"}
        with pytest.raises(ApiError):
            await client.server_version()
        path.write_text("newer")
        api.tokens = {"newer"}
        await client.server_version()
