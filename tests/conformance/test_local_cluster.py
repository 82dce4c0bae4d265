"""Recorded upstream runs, run on the local cluster; compare.py finds no difference.

Those of the first slice, or with `--every-case` (`make test-conformance`) all that do not wait.

All cases run in one go, several at a time, since most of a case is waiting; each is reported as a test of its own.
"""

import asyncio
import contextlib
import re
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
ALLOWED = {
    # Upstream's pods took about 2.6 s each, so that the 5 s had passed when the second one was seen to end. Where
    # pods are quick, upstream's rule for the same moment says that the next wait would not fit (see the table tests
    # of the engine); with pods of 2.6 s the engine gives the recorded message (tests/unit/engine/test_conformance).
    "retry-max-duration": {"workflow/message": '"Backoff would exceed max duration limit"'},
    # the name of the host that the second attempt is to avoid
    "retry-anti-affinity": {
        "pods/retry-anti-affinity-m-627827403/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution"
        "/nodeSelectorTerms/0/matchExpressions/0/values/0": '"argotui-local"',
    },
}
"""Differences that are a matter of speed or of names, by case: the place and what stands there instead."""

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
        command += [str(HERE / "cases" / case) for case in cases]
        environment = dict(self.cluster.environment)
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        self.printed += done.stdout + done.stderr
        found = {}
        for block in re.split(r"\n(?=ok  |DIFF|\S+ RUNNER ERROR|  \[)", done.stdout):
            match = re.match(r"(ok  |DIFF) (\S+)", block)
            if match:
                found[match[2]] = "" if match[1] == "ok  " or _is_allowed(match[2], block) else block
        return found


def _is_allowed(case: str, block: str) -> bool:
    """All differences that run.py tells (it tells no more than twelve) are allowed ones."""
    places = r"^      (\S.*)\n        expected .*\n        actual   (.*)"
    found = dict(re.findall(places, block, re.MULTILINE))
    allowed = {**ALLOWED.get(case, {}), **{p: found.get(p) for p in map("workflow/{}".format, BETTER.get(case, ()))}}
    count = re.search(r" (\d+) differences", block)
    return count is not None and int(count[1]) == len(found) and found.items() <= allowed.items()


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
