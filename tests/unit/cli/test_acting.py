"""The verbs that change something: the requests they send and what they print."""

from __future__ import annotations

import json

import pytest

from argotui.kube.errors import ApiError
from argotui.model.documents import Document
from argotui.model.keys import AUDIT_PREFIX
from argotui.model.resources import WORKFLOWS
from argotui.services.audit import entries
from tests.unit.cli.conftest import Run
from tests.unit.services.fake import FakeClient
from tests.unit.services.workflows import failed, gate, workflow


def put(client: FakeClient, *workflows: Document) -> None:
    for item in workflows:
        client._put("ADDED", WORKFLOWS, item)


def stored(client: FakeClient, name: str = "wf") -> Document:
    document = client.stored(WORKFLOWS, name)
    assert document is not None
    return document


def gate_node(document: Document) -> Document:
    return next(n for n in document["status"]["nodes"].values() if n["type"] == "Suspend")


def test_suspend_and_resume(argotui: Run, client: FakeClient) -> None:
    put(client, workflow())
    assert argotui("suspend", "wf").out == "workflow wf suspended\n"
    assert stored(client)["spec"]["suspend"] is True
    assert argotui("resume", "@latest", "--reason", "ready").out == "workflow wf resumed\n"
    assert "suspend" not in stored(client)["spec"]
    assert [e.why for e in entries(stored(client))] == ["", "ready"]


def test_resume_of_one_gate_leaves_its_message_alone(argotui: Run, client: FakeClient) -> None:
    put(client, gate())
    assert argotui("resume", "wf", "--node-field-selector", "displayName=approve").code == 0
    assert gate_node(stored(client))["phase"] == "Succeeded"
    assert "message" not in gate_node(stored(client))
    ran = argotui("resume", "wf", "--node-field-selector", "displayName=other")
    assert ran.code == 1
    assert "no suspend nodes matching nodeFieldSelector: displayName=other" in ran.err


def test_a_gate_that_waits_for_a_value_is_not_resumed_by_a_selector(argotui: Run, client: FakeClient) -> None:
    put(client, gate(outputs=[{"name": "answer", "valueFrom": {"supplied": {}, "default": "NO"}}]))
    one = ("wf", "--node-field-selector", "displayName=approve")
    ran = argotui("resume", *one)
    assert (ran.code, client.writes()) == (1, [])
    assert "waits for answer" in ran.err
    assert "node set wf --node-field-selector displayName=approve --output-parameter answer=…" in ran.err.replace(
        "'", ""
    )
    assert argotui("node", "set", *one, "-p", "answer=YES").code == 0
    assert argotui("resume", *one).code == 0
    assert gate_node(stored(client))["phase"] == "Succeeded"


def test_node_set(argotui: Run, client: FakeClient) -> None:
    put(client, gate(outputs=[{"name": "answer", "valueFrom": {"supplied": {}}}]))
    ran = argotui(
        "node", "set", "wf", "--node-field-selector", "displayName=approve",
        "--message", "chosen", "--output-parameter", 'answer="YES"',
    )  # fmt: skip
    assert (ran.code, ran.out) == (0, "workflow values set\n")
    written = gate_node(stored(client))
    assert (written["phase"], written["message"]) == ("Running", "chosen")
    assert written["outputs"]["parameters"] == [{"name": "answer", "value": "YES"}]
    assert argotui("node", "get", "wf").code == 2
    assert argotui("node", "set", "wf").code == 1
    assert argotui("node", "set", "wf", "--node-field-selector", "id=x", "-p", "answer").code == 1


@pytest.mark.parametrize(("verb", "strategy"), [("stop", "Stop"), ("terminate", "Terminate")])
def test_stop_and_terminate(argotui: Run, client: FakeClient, verb: str, strategy: str) -> None:
    put(client, workflow())
    assert argotui(verb, "wf", "--dry-run").out.endswith("(dry-run)\n")
    assert not client.writes()
    past = "stopped" if verb == "stop" else "terminated"
    assert argotui(verb, "wf").out == f"workflow wf {past}\n"
    ((method, _, body),) = client.writes()
    assert method == "PATCH"
    assert body["spec"] == {"shutdown": strategy}
    assert all(key.startswith(AUDIT_PREFIX) for key in body["metadata"]["annotations"])


def test_stop_of_a_suspended_workflow_writes_what_upstream_writes_and_warns(argotui: Run, client: FakeClient) -> None:
    put(client, workflow(spec={"suspend": True}))
    ran = argotui("stop", "wf")
    assert ran.code == 0
    assert client.writes()[0][2]["spec"] == {"shutdown": "Stop"}
    assert "would have no effect" in ran.err


def test_stop_with_a_selector_fails_the_gate_only(argotui: Run, client: FakeClient) -> None:
    put(client, gate())
    assert argotui("stop", "wf", "--node-field-selector", "displayName=approve", "--message", "no").code == 0
    assert (gate_node(stored(client))["phase"], gate_node(stored(client))["message"]) == ("Failed", "no")
    assert "shutdown" not in stored(client)["spec"]


def test_what_is_over_is_refused_in_one_line(argotui: Run, client: FakeClient) -> None:
    put(client, workflow(phase="Succeeded"))
    ran = argotui("stop", "wf")
    assert ran.code == 1
    assert ran.err.startswith("argotui: cannot shutdown a completed workflow")
    assert argotui("suspend", "wf").err == "argotui: cannot suspend completed workflows\n"
    assert argotui("retry", "wf").code == 1


def test_several_workflows_by_selector(argotui: Run, client: FakeClient) -> None:
    put(client, workflow("a"), workflow("b"), workflow("c", "Succeeded"))
    ran = argotui("suspend", "-l", "workflows.argoproj.io/phase=Running")
    assert sorted(ran.out.splitlines()) == ["workflow a suspended", "workflow b suspended"]
    assert argotui("suspend", "-l", "nothing=here").code == 1
    assert argotui("suspend").code == 2


def test_retry_prints_the_workflow_and_passes_parameters_on(argotui: Run, client: FakeClient) -> None:
    put(client, failed())
    assert argotui("retry", "wf", "-p", "p=1", "-p", "q=2", "-o", "name").out == "wf\n"
    assert stored(client)["spec"]["arguments"]["parameters"] == [
        {"name": "p", "value": "1"},
        {"name": "q", "value": "2"},
    ]
    assert argotui("retry", "wf", "-p", "broken").code == 1


def test_retry_of_a_successful_node(argotui: Run, client: FakeClient) -> None:
    flow = failed()
    flow["status"]["phase"] = "Succeeded"
    put(client, flow)
    assert argotui("retry", "wf").code == 1
    ran = argotui("retry", "wf", "--restart-successful", "--node-field-selector", "displayName=a", "-o", "json")
    assert ran.code == 0
    assert len(json.loads(ran.out)["status"]["nodes"]) == 1


def test_resubmit(argotui: Run, client: FakeClient) -> None:
    put(client, failed())
    name = argotui("resubmit", "wf", "-p", "p=9", "--priority", "3", "-o", "name").out.strip()
    made = stored(client, name)
    assert made["spec"]["arguments"]["parameters"] == [{"name": "p", "value": "9"}]
    assert made["spec"]["priority"] == 3
    memoized = argotui("resubmit", "wf", "--memoized", "-o", "name").out.strip()
    assert memoized.startswith("wf-")
    assert stored(client, memoized)["status"]["nodes"]


def test_wait_after_retry_gives_the_exit_code(argotui: Run, client: FakeClient) -> None:
    put(client, failed())
    controller = client.replace

    async def at_once(res, body, **options):  # type: ignore[no-untyped-def]
        written = await controller(res, body, **options)
        await client.put(WORKFLOWS, workflow(phase="Failed"))
        return written

    client.replace = at_once  # type: ignore[method-assign]
    assert argotui("retry", "wf", "--wait").code == 1
    assert argotui("retry", "wf", "--wait", "--watch").code == 1


def test_delete(argotui: Run, client: FakeClient) -> None:
    put(client, workflow("a", "Succeeded"), workflow("b", "Failed"), workflow("live"))
    assert argotui("delete", "--completed", "--dry-run").out.count("(dry-run)") == 2
    ran = argotui("delete", "a", "nope")
    assert (ran.code, ran.out, ran.err) == (1, "workflow a deleted\n", "argotui: workflow argo/nope not found\n")
    assert argotui("delete", "--completed").out == "workflow b deleted\n"
    assert argotui("delete", "--prefix", "x").out == "No workflows found\n"
    assert argotui("delete").code == 2
    assert argotui("delete", "--all").out == "workflow live deleted\n"


def test_delete_with_force_removes_finalizers(argotui: Run, client: FakeClient) -> None:
    put(client, workflow("a", "Succeeded"))
    argotui("delete", "a", "--force")
    assert [method for method, _, _ in client.writes()] == ["PATCH", "DELETE"]


def test_a_failure_among_several_is_told_and_counts(argotui: Run, client: FakeClient) -> None:
    put(client, workflow("a"), workflow("b"))

    def forbid(method: str, path: str, body: object) -> None:
        if method == "PATCH" and path.endswith("/b"):
            raise ApiError(403, "Forbidden", "no")

    client.before = forbid
    ran = argotui("terminate", "a", "b")
    assert (ran.code, ran.out) == (1, "workflow a terminated\n")
    assert ran.err == "argotui: argo/b: not allowed: no\n"
