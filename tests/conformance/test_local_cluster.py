"""Recorded upstream runs, run on the local cluster; compare.py finds no difference.

Those of the first slice, or with `--every-case` (`make test-conformance`) all that do not wait.

All cases run in one go, several at a time, since most of a case is waiting; each is reported as a test of its own.
"""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from argotui.kube.client import Client
from argotui.kube.config import load_cluster
from argotui.model.resources import NODES
from tests.localcluster import LocalCluster

from .catalog import first_slice, running
from .runner import Runner, Served

HERE = Path(__file__).parent
JOBS = 8
BLOB_PORT = 9555
"""The object store of the recorded runs, of which one case reads a file by HTTP."""
pytestmark = pytest.mark.timeout(900)


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
    # one case runs as this account; the executors of the recorded runs had an admin's token
    cluster.kubectl("create", "rolebinding", "executor-argo", "--role=executor", "--serviceaccount=argo:argo")
    asyncio.run(_label_node(cluster))
    served = Served(cluster.endpoint(), cluster.token(), cluster.directory / "kubeconfig", cluster.environment)
    runner = Runner(served, tmp_path_factory.mktemp("conformance"))
    with _blob_server() if "http-template" in cases else contextlib.nullcontext():
        found = runner.check_twice(cases, JOBS)
    found["*"] = runner.printed + cluster.words()
    return found


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        every = metafunc.config.getoption("--every-case")
        metafunc.parametrize("case", running() if every else first_slice())


def test_the_local_cluster_does_what_upstream_did(case: str, outcome: dict[str, str]) -> None:
    difference = outcome.get(case, f"run.py did not report this case:\n{outcome['*']}")
    assert difference == "", difference
