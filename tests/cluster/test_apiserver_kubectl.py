"""Real kubectl against the API server; logs and running pods are tested with the kubelet."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.apiserver import CONFIGMAPS, MERGE, WORKFLOWS, ApiServer, configmap, pod, running, until

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not on this machine")

WORKFLOW = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata:
  name: hello
  labels: {app: demo}
spec:
  entrypoint: main
  templates:
  - name: main
    container: {image: "busybox:1", command: [echo, hello]}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with running(tmp_path_factory.mktemp("apiserver")) as started:
        started.ok("POST", CONFIGMAPS, configmap("settings", {"a": "1"}, labels={"app": "demo"}))
        started.ok("POST", "/api/v1/namespaces/argo/pods", pod("box", labels={"app": "demo"}))
        yield started


def test_version(server: ApiServer) -> None:
    assert "Server Version: v1." in server.kubectl("version").stdout


def test_api_resources(server: ApiServer) -> None:
    found = server.kubectl("api-resources", "--no-headers").stdout
    rows = {line.split()[0]: line for line in found.splitlines()}
    assert "wf" in rows["workflows"]
    assert "argoproj.io/v1alpha1" in rows["workflows"]
    assert "clusterwftmpl,cwft" in rows["clusterworkflowtemplates"]
    assert {"pods", "configmaps", "secrets", "events", "leases", "workflowtaskresults"} <= set(rows)
    assert "argoproj.io/v1alpha1" in server.kubectl("api-versions").stdout


def test_create_from_a_file_and_refuse_the_second_time(server: ApiServer, tmp_path: Path) -> None:
    file = tmp_path / "wf.yaml"
    file.write_text(WORKFLOW)
    assert server.kubectl("create", "-f", str(file)).stdout == "workflow.argoproj.io/hello created\n"
    again = server.kubectl("create", "-f", str(file), check=False)
    assert again.returncode == 1
    assert "(AlreadyExists): error when creating" in again.stderr


def test_an_unknown_field_is_refused_by_name(server: ApiServer) -> None:
    wrong = WORKFLOW.replace("entrypoint", "entripoint").replace("hello", "wrong")
    done = server.kubectl("create", "-f", "-", stdin=wrong, check=False)
    assert done.returncode == 1
    assert 'unknown field "spec.entripoint"' in done.stderr
    done = server.kubectl("create", "-f", "-", "--validate=warn", stdin=wrong)
    assert 'Warning: unknown field "spec.entripoint"' in done.stderr


def test_get(server: ApiServer) -> None:
    plain = server.kubectl("get", "pods").stdout
    assert plain.splitlines()[0].split() == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    assert plain.splitlines()[1].split()[:4] == ["box", "0/1", "Pending", "0"]
    wide = server.kubectl("get", "pods", "-o", "wide").stdout
    assert "NOMINATED NODE" in wide
    assert server.kubectl("get", "cm", "settings", "-o", "name").stdout == "configmap/settings\n"
    as_yaml = server.kubectl("get", "cm", "settings", "-o", "yaml").stdout
    assert as_yaml.startswith('apiVersion: v1\ndata:\n  a: "1"\nkind: ConfigMap\n')
    found = json.loads(server.kubectl("get", "cm,pods", "-l", "app=demo", "-o", "json").stdout)
    assert [item["kind"] for item in found["items"]] == ["ConfigMap", "Pod"]
    assert (
        server.kubectl("get", "cm", "-A", "-l", "app=demo", "-o", "jsonpath={.items[*].metadata.name}").stdout
        == "settings"
    )
    missing = server.kubectl("get", "cm", "nothing", check=False)
    assert missing.stderr == 'Error from server (NotFound): configmaps "nothing" not found\n'


def test_get_workflows_by_short_name(server: ApiServer) -> None:
    server.ok(
        "POST",
        WORKFLOWS,
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Workflow",
            "metadata": {"name": "short"},
            "spec": {"entrypoint": "x"},
            "status": {"phase": "Running"},
        },
    )
    lines = server.kubectl("get", "wf", "short").stdout.splitlines()
    assert lines[0].split() == ["NAME", "STATUS", "AGE", "MESSAGE"]
    assert lines[1].split()[:2] == ["short", "Running"]


def test_get_in_small_pages(server: ApiServer) -> None:
    for number in range(5):
        server.ok("POST", "/api/v1/namespaces/default/configmaps", configmap(f"page-{number}"))
    found = server.kubectl("get", "cm", "-n", "default", "--chunk-size=2", "-o", "name").stdout
    assert found.split() == [f"configmap/page-{number}" for number in range(5)]


def test_describe(server: ApiServer) -> None:
    box = server.ok("GET", "/api/v1/namespaces/argo/pods/box")
    event = {
        "metadata": {"name": "box.1"}, "type": "Normal", "reason": "Looked", "message": "at the box", "count": 1,
        "involvedObject": {
                "apiVersion": "v1", "kind": "Pod", "name": "box", "namespace": "argo", "uid": box["metadata"]["uid"],
        },
        "firstTimestamp": "2026-01-01T00:00:00Z", "lastTimestamp": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    server.ok("POST", "/api/v1/namespaces/argo/events", event)
    text = server.kubectl("describe", "pod", "box").stdout
    assert re.search("^Name: +box$", text, re.MULTILINE)
    assert "Looked" in text
    server.ok(
        "POST",
        WORKFLOWS,
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Workflow",
            "metadata": {"name": "told"},
            "spec": {"entrypoint": "x"},
        },
    )
    assert "Entrypoint:  x" in server.kubectl("describe", "wf", "told").stdout
    events = server.kubectl("get", "events").stdout.splitlines()
    assert events[0].split() == ["LAST", "SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]
    assert "pod/box" in events[1]
    assert "Looked" in server.kubectl("events", "--for", "pod/box").stdout


def test_apply_creates_then_updates_then_does_nothing(server: ApiServer) -> None:
    first = json.dumps(configmap("applied", {"a": "1", "b": "1"}))
    second = json.dumps(configmap("applied", {"a": "2"}))
    assert server.kubectl("apply", "-f", "-", stdin=first).stdout == "configmap/applied created\n"
    assert server.kubectl("apply", "-f", "-", stdin=second).stdout == "configmap/applied configured\n"
    assert server.kubectl("apply", "-f", "-", stdin=second).stdout == "configmap/applied unchanged\n"
    assert server.ok("GET", f"{CONFIGMAPS}/applied")["data"] == {"a": "2"}


def test_apply_of_a_workflow(server: ApiServer) -> None:
    text = WORKFLOW.replace("name: hello", "name: applied")
    assert "created" in server.kubectl("apply", "-f", "-", stdin=text).stdout
    assert "unchanged" in server.kubectl("apply", "-f", "-", stdin=text).stdout
    changed = text.replace("[echo, hello]", "[echo, bye]")
    assert "configured" in server.kubectl("apply", "-f", "-", stdin=changed).stdout
    found = server.ok("GET", f"{WORKFLOWS}/applied")
    assert found["spec"]["templates"][0]["container"]["command"] == ["echo", "bye"]


def test_a_list_is_applied_item_by_item(server: ApiServer) -> None:
    items = json.dumps(
        {"apiVersion": "v1", "kind": "List", "items": [configmap(name, {"a": "b"}) for name in ("one", "two")]}
    )
    said = server.kubectl("apply", "-f", "-", stdin=items).stdout
    assert said == "configmap/one created\nconfigmap/two created\n"
    assert server.kubectl("apply", "-f", "-", stdin=items).stdout == said.replace("created", "unchanged")
    exported = server.kubectl("get", "configmaps", "one", "two", "-o", "yaml").stdout
    assert server.kubectl("replace", "-f", "-", stdin=exported).stdout == said.replace("created", "replaced")


def test_server_side_apply(server: ApiServer) -> None:
    one, two = json.dumps(configmap("ssa", {"a": "1"})), json.dumps(configmap("ssa", {"a": "2"}))
    assert server.kubectl("apply", "--server-side", "-f", "-", stdin=one).stdout == "configmap/ssa serverside-applied\n"
    other = ("apply", "--server-side", "--field-manager=other", "-f", "-")
    refused = server.kubectl(*other, stdin=two, check=False)
    assert refused.returncode == 1
    assert 'Apply failed with 1 conflict: conflict with "kubectl": .data.a' in refused.stderr
    server.kubectl(*other, "--force-conflicts", stdin=two)
    assert server.ok("GET", f"{CONFIGMAPS}/ssa")["data"] == {"a": "2"}


def test_from_applying_on_the_clients_side_to_the_servers(server: ApiServer) -> None:
    server.kubectl("apply", "-f", "-", stdin=json.dumps(configmap("csa", {"a": "1", "b": "1"})))
    server.kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(configmap("csa", {"a": "2"})))
    found = server.ok("GET", f"{CONFIGMAPS}/csa")
    assert found["data"] == {"a": "2"}
    assert ("kubectl", "Apply") in {(e["manager"], e["operation"]) for e in found["metadata"]["managedFields"]}


def test_dry_run_and_diff_change_nothing(server: ApiServer) -> None:
    dry = ("apply", "--dry-run=server", "-f", "-")
    assert server.kubectl(*dry, stdin=json.dumps(configmap("dry"))).stdout == "configmap/dry created (server dry run)\n"
    assert server.ask("GET", f"{CONFIGMAPS}/dry")[0] == 404
    before = server.ok("POST", CONFIGMAPS, configmap("dry", {"a": "1"}))
    different = server.kubectl("diff", "-f", "-", stdin=json.dumps(configmap("dry", {"a": "2"})), check=False)
    assert different.returncode == 1
    assert '+  a: "2"' in different.stdout
    server.kubectl("delete", "cm", "dry", "--dry-run=server")
    assert server.ok("GET", f"{CONFIGMAPS}/dry") == before


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("merge", '{"metadata":{"labels":{"by":"merge"}}}'),
        ("strategic", '{"metadata":{"labels":{"by":"strategic"}}}'),
        ("json", '[{"op":"add","path":"/metadata/labels/by","value":"json"}]'),
    ],
)
def test_patch(server: ApiServer, kind: str, body: str) -> None:
    server.kubectl("patch", "pod", "box", "--type", kind, "-p", body)
    assert server.ok("GET", "/api/v1/namespaces/argo/pods/box")["metadata"]["labels"]["by"] == kind


def test_label_and_annotate(server: ApiServer) -> None:
    server.ok("POST", CONFIGMAPS, configmap("marked"))
    server.kubectl("label", "cm", "marked", "tier=one")
    server.kubectl("annotate", "cm", "marked", "note=some words")
    metadata = server.ok("GET", f"{CONFIGMAPS}/marked")["metadata"]
    assert (metadata["labels"], metadata["annotations"]) == ({"tier": "one"}, {"note": "some words"})
    refused = server.kubectl("label", "cm", "marked", "tier=two", check=False)
    assert "already has a value" in refused.stderr
    server.kubectl("label", "cm", "marked", "tier-")
    assert "labels" not in server.ok("GET", f"{CONFIGMAPS}/marked")["metadata"]


def test_delete_waits_for_finalizers(server: ApiServer) -> None:
    server.ok("POST", CONFIGMAPS, configmap("held", finalizers=["example.com/hold"]))
    deleting = subprocess.Popen(
        ["kubectl", "delete", "cm", "held", "--wait"], env=server.environment(), stdout=subprocess.PIPE, text=True
    )
    until(lambda: "deletionTimestamp" in server.ok("GET", f"{CONFIGMAPS}/held")["metadata"])
    assert deleting.poll() is None
    server.ok("PATCH", f"{CONFIGMAPS}/held", {"metadata": {"finalizers": None}}, content_type=MERGE)
    assert deleting.communicate(timeout=20)[0] == 'configmap "held" deleted\n'


def test_delete_by_label(server: ApiServer) -> None:
    for name in ("d1", "d2"):
        server.ok("POST", CONFIGMAPS, configmap(name, labels={"d": "1"}))
    assert server.kubectl("delete", "cm", "-l", "d=1").stdout.count("deleted") == 2


def test_the_verbs_that_send_protobuf(server: ApiServer) -> None:
    server.kubectl("create", "configmap", "pb", "--from-literal=k=v")
    assert server.ok("GET", f"{CONFIGMAPS}/pb")["data"] == {"k": "v"}
    server.kubectl("create", "secret", "generic", "pb", "--from-literal=k=v")
    assert server.ok("GET", "/api/v1/namespaces/argo/secrets/pb")["data"] == {"k": "dg=="}
    server.kubectl("create", "namespace", "pb")
    server.kubectl("create", "serviceaccount", "pb")
    assert server.kubectl("auth", "can-i", "create", "workflows").stdout == "yes\n"
    assert "argotui-admin" in server.kubectl("auth", "whoami").stdout
    assert "*.*" in server.kubectl("auth", "can-i", "--list").stdout


def test_explain(server: ApiServer) -> None:
    text = server.kubectl("explain", "workflow").stdout
    assert "KIND:       Workflow" in text
    assert "spec" in text
    templates = server.kubectl("explain", "workflow.spec.templates").stdout
    assert "container" in templates
    assert "script" in templates
    assert "nodeName" in server.kubectl("explain", "pod.spec").stdout
    assert "does not exist" in server.kubectl("explain", "pod.nothing", check=False).stderr


def test_wait(server: ApiServer) -> None:
    server.ok(
        "POST",
        WORKFLOWS,
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Workflow",
            "metadata": {"name": "waited"},
            "spec": {"entrypoint": "x"},
        },
    )
    waiting = subprocess.Popen(
        ["kubectl", "wait", "wf/waited", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=20s"],
        env=server.environment(), stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    server.ok("PATCH", f"{WORKFLOWS}/waited", {"status": {"phase": "Succeeded"}}, content_type=MERGE)
    assert "condition met" in waiting.communicate(timeout=30)[0]


def test_get_watch_goes_on_after_the_server_was_killed(server: ApiServer) -> None:
    watching = subprocess.Popen(
        ["kubectl", "get", "cm", "-l", "w=1", "-w", "-o", "name"], env=server.environment(),
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert watching.stdout is not None
    try:
        server.ok("POST", CONFIGMAPS, configmap("w1", labels={"w": "1"}))
        assert watching.stdout.readline() == "configmap/w1\n"
        url = server.url
        server.kill()
        server.start()
        assert server.url == url
        server.ok("POST", CONFIGMAPS, configmap("w2", labels={"w": "1"}))
        # kubectl says the present again when its watch broke, or goes on from where it was
        for line in watching.stdout:
            if line == "configmap/w2\n":
                break
        else:
            # this kubectl ends its watch with the connection; the resumed one has to tell what it missed
            again = server.kubectl("get", "cm", "-l", "w=1", "-o", "name").stdout
            assert again.split() == ["configmap/w1", "configmap/w2"]
    finally:
        watching.kill()
        watching.communicate()


def test_a_definition_of_ones_own(server: ApiServer) -> None:
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced",
            "names": {"kind": "Widget", "plural": "widgets", "shortNames": ["wd"]},
            "versions": [{
                "name": "v1", "served": True, "storage": True, "subresources": {"status": {}},
                "additionalPrinterColumns": [{"name": "Size", "type": "integer", "jsonPath": ".spec.size"}],
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                    "spec": {"type": "object", "required": ["size"], "properties": {
                        "size": {"type": "integer", "minimum": 1}, "colour": {"type": "string", "default": "red"},
                    }},
                    "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                }}},
            }],
        },
    }  # fmt: skip
    server.kubectl("create", "-f", "-", stdin=json.dumps(crd))
    server.kubectl("wait", "crd/widgets.example.com", "--for=condition=Established", "--timeout=10s")
    widget = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {"size": 3}}
    server.kubectl("create", "-f", "-", stdin=json.dumps(widget))
    assert server.kubectl("get", "wd", "--no-headers").stdout.split() == ["w", "3"]
    assert server.kubectl("get", "wd", "w", "-o", "jsonpath={.spec.colour}").stdout == "red"
    small = {**widget, "metadata": {"name": "small"}, "spec": {"size": 0}}
    refused = server.kubectl("create", "-f", "-", stdin=json.dumps(small), check=False)
    wanted = "spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1"
    assert f'The Widget "small" is invalid: {wanted}' in refused.stderr
    assert "Widget" in server.kubectl("explain", "widget").stdout
    server.kubectl("delete", "crd", "widgets.example.com", "--wait")
    assert server.ask("GET", "/apis/example.com/v1/widgets")[0] == 404
    assert "widgets" not in server.kubectl("api-resources", "--cached=false").stdout
