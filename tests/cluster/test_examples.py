"""The guide's examples run to their end on the local cluster; the table in docs/examples.md says which, and is true."""

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
import yaml

from tests.localcluster import LocalCluster

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
TABLE = dict(re.findall(r"^\| (\d\d-\S+\.yaml) \|[^|]*\| (.+?) \|$", (ROOT / "docs" / "examples.md").read_text(), re.M))
FROM = {
    "20-child-template.yaml": ("workflowtemplate/child-template",),
    "21-workflow-template.yaml": ("workflowtemplate/build-and-push", "repo=https://example.com/app", "tag=v1.2.3"),
    "22-cluster-workflow-template.yaml": ("clusterworkflowtemplate/shared-build",),
    "51-semaphore.yaml": ("workflowtemplate/guide-migrations",),
    "70-template-library.yaml": ("workflowtemplate/guide-report",),
    "26-ci-pipeline-template.yaml": ("workflowtemplate/guide-ci-pipeline",),
}


def _kinds(name: str) -> list[str]:
    return [document["kind"] for document in yaml.load_all((EXAMPLES / name).read_text(), yaml.CSafeLoader) if document]


RUNS = sorted(name for name, state in TABLE.items() if state.startswith("runs"))
WORKFLOWS = [name for name in RUNS if _kinds(name) == ["Workflow"]]
REFUSED = sorted(name for name, state in TABLE.items() if "refused until then" in state)


def _result(cluster: LocalCluster, name: str) -> str:
    document = cluster.workflow(name)
    messages = {node["displayName"]: node.get("message") for node in document["status"].get("nodes", {}).values()}
    return f"{document['status']['phase']} {document['status'].get('message', '')} {json.dumps(messages)}"


class _Server(BaseHTTPRequestHandler):
    """The server that example 31 talks to; `heard` is what was posted."""

    heard: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self._answer(b"1.2.3")

    def do_POST(self) -> None:
        self.heard.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self._answer(b"thanks")

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on stderr."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Server) as http:
        thread = threading.Thread(target=http.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{http.server_address[1]}"
        http.shutdown()
        thread.join()


def test_the_table_lists_every_file() -> None:
    assert sorted(TABLE) == sorted(path.name for path in EXAMPLES.glob("*.yaml"))


@pytest.mark.parametrize("name", WORKFLOWS)
def test_workflow_succeeds(cluster: LocalCluster, name: str, server: str) -> None:
    if name.startswith("20-"):
        cluster.argotui("apply", str(EXAMPLES / "20-child-template.yaml"))
    flags = ("-p", f"url={server}") if "http" in name else ()
    made = cluster.argotui("submit", str(EXAMPLES / name), *flags, "-o", "name").stdout.strip().rpartition("/")[2]
    if "suspend" in name:
        cluster.argotui("wait", made, "--until-node", "wait=Running", timeout=30)
        cluster.argotui("resume", made)
    waited = cluster.argotui("wait", made, check=False, timeout=60)
    assert waited.returncode == 0, _result(cluster, made)


@pytest.mark.parametrize("name", sorted(FROM))
def test_template_is_applied_and_submitted(cluster: LocalCluster, name: str) -> None:
    reference, *parameters = FROM[name]
    cluster.argotui("apply", str(EXAMPLES / name))
    flags = [flag for parameter in parameters for flag in ("-p", parameter)]
    made = cluster.argotui("submit", "--from", reference, *flags, "-o", "name").stdout.strip().rpartition("/")[2]
    waited = cluster.argotui("wait", made, check=False, timeout=60)
    assert waited.returncode == 0, _result(cluster, made)


@pytest.mark.parametrize("name", [name for name in RUNS if name not in WORKFLOWS and name not in FROM])
def test_other_objects_are_stored(cluster: LocalCluster, name: str) -> None:
    cluster.argotui("apply", str(EXAMPLES / name))


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_built_yet_is_refused_by_its_field(cluster: LocalCluster, name: str) -> None:
    before = cluster.argotui("list", "-A", "-o", "name").stdout
    refused = cluster.argotui("submit", str(EXAMPLES / name), check=False)
    assert refused.returncode == 1
    assert re.search(rf"{re.escape(name)}:\d+:\d+: spec\.templates\[\d+\]\.\S+: .*not supported", refused.stderr)
    assert cluster.argotui("list", "-A", "-o", "name").stdout == before
