"""kill -9, bad input, a full queue: what was acknowledged stays, and the server stays."""

from __future__ import annotations

import http.client
import json
import random
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.apiserver import (
    CONFIGMAPS,
    MERGE,
    PODS,
    WORKFLOWS,
    ApiServer,
    configmap,
    pod,
    running,
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with running(tmp_path_factory.mktemp("apiserver")) as started:
        yield started


class Writer(threading.Thread):
    """Counts up in its own ConfigMap, through every crash, and remembers what was acknowledged."""

    def __init__(self, server: ApiServer, name: str) -> None:
        super().__init__(daemon=True)
        self.server = server
        self.path = f"{CONFIGMAPS}/{name}"
        self.acknowledged = 0
        self.versions: list[int] = []
        self.faults: list[str] = []
        self.ended = threading.Event()
        server.ok("POST", CONFIGMAPS, configmap(name, {"n": "0"}))

    def run(self) -> None:
        connection: http.client.HTTPSConnection | None = None
        while not self.ended.is_set():
            try:
                connection = connection or self.server.connect()
                self.step(connection)
            except (OSError, http.client.HTTPException):
                connection = None
                self.ended.wait(0.02)

    def step(self, connection: http.client.HTTPSConnection) -> None:
        wanted = str(self.acknowledged + 1)
        body = json.dumps({"data": {"n": wanted}}).encode()
        answer = self.server.raw("PATCH", self.path, body, content_type=MERGE, connection=connection)
        document = json.loads(answer.read())
        if answer.status != 200:
            self.faults.append(str(document))
            return
        version = int(document["metadata"]["resourceVersion"])
        # a write that was stored but not acknowledged may make this one a repetition
        if self.versions and version < self.versions[-1]:
            self.faults.append(f"version {version} after {self.versions[-1]}")
        self.versions.append(version)
        self.acknowledged += 1


def _rounds(server: ApiServer, kills: int) -> None:
    writers = [Writer(server, f"counter-{number}") for number in range(6)]
    for writer in writers:
        writer.start()
    newest = 0
    for _ in range(kills):
        time.sleep(random.uniform(0.05, 0.4))  # the moment of the crash is what is random here
        server.kill()
        server.start()
        listing = server.ok("GET", CONFIGMAPS)
        revision = int(listing["metadata"]["resourceVersion"])
        assert revision >= newest
        newest = revision
    for writer in writers:
        writer.ended.set()
        writer.join(30)
    for writer in writers:
        assert writer.faults == []
        assert writer.acknowledged > 0
        found = server.ok("GET", writer.path)
        assert int(found["data"]["n"]) >= writer.acknowledged
        assert int(found["metadata"]["resourceVersion"]) >= writer.versions[-1]


def test_no_acknowledged_write_is_lost(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        _rounds(server, 5)


@pytest.mark.soak
def test_no_acknowledged_write_is_lost_in_many_crashes(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        _rounds(server, 60)


def test_a_restart_keeps_address_token_and_history(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        url, token = server.url, server.token
        start = server.ok("POST", CONFIGMAPS, configmap("a"))["metadata"]["resourceVersion"]
        server.ok("POST", CONFIGMAPS, configmap("b"))
        server.ok("DELETE", f"{CONFIGMAPS}/a")
        assert server.end() == 0
        server.start()
        assert (server.url, server.token) == (url, token)
        watch = server.watch(CONFIGMAPS, resourceVersion=start)
        events = watch.take(2)
        watch.close()
        assert [(e["type"], e["object"]["metadata"]["name"]) for e in events] == [("ADDED", "b"), ("DELETED", "a")]


def test_a_port_that_was_taken_is_given_up(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        url = server.url
        server.end()
        with socket.create_server(("127.0.0.1", int(url.rpartition(":")[2]))):
            server.start()
            assert server.url != url
            assert server.url in (server.directory / "kubeconfig").read_text()
            server.ok("GET", CONFIGMAPS)


def test_a_damaged_database_is_told(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        server.end()
        for file in server.directory.glob("db.sqlite*"):
            file.write_bytes(b"no database" * 1000)
        with pytest.raises(AssertionError, match="`argotui local reset` starts anew"):
            server.start()


def test_two_servers_of_one_directory(server: ApiServer) -> None:
    second = ApiServer(server.directory)
    with pytest.raises(AssertionError, match=r"serves .* already"):
        second.start()
    server.ok("GET", CONFIGMAPS)


def test_the_certificate_is_for_loopback_only(server: ApiServer) -> None:
    trust = ssl.create_default_context(cafile=str(server.directory / "ca.pem"))
    address = ("127.0.0.1", int(server.url.rpartition(":")[2]))
    for name in ("127.0.0.1", "localhost", "::1"):
        with socket.create_connection(address) as plain, trust.wrap_socket(plain, server_hostname=name) as secure:
            assert secure.version() in ("TLSv1.2", "TLSv1.3")
    with pytest.raises(ssl.SSLCertVerificationError), socket.create_connection(address) as plain:
        trust.wrap_socket(plain, server_hostname="example.com")
    with pytest.raises(ssl.SSLCertVerificationError), socket.create_connection(address) as plain:
        ssl.create_default_context().wrap_socket(plain, server_hostname="localhost")


@pytest.mark.parametrize("header", ["", "Bearer wrong", "Basic YTpi", "Bearer "])
def test_without_the_token_there_is_nothing(server: ApiServer, header: str) -> None:
    for method, path in (("GET", CONFIGMAPS), ("POST", CONFIGMAPS), ("GET", "/apis"), ("GET", "/nothing")):
        connection = server.connect()
        connection.request(method, path, headers={"Authorization": header} if header else {})
        answer = connection.getresponse()
        status = json.loads(answer.read())
        assert (answer.status, status["reason"]) == (401, "Unauthorized")


def test_health_needs_no_token(server: ApiServer) -> None:
    for path in ("/healthz", "/livez", "/readyz", "/version"):
        connection = server.connect()
        connection.request("GET", path)
        assert connection.getresponse().status == 200


DEEP = b'{"metadata":{"name":"deep"},"data":' + b'{"a":' * 20000 + b"1" + b"}" * 20001
WIDE = json.dumps({"metadata": {"name": "wide", "labels": {f"k{n}": "v" for n in range(20000)}}}).encode()

BAD_BODIES = [
    b"", b"{", b"[]", b"null", b"1", b'"text"', b"\x00", b"\xff\xfe", b'{"metadata":1}', b'{"metadata":{"name":1}}',
    b'{"metadata":{"name":"x","labels":{"a":1}}}', b'{"metadata":{"name":"x","labels":[]}}',
    b'{"metadata":{"name":"x","ownerReferences":[1]}}', b'{"metadata":{"name":"x","finalizers":"a"}}',
    b'{"metadata":{"name":"x"},"data":[]}', b'{"metadata":{"name":"x"},"data":{"a":1}}',
    b'{"metadata":{"name":"x"},"data":{"a":1e999}}', b'{"metadata":{"name":"x","resourceVersion":"1"}}',
    b'{"metadata":{"name":"x"},"kind":"Pod"}', b'{"metadata":{"name":"x"},"apiVersion":"v2"}', b'{"kind":1}',
    b'{"metadata":{"name":"x\\u0000y"}}', b'{"metadata":{"name":"../../x"}}', b'{"metadata":{"name":"\\ud800"}}',
    b'{"metadata":{"name":"x","namespace":"other"}}', b'{"metadata":{"name":"x","generation":1e400}}',
    b'{"metadata":{"name":"x","annotations":{"' + b"a" * 300 + b'":""}}}', DEEP, b"[" * 100000,
]  # fmt: skip


@pytest.mark.parametrize("body", BAD_BODIES, ids=range(len(BAD_BODIES)))
def test_bad_bodies_are_refused_with_a_status(server: ApiServer, body: bytes) -> None:
    answer = server.raw("POST", CONFIGMAPS, body)
    status = json.loads(answer.read())
    assert answer.status in (400, 413, 422), status
    assert status["kind"] == "Status"
    assert status["reason"]
    assert "Traceback" not in status["message"]


@pytest.mark.parametrize(
    ("path", "content_type", "body"),
    [
        (f"{CONFIGMAPS}/victim", MERGE, b"[]"),
        (f"{CONFIGMAPS}/victim", MERGE, b'{"metadata":null}'),
        (f"{CONFIGMAPS}/victim", MERGE, b'{"metadata":{"labels":7}}'),
        (f"{CONFIGMAPS}/victim", MERGE, b'{"metadata":{"name":"other"}}'),
        (f"{CONFIGMAPS}/victim", "application/json-patch+json", b"{}"),
        (f"{CONFIGMAPS}/victim", "application/json-patch+json", b"[1]"),
        (f"{CONFIGMAPS}/victim", "application/json-patch+json", b'[{"op":"remove","path":""}]'),
        (f"{CONFIGMAPS}/victim", "application/json-patch+json", b'[{"op":"fly","path":"/data"}]'),
        (f"{CONFIGMAPS}/victim", "application/json-patch+json", b'[{"op":"add","path":"data","value":1}]'),
        (f"{CONFIGMAPS}/victim", "application/json-patch+json", b'[{"op":"replace","path":"/metadata","value":1}]'),
        (f"{PODS}/victim", "application/strategic-merge-patch+json", b'{"spec":{"containers":[{"image":"x"}]}}'),
        (f"{PODS}/victim", "application/strategic-merge-patch+json", b'{"spec":{"containers":7}}'),
        (f"{PODS}/victim", "application/strategic-merge-patch+json", b'{"spec":{"$patch":"fly"}}'),
        (f"{PODS}/victim/binding", "application/json", b'{"target":[]}'),
        (f"{WORKFLOWS}/victim", MERGE, b'{"spec":{"templates":{"a":1}}}'),
        (f"{WORKFLOWS}/victim", MERGE, b'{"spec":7}'),
    ],
)
def test_bad_patches_are_refused_with_a_status(server: ApiServer, path: str, content_type: str, body: bytes) -> None:
    for where, what in ((CONFIGMAPS, configmap("victim")), (PODS, pod("victim"))):
        assert server.ask("POST", where, what)[0] in (201, 409)
    workflow = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": "victim"},
        "spec": {"entrypoint": "x"},
    }
    assert server.ask("POST", WORKFLOWS, workflow)[0] in (201, 409)
    method = "POST" if path.endswith("/binding") else "PATCH"
    answer = server.raw(method, path, body, content_type=content_type)
    status = json.loads(answer.read())
    assert answer.status in (200, 400, 415, 422), status
    if answer.status != 200:
        assert status["kind"] == "Status"
    else:
        assert body == b'{"metadata":null}'  # which takes labels and annotations away, and nothing else


def test_nothing_odd_was_stored(server: ApiServer) -> None:
    """The lists still work after all of the above."""
    for path in ("/api/v1/configmaps", "/api/v1/pods", "/apis/argoproj.io/v1alpha1/workflows"):
        for item in server.ok("GET", path)["items"]:
            assert item["metadata"]["name"]
            assert item["metadata"]["uid"]


@pytest.mark.parametrize(
    "path",
    [
        "/api", "/api/v1/namespaces//configmaps", "/api/v2/configmaps", "/apis/none/v1/x", "/%00", "/%ff", "//",
        "/api/v1/namespaces/argo/configmaps/a/b/c/d", "/api/v1/namespaces/argo/configmaps/%2e%2e%2fx", "/..",
        CONFIGMAPS + "?limit=x", CONFIGMAPS + "?continue=x", CONFIGMAPS + "?continue=eyJ2IjoxfQ",
        CONFIGMAPS + "?resourceVersion=x", CONFIGMAPS + "?resourceVersion=" + "9" * 40,
        CONFIGMAPS + "?resourceVersionMatch=Odd&resourceVersion=1", CONFIGMAPS + "?watch=maybe",
        CONFIGMAPS + "?labelSelector=" + "a" * 9000, CONFIGMAPS + "?fieldSelector=a%3Db%3Dc",
        CONFIGMAPS + "?timeoutSeconds=-1&watch=1", CONFIGMAPS + "?" + "&".join(f"a{n}=1" for n in range(500)),
        CONFIGMAPS + "?labelSelector=%ff", "/api/v1/namespaces/argo/pods/none/log", "/openapi/v3/none", "/metrics",
        "/api/v1/namespaces/argo/pods/none/exec?command=sh", "/logs/", "/debug/pprof",
    ],
)  # fmt: skip
def test_bad_urls_are_refused_with_a_status(server: ApiServer, path: str) -> None:
    answer = server.raw("GET", path)
    text = answer.read()
    if path == "/api":
        assert answer.status == 200
        return
    status = json.loads(text)
    assert 400 <= answer.status < 500, status
    assert (status["kind"], status["status"]) == ("Status", "Failure")


def test_too_large_a_body(server: ApiServer) -> None:
    body = json.dumps(configmap("huge", {"a": "x" * (3 << 20)})).encode()
    answer = server.raw("POST", CONFIGMAPS, body)
    status = json.loads(answer.read())
    assert (answer.status, status["reason"]) == (413, "RequestEntityTooLarge")
    code, status = server.ask("POST", CONFIGMAPS, configmap("large", {"a": "x" * (1100 << 10)}))
    assert code == 422
    assert "Too long" in status["message"]


def test_too_large_without_saying_so(server: ApiServer) -> None:
    """A chunked body has no length in advance."""
    connection = server.connect()

    def chunks() -> Iterator[bytes]:
        for _ in range(40):
            yield b" " * 100_000

    headers = {"Authorization": f"Bearer {server.token}", "Content-Type": "application/json"}
    connection.request("POST", CONFIGMAPS, body=chunks(), headers=headers, encode_chunked=True)
    answer = connection.getresponse()
    assert answer.status == 413


def test_a_header_that_is_too_large(server: ApiServer) -> None:
    answer = server.raw("GET", CONFIGMAPS, headers={"X-Long": "x" * 100_000})
    assert answer.status == 400


def test_a_full_disk_refuses_writes_and_keeps_reads(tmp_path: Path) -> None:
    """The database's own size limit stands in for the disk."""
    with running(tmp_path, "--max-database-bytes", str(6 << 20)) as server:
        server.ok("POST", CONFIGMAPS, configmap("first"))
        code = 201
        for number in range(40):
            code, refusal = server.ask("POST", CONFIGMAPS, configmap(f"filler-{number}", {"a": "x" * 500_000}))
            if code != 201:
                break
        assert code == 500
        assert "could not be stored" in refusal["message"]
        stored = [item["metadata"]["name"] for item in server.ok("GET", CONFIGMAPS)["items"]]
        assert "first" in stored
        assert f"filler-{number}" not in stored
        assert server.ask("GET", f"{CONFIGMAPS}/filler-{number}")[0] == 404
        server.ok("DELETE", f"{CONFIGMAPS}/first")


def _object(**words: Any) -> dict[str, Any]:
    return {"openAPIV3Schema": {"type": "object", **words}}


@pytest.mark.parametrize(
    ("part", "value", "field"),
    [
        ("schema", _object(properties={"a": {"type": "string", "pattern": "["}}), "openAPIV3Schema"),
        ("schema", _object(properties={"a": {"type": "odd"}}), "openAPIV3Schema"),
        ("schema", _object(additionalProperties={"properties": 7}), "openAPIV3Schema"),
        ("schema", {}, "openAPIV3Schema"),
        ("additionalPrinterColumns", [{"name": "A", "type": "string", "jsonPath": ".a["}], "jsonPath"),
        ("additionalPrinterColumns", [{"name": "A", "type": "odd", "jsonPath": ".a"}], "type"),
        ("storage", False, "spec.versions"),
        ("served", False, "spec.versions"),
    ],
)  # fmt: skip
def test_definitions_that_cannot_be_served_are_refused(server: ApiServer, part: str, value: Any, field: str) -> None:
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
    names = {"kind": "Gadget", "plural": "gadgets"}
    spec = {"group": "example.com", "scope": "Cluster", "names": names, "versions": [version | {part: value}]}
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    code, refusal = server.ask("POST", path, {"metadata": {"name": "gadgets.example.com"}, "spec": spec})
    assert (code, refusal["reason"]) == (422, "Invalid")
    assert any(field in cause["field"] for cause in refusal["details"]["causes"])
    assert server.ask("GET", "/apis/example.com/v1/gadgets")[0] == 404


def test_leases_are_taken_by_one_only(server: ApiServer) -> None:
    path = "/apis/coordination.k8s.io/v1/namespaces/argo/leases"
    lease = server.ok("POST", path, {"metadata": {"name": "leader"}, "spec": {"holderIdentity": ""}})
    outcomes: list[int] = []

    def take(name: str) -> None:
        body = json.dumps({**lease, "spec": {"holderIdentity": name, "leaseDurationSeconds": 15}}).encode()
        outcomes.append(server.raw("PUT", f"{path}/leader", body).status)

    threads = [threading.Thread(target=take, args=(f"c{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(outcomes) == [200] + [409] * 7


APPLY = "application/apply-patch+yaml"


@pytest.mark.parametrize(
    "metadata", [None, [], "x", {"name": 5}, {"name": "h", "labels": [1]}, {"ownerReferences": [1]}]
)
@pytest.mark.parametrize("name", ["h", "new"])
def test_rubbish_cannot_be_applied(server: ApiServer, metadata: Any, name: str) -> None:
    if server.ask("GET", f"{CONFIGMAPS}/h")[0] == 404:
        annotations = {
            "kubectl.kubernetes.io/last-applied-configuration": '{"apiVersion":"v1","metadata":[],"data":[]}'
        }
        server.ok("POST", CONFIGMAPS, configmap("h", {"a": "1"}, annotations=annotations))
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": "2"}}
    code, answer = server.ask("PATCH", f"{CONFIGMAPS}/{name}", body, content_type=APPLY, fieldManager="kubectl")
    assert code >= 400
    assert "see the log" not in answer["message"]


def test_what_is_deep_is_tracked_and_applied(server: ApiServer) -> None:
    status: Any = 1
    for _ in range(480):
        status = {"a": status}
    head = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow"}
    body = {**head, "metadata": {"name": "deep"}, "spec": {"entrypoint": "x"}, "status": status}
    assert server.ok("POST", WORKFLOWS, body)["metadata"]["managedFields"]
    body["status"] = {"a": body["status"]}
    server.ok("PATCH", f"{WORKFLOWS}/deep", body, content_type=APPLY, fieldManager="one", force="true")
    fields: Any = {}
    for _ in range(480):
        fields = {"f:a": fields}
    entry = {"manager": "m", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": fields}
    server.ok("POST", CONFIGMAPS, configmap("deep-managers", managedFields=[entry]))
    server.ok("PATCH", f"{CONFIGMAPS}/deep-managers", {"data": {"a": "b"}}, content_type=MERGE)


@pytest.mark.parametrize("entries", [[1], "x", {}, [{"manager": 1}], [{"fieldsV1": {"k:{": {}}}], [{"time": "never"}]])
def test_managers_that_make_no_sense_do_no_harm(server: ApiServer, entries: Any) -> None:
    body = configmap(f"managers-{abs(hash(str(entries)))}", {"a": "1"}, managedFields=entries)
    code, answer = server.ask("POST", CONFIGMAPS, body)
    assert code in (201, 400), answer
    if code == 201:
        assert [entry["operation"] for entry in answer["metadata"]["managedFields"]] == ["Update"]
