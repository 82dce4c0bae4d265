"""Ending pods over the real exec protocol, against a server that plays kubelets of every temper."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from argotui.controller import terminating
from argotui.controller.requests import Requests
from argotui.controller.terminating import Terminations
from argotui.kube.client import Client
from argotui.kube.config import ClusterConfig
from tests.unit.controller.test_requests import Permit

SUCCESS = {"kind": "Status", "status": "Success"}
NO_PROCESS = {
    "kind": "Status", "status": "Failure", "reason": "NonZeroExitCode", "code": 500,
    "details": {"causes": [{"reason": "ExitCode", "message": "1"}]},
}  # fmt: skip
NO_SHELL = {
    "kind": "Status", "status": "Failure", "reason": "InternalError", "code": 500,
    "message": 'OCI runtime exec failed: exec: "/bin/sh": stat /bin/sh: no such file or directory',
}  # fmt: skip
NOT_FOUND = {**NO_PROCESS, "details": {"causes": [{"reason": "ExitCode", "message": "127"}]}}
MOUNT = [{"name": "var-run-argo", "mountPath": "/var/run/argo"}]


class Kubelet:
    """One pod with `wait`, `main` and what was injected beside them. answers: of containers, else SUCCESS."""

    def __init__(self) -> None:
        self.running = {"wait", "main", "mesh"}
        self.answers: dict[str, Any] = {}
        self.heard: list[tuple[str, str]] = []
        self.deleted = False
        self.protocols: tuple[str, ...] = ("v5.channel.k8s.io",)
        self.ends_on = {"9": True}
        """Signals on which a container ends."""

    def pod(self) -> dict[str, Any]:
        names = ("wait", "main", "mesh")
        states = [
            {"name": each, "state": {"running": {}} if each in self.running else {"terminated": {}}} for each in names
        ]
        containers = [{"name": each, "volumeMounts": [] if each == "mesh" else MOUNT} for each in names]
        return {
            "metadata": {"name": "p", "namespace": "ns", "uid": "u"},
            "spec": {"containers": containers},
            "status": {"phase": "Running" if self.running else "Failed", "containerStatuses": states},
        }

    async def read(self, _request: web.Request) -> web.Response:
        if self.deleted:
            return web.json_response({"kind": "Status", "code": 404, "reason": "NotFound"}, status=404)
        return web.json_response(self.pod())

    async def delete(self, request: web.Request) -> web.Response:
        assert (await request.json())["preconditions"] == {"uid": "u"}
        self.deleted = True
        return web.json_response(self.pod())

    async def exec(self, request: web.Request) -> web.StreamResponse:
        container, command = request.query["container"], " ".join(request.query.getall("command"))
        answer = self.answers.get(container, SUCCESS)
        self.heard.append((container, command))
        if isinstance(answer, int):
            return web.json_response({"kind": "Status", "code": answer, "reason": "Forbidden"}, status=answer)
        socket = web.WebSocketResponse(protocols=self.protocols)
        await socket.prepare(request)
        await socket.send_bytes(b"\x02" + b"some words")
        signal = command.rpartition("kill ")[2].split()[0].lstrip("-")
        if answer is SUCCESS and self.ends_on.get(signal):
            self.running.discard(container)
        await socket.send_bytes(b"\x03" + json.dumps(answer).encode())
        await socket.close()
        return socket


@asynccontextmanager
async def scene(kubelet: Kubelet) -> AsyncIterator[Terminations]:
    application = web.Application()
    path = "/api/v1/namespaces/ns/pods/p"
    application.router.add_get(path, kubelet.read)
    application.router.add_delete(path, kubelet.delete)
    application.router.add_get(f"{path}/exec", kubelet.exec)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
    try:
        async with Client(ClusterConfig(server=f"http://127.0.0.1:{port}")) as client:
            yield Terminations(client, Requests(Permit()))
    finally:
        await runner.cleanup()


async def end(kubelet: Kubelet, grace: int = 0) -> None:
    async with scene(kubelet) as terminations:
        terminations.start("ns", "p", "u", grace)
        await terminations._crew.settled()


def commands(signal: int) -> set[tuple[str, str]]:
    return {
        ("wait", f"argoexec kill {signal} 1"),
        ("main", f"/var/run/argo/argoexec kill {signal} 1"),
        ("mesh", f"/bin/sh -c kill -{signal} 1"),
    }


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminating, "_KILL_PATIENCE", 0.3)
    monkeypatch.setattr(terminating, "_FIRST_PAUSE", 0.01)


@pytest.mark.parametrize("protocol", ["v5.channel.k8s.io", "v4.channel.k8s.io"])
async def test_asked_then_killed(protocol: str) -> None:
    kubelet = Kubelet()
    kubelet.protocols = (protocol,)
    await end(kubelet)
    assert set(kubelet.heard[:3]) == commands(15)
    assert set(kubelet.heard[3:]) == commands(9)
    assert len(kubelet.heard) == 6
    assert not kubelet.deleted


async def test_who_ends_when_asked_is_not_killed() -> None:
    kubelet = Kubelet()
    kubelet.ends_on = {"15": True}
    await end(kubelet)
    assert set(kubelet.heard) == commands(15)


async def test_a_process_that_has_just_ended_is_no_reason_to_ask_again() -> None:
    kubelet = Kubelet()
    kubelet.answers["main"] = NO_PROCESS
    await end(kubelet)
    assert [each for each in kubelet.heard if each[0] == "main"] == [
        ("main", "/var/run/argo/argoexec kill 15 1"), ("main", "/var/run/argo/argoexec kill 9 1"),
    ]  # fmt: skip
    assert not kubelet.deleted


@pytest.mark.parametrize("answer", [NO_SHELL, NOT_FOUND])
async def test_a_container_without_a_shell_holds_up_nobody_and_the_pod_is_deleted(answer: Any) -> None:
    kubelet = Kubelet()
    kubelet.answers["mesh"] = answer
    await end(kubelet)
    assert set(kubelet.heard[:3]) == commands(15)
    assert set(kubelet.heard[3:]) == commands(9)
    assert kubelet.running == {"mesh"}
    assert kubelet.deleted


async def test_where_exec_is_forbidden_the_pod_is_deleted_after_its_grace() -> None:
    kubelet = Kubelet()
    kubelet.answers = dict.fromkeys(("wait", "main", "mesh"), 403)
    await end(kubelet)
    assert len(kubelet.heard) == 6, "each is tried once for each signal"
    assert kubelet.deleted


@pytest.mark.parametrize("status", [502, 503])
async def test_a_kubelet_that_does_not_answer_is_asked_again_and_at_last_the_pod_is_deleted(status: int) -> None:
    kubelet = Kubelet()
    kubelet.answers = dict.fromkeys(("wait", "main", "mesh"), status)
    await end(kubelet)
    kills = [each for each in kubelet.heard if each == ("main", "/var/run/argo/argoexec kill 9 1")]
    assert len(kills) >= 2
    assert kubelet.deleted


async def test_who_was_told_is_not_told_again_while_others_are_tried() -> None:
    kubelet = Kubelet()
    kubelet.answers["mesh"] = 502
    await end(kubelet)
    assert kubelet.heard.count(("main", "/var/run/argo/argoexec kill 15 1")) == 1
    assert kubelet.heard.count(("main", "/var/run/argo/argoexec kill 9 1")) == 1
    assert kubelet.deleted
