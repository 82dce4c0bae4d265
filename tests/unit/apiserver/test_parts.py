"""The small parts: URLs, names, negotiation, paths of columns, rows, transitions of watches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from argotui.local import certificates
from argotui.local.apiserver import accept, jsonpath, names, requests
from argotui.local.apiserver.accept import Form
from argotui.local.apiserver.bodies import decode_json, decode_object, duplicate_fields
from argotui.local.apiserver.execs import signal_of
from argotui.local.apiserver.podprinter import pod_cells, pod_state
from argotui.local.apiserver.requests import Target
from argotui.local.apiserver.selection import Selection, select
from argotui.local.apiserver.served import Served
from argotui.local.apiserver.status import Cause, StatusError, invalid
from argotui.local.apiserver.storage.entry import Entry, Key
from argotui.local.apiserver.storage.store import Change
from argotui.local.apiserver.strategies.pods import pull_policy, quality_of_service
from argotui.local.apiserver.watching import transition
from argotui.model.selectors import LabelSelector


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("api/v1/pods", Target("", "v1", "", "pods", "", "")),
        ("api/v1/namespaces/n/pods/p/log", Target("", "v1", "n", "pods", "p", "log")),
        ("api/v1/namespaces/n", Target("", "v1", "", "namespaces", "n", "")),
        ("api/v1/namespaces/n/status", Target("", "v1", "", "namespaces", "n", "status")),
        ("apis/g/v/namespaces/n/things", Target("g", "v", "n", "things", "", "")),
        ("apis/g/v/things/t", Target("g", "v", "", "things", "t", "")),
        ("apis/g/v", None),
        ("healthz", None),
        ("api/v1/namespaces//pods", None),
        ("api/v1/pods/a/b/c", None),
    ],
)
def test_targets(path: str, target: Target | None) -> None:
    assert requests.target_of(path.split("/")) == target


def test_the_first_of_repeated_parameters_counts() -> None:
    assert requests.split_url("/a?x=1&x=2&y=") == ("/a", {"x": "1", "y": ""})


@pytest.mark.parametrize(
    ("collection", "name", "good"),
    [
        ("pods", "a.b-c.d", True), ("pods", "a..b", False), ("pods", "-a", False), ("pods", "a" * 253, True),
        ("namespaces", "a.b", False), ("namespaces", "a" * 64, False), ("namespaces", "1a", True),
        ("services", "1a", False), ("services", "a1", True),
        ("roles.rbac.authorization.k8s.io", "system:a/b", False), ("roles.rbac.authorization.k8s.io", "system:a", True),
        ("roles.rbac.authorization.k8s.io", "..", False), ("pods", "a\nb", False), ("pods", "a\n", False),
    ],
)  # fmt: skip
def test_names(collection: str, name: str, good: bool) -> None:
    assert (names.name_faults(collection, name) == []) is good


@pytest.mark.parametrize(
    ("labels", "faults"),
    [
        ({"a": "b", "a.b/c": "", "A_b": "x.y"}, 0), ({"": "a"}, 2), ({"/a": "b"}, 1), ({"a/b/c": "d"}, 1),
        ({"a": "-b"}, 1), ({"a": "b" * 64}, 1), ({"a" * 64: "b"}, 1), ({"a": "b\n"}, 1),
    ],
)  # fmt: skip
def test_labels(labels: dict[str, str], faults: int) -> None:
    assert len(names.label_causes(labels)) == faults


def test_annotations_have_a_size() -> None:
    assert names.annotation_causes({"a": "x" * 200_000}) == []
    assert names.annotation_causes({"a": "x" * 300_000})[0].reason == "FieldValueTooLong"


def test_generated_names() -> None:
    made = names.generated("a" * 100)
    assert len(made) == 63
    assert names.generated("x-") != names.generated("x-")


@pytest.mark.parametrize(
    ("header", "form"),
    [
        ("", Form.OBJECT), ("*/*", Form.OBJECT), ("application/json", Form.OBJECT),
        ("application/vnd.kubernetes.protobuf,application/json", Form.OBJECT),
        ("application/json;as=Table;v=v1;g=meta.k8s.io,application/json", Form.TABLE),
        ("application/json;as=Table;v=v9;g=meta.k8s.io, application/json", Form.OBJECT),
        ("application/json; as=PartialObjectMetadata; g=meta.k8s.io; v=v1", Form.METADATA),
        ("text/html", None), ("application/json;q=0", None), ("application/json;as=Odd;v=v1;g=meta.k8s.io", None),
    ],
)  # fmt: skip
def test_forms(header: str, form: Form | None) -> None:
    if form is None:
        with pytest.raises(StatusError):
            accept.form_of(header)
    else:
        assert accept.form_of(header) is form


def test_gzip() -> None:
    assert accept.takes_gzip("deflate, gzip;q=0.5")
    assert not accept.takes_gzip("gzip;q=0")
    assert not accept.takes_gzip("")


DOCUMENT: dict[str, Any] = {
    "status": {
        "phase": "Running", "n": 3, "list": [{"type": "A", "x": 1}, {"type": "Ready", "x": 2}],
        "a.b": "dotted", "ok": True,
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (".status.phase", ["Running"]), ("{.status.n}", [3]), ("$.status.ok", [True]), ("status.phase", ["Running"]),
        (".status.list[0].x", [1]), (".status.list[-1].x", [2]), (".status.list[7]", []), (".status.list[*].x", [1, 2]),
        ('.status.list[?(@.type=="Ready")].x', [2]), (".status['a.b']", ["dotted"]), (r".status.a\.b", ["dotted"]),
        (".none.at.all", []),
    ],
)  # fmt: skip
def test_paths_of_columns(path: str, found: list[Any]) -> None:
    assert jsonpath.find(DOCUMENT, jsonpath.parse(path)) == found


@pytest.mark.parametrize("path", [".a[", ".a[?(x)]", ".a..b", "[]"])
def test_bad_paths(path: str) -> None:
    with pytest.raises(jsonpath.BadPath):
        jsonpath.parse(path)


def pod(status: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    spec = {"containers": [{"name": "a"}, {"name": "b"}], "initContainers": [{"name": "i"}, {"name": "j"}]}
    return {"metadata": {"name": "p", **metadata}, "spec": spec, "status": status}


def one(**state: Any) -> dict[str, Any]:
    return {"state": state}


DONE = one(terminated={"exitCode": 0})


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ({}, "Unknown"),
        ({"phase": "Pending"}, "Pending"),
        ({"phase": "Failed", "reason": "Evicted"}, "Evicted"),
        ({"phase": "Pending", "initContainerStatuses": [one(running={})]}, "Init:0/2"),
        ({"phase": "Pending", "initContainerStatuses": [DONE, one(waiting={"reason": "PodInitializing"})]}, "Init:1/2"),
        ({"phase": "Pending", "initContainerStatuses": [one(terminated={"exitCode": 3})]}, "Init:ExitCode:3"),
        ({"phase": "Pending", "initContainerStatuses": [one(waiting={"reason": "ErrImagePull"})]}, "Init:ErrImagePull"),
        ({"phase": "Pending", "containerStatuses": [one(waiting={"reason": "PodInitializing"})]}, "PodInitializing"),
        ({"phase": "Succeeded", "containerStatuses": [one(terminated={"reason": "Completed"})]}, "Completed"),
        ({"phase": "Failed", "containerStatuses": [one(terminated={"signal": 9, "exitCode": 137})]}, "Signal:9"),
        ({"phase": "Failed", "containerStatuses": [one(terminated={"exitCode": 7})]}, "ExitCode:7"),
        ({"phase": "Running", "containerStatuses": [one(running={})]}, "Running"),
    ],
)  # fmt: skip
def test_states_of_pods(status: dict[str, Any], state: str) -> None:
    assert pod_state(pod(status)) == state


def test_rows_of_pods() -> None:
    ready = {"ready": True, "state": {"running": {}}, "restartCount": 0}
    cells = pod_cells(pod({"phase": "Running", "podIP": "127.0.0.1", "containerStatuses": [ready, one(running={})]}))
    assert (cells[0], cells[1], cells[2], cells[4]) == ("1/2", "Running", "0", "127.0.0.1")
    assert pod_state(pod({"phase": "Running"}, deletionTimestamp="2026-01-01T00:00:00Z")) == "Terminating"


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("busybox", "Always"), ("busybox:latest", "Always"), ("busybox:1", "IfNotPresent"),
        ("host:5000/busybox", "Always"), ("host:5000/busybox:1", "IfNotPresent"), ("busybox@sha256:ab", "IfNotPresent"),
    ],
)  # fmt: skip
def test_pull_policies(image: str, policy: str) -> None:
    assert pull_policy(image) == policy


def test_quality_of_service() -> None:
    full = {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1", "memory": "1Gi"}}
    assert quality_of_service({"containers": [{"resources": {}}]}) == "BestEffort"
    assert quality_of_service({"containers": [{"resources": full}]}) == "Guaranteed"
    assert quality_of_service({"containers": [{"resources": full}, {"resources": {}}]}) == "Burstable"


def entry(seq: int, **labels: str) -> Entry:
    return Entry(Key("pods", "n", "p"), seq, "u", labels, {}, (), deleting=False, finalizers=(), size=1)


RED = LabelSelector.parse("c=red")


@pytest.mark.parametrize(
    ("type_", "before", "after", "told"),
    [
        (1, None, "red", "ADDED"), (1, None, "blue", ""), (2, "red", "red", "MODIFIED"), (2, "blue", "red", "ADDED"),
        (2, "red", "blue", "LEFT"), (2, "blue", "blue", ""), (0, "red", "red", "DELETED"), (0, "blue", "blue", ""),
    ],
)  # fmt: skip
def test_what_a_change_is_to_a_watcher(type_: int, before: str | None, after: str, told: str) -> None:
    previous = entry(1, c=before) if before else None
    change = Change(type_, entry(2, c=after), previous, b"")
    assert transition(change, Selection("n", RED, None)) == told
    assert transition(change, Selection("other", RED, None)) == ""


def test_selectors_know_the_fields_of_their_kind() -> None:
    pods = Served().get("pods")
    assert pods is not None
    assert select(pods, "", "", "spec.nodeName=x,metadata.namespace!=y").fields is not None
    with pytest.raises(StatusError, match=r"field label not supported: spec\.other"):
        select(pods, "", "", "spec.other=x")


@pytest.mark.parametrize(
    ("command", "number"),
    [
        (["/var/run/argo/argoexec", "kill", "15", "1"], 15), (["argoexec", "kill", "9", "1"], 9),
        (["/bin/sh", "-c", "kill -15 1"], 15), (["argoexec", "kill", "15", "2"], None),
        (["argoexec", "kill", "-9", "1"], None), (["argoexec", "kill", "999", "1"], None), ([], None),
        (["sh", "-c", "kill -15 1"], None), (["/bin/sh", "-c", "kill -15 1 2"], None),
    ],
)  # fmt: skip
def test_only_signals_are_understood(command: list[str], number: int | None) -> None:
    assert signal_of(command) == number


def test_duplicate_fields_are_found_at_any_depth() -> None:
    data = b'{"a":1,"b":[{"c":1,"c":2,"c":3}],"a":2}'
    assert sorted(duplicate_fields(data)) == ["a", "b[0].c"]
    assert duplicate_fields(b"a: 1\na: 2\n") == []


def test_depth_has_a_limit() -> None:
    decode_json(b"[" * 400 + b"]" * 400)
    with pytest.raises(StatusError, match="levels deep"):
        decode_json(b"[" * 700 + b"]" * 700)


def test_yaml_bodies() -> None:
    assert decode_object(b"metadata: {name: x}\n", "application/yaml") == {"metadata": {"name": "x"}}
    assert decode_object(b"a: 2020-01-01\n", "application/yaml") == {"a": "2020-01-01"}
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
    )
    for refused in (b"a: 1\na: 2\n", b"a: 1\n---\nb: 1\n", b"a: \xff", b"[" * 4000, bomb.encode()):
        with pytest.raises(StatusError) as caught:
            decode_object(refused, "application/yaml")
        assert caught.value.code == 400
    with pytest.raises(StatusError) as caught:
        decode_object(b"{}", "text/plain")
    assert caught.value.code == 415


def test_causes_are_told_once() -> None:
    cause = Cause("FieldValueRequired", "Required value", "spec.x")
    assert invalid("Pod", "", "p", [cause, cause]).message == 'Pod "p" is invalid: spec.x: Required value'


def test_certificates_are_made_once(tmp_path: Path) -> None:
    certificates.ensure(tmp_path)
    first = (tmp_path / "server.pem").read_bytes()
    certificates.ensure(tmp_path)
    assert (tmp_path / "server.pem").read_bytes() == first
    certificate = x509.load_pem_x509_certificate(first)
    alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert alternatives.get_values_for_type(x509.DNSName) == ["localhost"]
    assert [str(ip) for ip in alternatives.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]
    assert (tmp_path / "server.key").stat().st_mode & 0o777 == 0o600
    # an interrupted start leaves no server.pem; the next one makes all three again
    (tmp_path / "server.pem").unlink()
    certificates.ensure(tmp_path)
    assert (tmp_path / "server.pem").read_bytes() != first
