"""The command line as a program against a real API server (no controller): every call the conformance runner makes."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from argotui.cli.main import run
from argotui.kube.client import Client
from argotui.kube.config import load_cluster
from argotui.model.documents import Document
from argotui.model.keys import AUDIT_PREFIX, LABEL_COMPLETED
from argotui.model.resources import EVENTS, PODS, WORKFLOW_TEMPLATES, WORKFLOWS, Resource
from tests.unit.cli.conftest import Ran
from tests.unit.services.test_submit import HELLO, template
from tests.unit.services.workflows import failed, gate, node, pod, workflow

SECONDS = 60


_HEARING = """import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.executable, [sys.executable, "-m", "argotui", *sys.argv[1:]])"""
"""Shells start what runs in the background deaf to ctrl+c, and so may these tests have been started."""


class Server:
    """A running API server and the command line that talks to it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("ARGO", "KUBE"))},
            "KUBECONFIG": str(directory / "kubeconfig"),
            "ARGOTUI_LOCAL_DIR": str(directory),
            "ARGO_SERVER": "",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "argotui.local.apiserver", "--dir", str(directory)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def argotui(self, *arguments: str, stdin: str = "") -> Ran:
        """Runs a command line within this process: forty starts of Python would take most of the suite's time."""
        out, err = io.StringIO(), io.StringIO()
        with (
            mock.patch.dict(os.environ, self.environment, clear=True),
            mock.patch.object(sys, "stdin", io.StringIO(stdin)),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = run(["-n", "argo", *arguments])
        return Ran(code, out.getvalue(), err.getvalue())

    @contextlib.contextmanager
    def spawn(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """Runs a command line as a process of its own, as the conformance runner does; gone when the block is left."""
        with subprocess.Popen(
            [sys.executable, "-S", "-c", _HEARING, "-n", "argo", *arguments],
            env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            try:
                yield process
            finally:
                process.kill()

    def create(self, res: Resource, document: Document) -> Document:
        body = {**document, "metadata": {k: v for k, v in document["metadata"].items() if k != "uid"}}
        return asyncio.run(self._create(res, body))

    async def _create(self, res: Resource, body: Document) -> Document:
        async with self.client() as client:
            return await client.create(res, body, "argo")

    def client(self) -> Client:
        return Client(load_cluster(kubeconfig=str(self.directory / "kubeconfig")))

    def stored(self, name: str, res: Resource = WORKFLOWS) -> Document:
        async def get() -> Document:
            async with self.client() as client:
                return await client.get(res, name, "argo")

        return asyncio.run(get())

    def events(self, name: str) -> list[Document]:
        async def read() -> list[Document]:
            async with self.client() as client:
                page = await client.list(EVENTS, "argo")
                return [event for event in page.items if event["involvedObject"]["name"] == name]

        return asyncio.run(read())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    directory = Path(tmp_path_factory.mktemp("cli")) / "local"
    directory.mkdir(mode=0o700)
    running = Server(directory)
    yield running
    running.process.terminate()
    assert running.process.wait(20) == 0


def gate_node(document: Document) -> Document:
    return next(n for n in document["status"]["nodes"].values() if n["type"] == "Suspend")


def check(ran: Ran) -> str:
    assert ran.code == 0, ran.err
    return ran.out


def test_suspend_and_resume(server: Server) -> None:
    server.create(WORKFLOWS, workflow("pausing"))
    with server.spawn("suspend", "pausing") as suspending:
        assert suspending.communicate(timeout=SECONDS) == ("workflow pausing suspended\n", "")
        assert suspending.returncode == 0
    assert server.stored("pausing")["spec"]["suspend"] is True
    check(server.argotui("resume", "pausing"))
    assert "suspend" not in server.stored("pausing")["spec"]
    reasons = [event["reason"] for event in server.events("pausing")]
    assert sorted(reasons) == ["WorkflowResume", "WorkflowSuspend"]


def test_resume_of_one_gate_and_set_with_values(server: Server) -> None:
    outputs = [{"name": "approve", "valueFrom": {"supplied": {}}}]
    server.create(WORKFLOWS, gate("gated", outputs=outputs))
    selector = ("--node-field-selector", "displayName=approve")
    check(server.argotui("node", "set", "gated", *selector, "--message", "chosen", "--output-parameter", "approve=YES"))
    written = gate_node(server.stored("gated"))
    assert (written["phase"], written["message"]) == ("Running", "chosen")
    assert written["outputs"]["parameters"] == [{"name": "approve", "value": "YES"}]
    check(server.argotui("resume", "gated", *selector))
    assert gate_node(server.stored("gated"))["phase"] == "Succeeded"
    refused = server.argotui("resume", "gated", *selector)
    assert (refused.code, "no suspend nodes matching" in refused.err) == (1, True)


def test_set_phase_and_stop_of_one_gate(server: Server) -> None:
    server.create(WORKFLOWS, gate("failing"))
    server.create(WORKFLOWS, gate("stopping"))
    selector = ("--node-field-selector", "displayName=approve")
    rejected = ("--phase", "Failed", "--message", "rejected by reviewer")
    check(server.argotui("node", "set", "failing", *selector, *rejected))
    check(server.argotui("stop", "stopping", *selector, "--message", "not this one"))
    for name, message in (("failing", "rejected by reviewer"), ("stopping", "not this one")):
        written = gate_node(server.stored(name))
        assert (written["phase"], written["message"]) == ("Failed", message)


@pytest.mark.parametrize(("verb", "strategy"), [("stop", "Stop"), ("terminate", "Terminate")])
def test_stop_and_terminate(server: Server, verb: str, strategy: str) -> None:
    server.create(WORKFLOWS, workflow(f"{verb}-me"))
    check(server.argotui(verb, f"{verb}-me", *(["--message", "enough"] if verb == "stop" else [])))
    after = server.stored(f"{verb}-me")
    assert after["spec"]["shutdown"] == strategy
    assert all(key.startswith(AUDIT_PREFIX) for key in after["metadata"]["annotations"])


def test_retry(server: Server) -> None:
    server.create(WORKFLOWS, failed("again"))
    server.create(PODS, pod("again", 1))
    check(server.argotui("retry", "again", "--parameter", "v=good"))
    after = server.stored("again")
    assert LABEL_COMPLETED not in after["metadata"]["labels"]
    assert {n["displayName"]: n["phase"] for n in after["status"]["nodes"].values()} == {
        "again": "Running", "a": "Succeeded"
    }  # fmt: skip
    assert after["spec"]["arguments"]["parameters"] == [{"name": "v", "value": "good"}, {"name": "p", "value": "1"}]


def test_retry_of_what_succeeded(server: Server) -> None:
    flow = failed("chosen")
    flow["status"]["phase"] = "Succeeded"
    server.create(WORKFLOWS, flow)
    assert server.argotui("retry", "chosen").code == 1
    check(server.argotui("retry", "chosen", "--node-field-selector", "displayName=a", "--restart-successful"))
    assert len(server.stored("chosen")["status"]["nodes"]) == 1


def test_resubmit_memoized(server: Server) -> None:
    server.create(WORKFLOWS, failed("memo"))
    name = check(server.argotui("resubmit", "memo", "--memoized", "-o", "name")).strip()
    made = server.stored(name)
    assert made["metadata"]["labels"]["workflows.argoproj.io/resubmitted-from-workflow"] == "memo"
    assert sorted(n["type"] for n in made["status"]["nodes"].values()) == ["DAG", "Pod", "Skipped"]


def test_submit_from_a_template(server: Server) -> None:
    server.create(WORKFLOW_TEMPLATES, template())
    check(server.argotui("submit", "--from", "workflowtemplate/pipeline", "--name", "made", "-p", "tag=cli",
                         "-l", "who=cli", "--entrypoint", "other"))  # fmt: skip
    spec = server.stored("made")["spec"]
    assert spec == {
        "workflowTemplateRef": {"name": "pipeline"},
        "entrypoint": "other",
        "arguments": {"parameters": [{"name": "tag", "value": "cli"}]},
    }


def test_submit_from_standard_input(server: Server) -> None:
    name = check(server.argotui("submit", "-", "-o", "name", stdin=HELLO)).strip()
    assert name.startswith("hello-")
    ran = server.argotui("submit", "-", stdin=HELLO.replace("entrypoint: main", "entrypoint: mian"))
    assert ran.code == 1
    assert ran.err.startswith("stdin:6:15: spec.entrypoint: ")
    assert "did you mean 'main'?" in ran.err


def test_list_get_and_latest(server: Server) -> None:
    server.create(WORKFLOWS, workflow("newest", nodes=[node("newest", "")]))
    assert "newest" in check(server.argotui("list", "--running", "-o", "name")).split()
    shown = json.loads(check(server.argotui("get", "@latest", "-o", "json")))
    assert shown["kind"] == "Workflow"
    assert "STEP" in check(server.argotui("get", "newest"))
    assert server.argotui("get", "nothing").code == 1


@contextlib.contextmanager
def watching(server: Server, name: str) -> Iterator[subprocess.Popen[str]]:
    """`argotui watch` that has told the first state."""
    with server.spawn("watch", name) as process:
        assert process.stdout is not None
        assert process.stdout.readline().endswith(f" {name} Running\n")
        yield process


def test_watch_survives_a_restart_of_the_api_server(server: Server) -> None:
    server.create(WORKFLOWS, workflow("patient"))
    with watching(server, "patient") as waiting:
        server.process.kill()
        server.process.wait()
        server.process = Server(server.directory).process
        asyncio.run(_finish(server, "patient"))
        out, err = waiting.communicate(timeout=SECONDS)
    assert waiting.returncode == 1, err
    assert out.endswith(" patient Failed\n")
    assert "connection lost" in err


async def _finish(server: Server, name: str) -> None:
    async with server.client() as client:
        done = {
            "metadata": {"labels": {LABEL_COMPLETED: "true"}},
            "status": {"phase": "Failed", "finishedAt": "2025-01-01T00:01:00Z"},
        }
        await client.patch(WORKFLOWS, name, done, "argo")


def test_delete(server: Server) -> None:
    server.create(WORKFLOWS, workflow("gone", "Succeeded"))
    assert check(server.argotui("delete", "gone")) == "workflow gone deleted\n"
    assert server.argotui("get", "gone").code == 1
    assert [event["reason"] for event in server.events("gone")] == ["WorkflowDelete"]


def test_ctrl_c_ends_a_watch_quietly_with_130(server: Server) -> None:
    server.create(WORKFLOWS, workflow("endless"))
    with watching(server, "endless") as waiting:
        waiting.send_signal(signal.SIGINT)
        out, err = waiting.communicate(timeout=SECONDS)
    assert (waiting.returncode, out, err) == (130, "", "")
