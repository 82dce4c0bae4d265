"""Recorded upstream runs, run on the local cluster; compare.py finds no difference.

Those of the first slice, or with `--every-case` (`make test-conformance`) all that do not wait.

All cases run in one go, several at a time, since most of a case is waiting; each is reported as a test of its own.
"""

import asyncio
import contextlib
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from argotui.kube.client import Client
from argotui.kube.config import load_cluster
from argotui.model.resources import NODES
from tests.localcluster import LocalCluster, command

from .catalog import BETTER, first_slice, running

HERE = Path(__file__).parent
JOBS = 8
BLOB_PORT = 9555
"""The object store of the recorded runs, of which one case reads a file by HTTP."""
SLOWER = {
    # upstream's pods took about 2.6 s each, so that the 5 s had passed when the second one was seen to end
    "retry-max-duration": ('command: ["false"]', 'command: [sh, -c, "sleep 2.6; exit 1"]'),
    # `suspend` must come while the first step runs, and a busy machine may need more than a second for it
    "argo-suspend-running": ('args: ["1"]', 'args: ["8"]'),
}
"""Cases whose recorded outcome hangs on how long pods take, and how their commands take longer here. Nothing else of
the case, and nothing of its expectation, is changed."""

pytestmark = pytest.mark.timeout(900)


class Runner:
    """run.py against one cluster."""

    def __init__(self, cluster: LocalCluster, folder: Path) -> None:
        self.cluster = cluster
        self.folder = folder
        # run.py calls the CLI by a path; this one is the CLI of this checkout
        self.argo = folder / "argo"
        self.argo.write_text(f'#!/bin/sh\nexec {" ".join(command())} "$@"\n')
        self.argo.chmod(0o755)
        self.printed = ""

    def check(self, cases: Sequence[str], jobs: int) -> dict[str, str]:
        """What run.py says of each case: the empty string when it is identical."""
        command = [sys.executable, str(HERE / "run.py"), "check", "--jobs", str(jobs)]
        command += ["--out", str(self.folder / "out")]
        command += ["--server", self.cluster.endpoint(), f"--token={self.cluster.token()}", "--argo", str(self.argo)]
        command += ["--kubeconfig", str(self.cluster.directory / "kubeconfig")]
        command += [str(self._folder_of(case)) for case in cases]
        environment = dict(self.cluster.environment)
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        self.printed += done.stdout + done.stderr
        found = {}
        for block in re.split(r"\n(?=ok  |DIFF|\S+ RUNNER ERROR|  \[)", done.stdout):
            match = re.match(r"(ok  |DIFF) (\S+)", block)
            if match:
                found[match[2]] = "" if match[1] == "ok  " or _is_allowed(match[2], block) else block
        return found

    def _folder_of(self, case: str) -> Path:
        """The recorded case, or a copy of it with slower pods."""
        recorded, own = HERE / "cases" / case, self.folder / "cases" / case
        if case not in SLOWER:
            return recorded
        if not own.exists():
            shutil.copytree(recorded, own)
            manifest = own / "workflow.yaml"
            text, (quick, slow) = manifest.read_text(), SLOWER[case]
            assert quick in text
            manifest.write_text(text.replace(quick, slow))
        return own


def _is_allowed(case: str, block: str) -> bool:
    """All differences that run.py tells (it tells no more than twelve) are allowed ones."""
    places = r"^      (\S.*)\n        expected .*\n        actual   (.*)"
    found = dict(re.findall(places, block, re.MULTILINE))
    allowed = set(map("workflow/{}".format, BETTER.get(case, ())))
    count = re.search(r" (\d+) differences", block)
    return count is not None and int(count[1]) == len(found) and found.keys() <= allowed


async def _label_node(cluster: LocalCluster) -> None:
    """Gives the node the label that one case's pod asks for; upstream's runs had no scheduler."""
    async with Client(load_cluster(kubeconfig=str(cluster.directory / "kubeconfig"), context=None)) as client:
        await client.patch(NODES, "argotui-local", {"metadata": {"labels": {"pool": "tmpl"}}})


class _Blob(BaseHTTPRequestHandler):
    """What stood behind the URL of the recorded HTTP request."""

    def do_GET(self) -> None:
        body = b'#!/bin/sh\necho blob "$@"\n'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on stderr."""


@contextlib.contextmanager
def _blob_server() -> Iterator[None]:
    with ThreadingHTTPServer(("127.0.0.1", BLOB_PORT), _Blob) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def cases(request: pytest.FixtureRequest) -> list[str]:
    """The cases to run: see `--every-case`."""
    return running() if request.config.getoption("--every-case") else first_slice()


@pytest.fixture(scope="module")
def outcome(cluster: LocalCluster, cases: list[str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """All cases, several at a time; those that differ once more, alone: some actions must come within a second of
    a step's start, and a machine that is busy with the other cases may be late with them."""
    cluster.argotui("apply", str(HERE / "base.yaml"))  # the controller's ConfigMap, secrets, service accounts
    asyncio.run(_label_node(cluster))
    runner = Runner(cluster, tmp_path_factory.mktemp("conformance"))
    with _blob_server() if "http-template" in cases else contextlib.nullcontext():
        found = runner.check(cases, JOBS)
        again = [case for case in cases if found.get(case) != ""]
        if again:
            found |= runner.check(again, 1)
    found["*"] = runner.printed + cluster.words()
    return found


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        every = metafunc.config.getoption("--every-case")
        metafunc.parametrize("case", running() if every else first_slice())


def test_the_local_cluster_does_what_upstream_did(case: str, outcome: dict[str, str]) -> None:
    difference = outcome.get(case, f"run.py did not report this case:\n{outcome['*']}")
    assert difference == "", difference
