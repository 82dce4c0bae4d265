"""Logs and signals: what the API server does with what the kubelet left and answers."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.cluster.apiserver import MERGE, PODS, ApiServer, pod, running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with running(tmp_path_factory.mktemp("apiserver")) as started:
        yield started


def made(server: ApiServer, name: str, state: dict[str, Any] | None = None, text: bytes = b"") -> Path:
    """A pod whose container is in a state and has written something; returns its log."""
    body = pod(name)
    body["spec"]["containers"].append({"name": "wait", "image": "busybox:1"})
    body["spec"]["initContainers"] = [{"name": "init", "image": "busybox:1"}]
    uid = server.ok("POST", PODS, body)["metadata"]["uid"]
    if state:
        settle(server, name, state)
    folder = server.directory / "pods" / uid / "containers" / "main"
    folder.mkdir(parents=True)
    (folder / "log").write_bytes(text)
    return folder / "log"


def settle(server: ApiServer, name: str, state: dict[str, Any]) -> None:
    status = {"containerStatuses": [{"name": "main", "state": state}]}
    server.ok("PATCH", f"{PODS}/{name}/status", {"status": status}, content_type=MERGE)


RUNNING = {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
ENDED = {"running": None, "terminated": {"exitCode": 0}}


def log(server: ApiServer, name: str, **query: str | int) -> tuple[int, Any]:
    return server.ask("GET", f"{PODS}/{name}/log", **{"container": "main", **query})


def test_a_log_and_its_end(server: ApiServer) -> None:
    made(server, "whole", RUNNING, b"one\ntwo\nthree\n")
    assert log(server, "whole") == (200, "one\ntwo\nthree\n")
    assert log(server, "whole", tailLines=2) == (200, "two\nthree\n")
    assert log(server, "whole", tailLines=0) == (200, "")
    assert log(server, "whole", limitBytes=5) == (200, "one\nt")


def test_following_a_log_to_its_end(server: ApiServer) -> None:
    file = made(server, "followed", RUNNING, b"first\n")
    answer = server.raw("GET", f"{PODS}/followed/log?container=main&follow=true")
    assert answer.status == 200
    assert answer.readline() == b"first\n"
    with file.open("ab") as out:
        out.write(b"second\n")
    assert answer.readline() == b"second\n"
    with file.open("ab") as out:
        out.write(b"last\n")
    settle(server, "followed", ENDED)
    assert answer.read() == b"last\n"


def test_following_ends_when_the_pod_is_gone(server: ApiServer) -> None:
    made(server, "removed", RUNNING, b"")
    answer = server.raw("GET", f"{PODS}/removed/log?container=main&follow=true")
    server.ok("DELETE", f"{PODS}/removed")
    assert answer.read() == b""


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"container": ""}, "a container name must be specified for pod refused, choose one of: [main wait]"
            " or one of the init containers: [init]",
        ),
        ({"container": "none"}, "container none is not valid for pod refused"),
        ({"container": "main"}, 'container "main" in pod "refused" is waiting to start: PodInitializing'),
        ({"container": "wait"}, 'container "wait" in pod "refused" is waiting to start: ContainerCreating'),
        ({"previous": "true"}, 'previous terminated container "main" in pod "refused" not found'),
    ],
)  # fmt: skip
def test_logs_that_are_not_there(server: ApiServer, query: dict[str, str], words: str) -> None:
    if server.ask("GET", f"{PODS}/refused")[0] == 404:
        made(server, "refused", {"waiting": {"reason": "PodInitializing"}})
    code, refusal = log(server, "refused", **query)
    assert (code, refusal["reason"], refusal["message"]) == (400, "BadRequest", words)


@pytest.mark.parametrize(
    "query",
    [
        {"limitBytes": 0},
        {"sinceSeconds": 0},
        {"sinceTime": "now"},
        {"sinceSeconds": 1, "sinceTime": "2026-01-01T00:00:00Z"},
    ],
)
def test_bad_log_options(server: ApiServer, query: dict[str, Any]) -> None:
    if server.ask("GET", f"{PODS}/options")[0] == 404:
        made(server, "options", RUNNING, b"x")
    code, refusal = log(server, "options", **query)
    assert (code, refusal["reason"]) == (422, "Invalid")
    assert log(server, "options", tailLines="x")[0] == 400


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not on this machine")
def test_kubectl_follows_a_log(server: ApiServer) -> None:
    file = made(server, "kubectl", RUNNING, b"one\n")
    assert server.kubectl("logs", "kubectl", "-c", "main").stdout == "one\n"
    following = subprocess.Popen(
        ["kubectl", "logs", "-f", "kubectl", "-c", "main"], env=server.environment(), stdout=subprocess.PIPE, text=True
    )
    assert following.stdout is not None
    assert following.stdout.readline() == "one\n"
    with file.open("ab") as out:
        out.write(b"two\n")
    assert following.stdout.readline() == "two\n"
    settle(server, "kubectl", ENDED)
    assert following.communicate(timeout=20)[0] == ""
    assert following.returncode == 0


class Kubelet(threading.Thread):
    """Answers signals on the kubelet's socket."""

    def __init__(self, directory: Path) -> None:
        super().__init__(daemon=True)
        self.asked: list[dict[str, Any]] = []
        self.socket = socket.socket(socket.AF_UNIX)
        # as long a path as a test directory's needs the way round through /proc
        folder = os.open(directory / "run", os.O_RDONLY)
        self.socket.bind(f"/proc/self/fd/{folder}/kubelet.sock")
        self.socket.listen()

    def run(self) -> None:
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            with client, client.makefile("rw") as file:
                request = json.loads(file.readline())
                self.asked.append(request)
                file.write(
                    json.dumps({"error": "no such container"} if request.get("signal", 9) == 9 else {"ok": True}) + "\n"
                )


async def execute(server: ApiServer, name: str, command: list[str], **query: str) -> tuple[str, dict[str, Any]]:
    """(protocol, final Status) of an exec."""
    parameters = [("container", "main"), ("stdout", "true"), *query.items(), *(("command", part) for part in command)]
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {server.token}"}) as session,
        session.ws_connect(
            f"{server.url}{PODS}/{name}/exec", params=parameters, ssl=False,
            protocols=("v5.channel.k8s.io", "v4.channel.k8s.io"),
        ) as channel,
    ):  # fmt: skip
        message = await channel.receive(timeout=20)
        assert message.data[:1] == b"\x03"
        return str(channel.protocol), json.loads(message.data[1:])


def test_signals_are_handed_to_the_kubelet(server: ApiServer) -> None:
    made(server, "signalled", RUNNING)
    uid = server.ok("GET", f"{PODS}/signalled")["metadata"]["uid"]
    protocol, status = asyncio.run(execute(server, "signalled", ["/var/run/argo/argoexec", "kill", "15", "1"]))
    assert status["status"] == "Failure"
    assert "the kubelet did not answer" in status["message"]
    kubelet = Kubelet(server.directory)
    kubelet.start()
    protocol, status = asyncio.run(execute(server, "signalled", ["/bin/sh", "-c", "kill -15 1"]))
    assert (protocol, status["status"]) == ("v5.channel.k8s.io", "Success")
    assert kubelet.asked == [{"op": "signal", "uid": uid, "container": "main", "signal": 15}]
    _, status = asyncio.run(execute(server, "signalled", ["argoexec", "kill", "9", "1"]))
    assert (status["status"], status["message"]) == ("Failure", "no such container")
    kubelet.socket.close()


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "you must specify at least one command to execute"),
        ("command=sh", "you must specify at least 1 of stdin, stdout, stderr"),
        ("command=sh&stdout=true&container=none", "container none is not valid for pod closed"),
        ("command=sh&stdout=true", "container"),
        ("command=sh&stdout=maybe", "has to be true or false"),
    ],
)
def test_a_command_that_cannot_be_run(server: ApiServer, query: str, words: str) -> None:
    if server.ask("GET", f"{PODS}/closed")[0] == 404:
        made(server, "closed", RUNNING)
    headers = {
        "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(b"0" * 16).decode(), "Sec-WebSocket-Protocol": "v5.channel.k8s.io",
    }  # fmt: skip
    answer = server.raw("GET", f"{PODS}/closed/exec?{query}", headers=headers)
    refusal = json.loads(answer.read())
    assert answer.status >= 400
    assert words in refusal["message"]


@pytest.mark.parametrize("part", ["eviction", "attach", "portforward"])
def test_other_parts_are_refused_with_a_reason(server: ApiServer, part: str) -> None:
    server.ask("POST", PODS, pod("plain"))
    code, refusal = server.ask("POST", f"{PODS}/plain/{part}", {})
    assert (code, refusal["reason"]) == (405, "MethodNotAllowed")
    assert "argotui's local cluster" in refusal["message"]
