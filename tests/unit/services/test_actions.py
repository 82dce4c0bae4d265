"""Every action: where it applies, what it asks, what it writes, and that the effect is looked for."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from argotui.kube.errors import ApiError
from argotui.model.documents import Document
from argotui.model.keys import AUDIT_PREFIX, LABEL_COMPLETED
from argotui.model.resources import EVENTS, PODS, WORKFLOWS
from argotui.services.access import needs_of, needs_of_writes
from argotui.services.actions import ACTIONS, ActionRefused, Outcome, Plan, Result, Selection, Target, perform, prepare
from argotui.services.audit import entries
from argotui.services.identity import Identity
from tests.unit.services.fake import FakeClient
from tests.unit.services.workflows import failed, gate, node, pod, workflow

CLOCK = datetime(2025, 5, 6, 7, 8, 9, tzinfo=UTC)


@dataclass
class FakeSession:
    client: Any
    identity: Identity = field(default_factory=lambda: Identity("ann", "bastion"))
    namespace: str | None = "argo"
    is_local: bool = True


def a_session(*workflows: Document, pods: list[Document] | None = None) -> FakeSession:
    client = FakeClient(*((WORKFLOWS, w) for w in workflows), *((PODS, p) for p in pods or []))
    return FakeSession(client)


def selected(*workflows: Document, node_id: str | None = None) -> Selection:
    return Selection(tuple(Target(w, node_id) for w in workflows))


async def planned(session: FakeSession, action: str, selection: Selection, answers: Mapping[str, str]) -> Plan:
    plan = await ACTIONS[action].plan(session, selection, answers)
    taken = {(where, right.verb, right.kind) for where, right in needs_of_writes(plan.writes)}
    needed = {(where, right.verb, right.kind) for where, right in needs_of(ACTIONS[action], selection, "argo")}
    assert not taken or needed <= taken, "an action needs no right that its writes do not take"
    return plan


async def done(
    session: FakeSession,
    action: str,
    selection: Selection,
    answers: Mapping[str, str] | None = None,
    reason: str = "why",
) -> list[Outcome]:
    plan = await planned(session, action, selection, answers or {})
    return await perform(session, plan, reason, verify=False, clock=lambda: CLOCK)


def stored(session: FakeSession, name: str = "wf") -> Document:
    document = session.client.stored(WORKFLOWS, name)
    assert document is not None
    return document


def gate_node(document: Document) -> Document:
    return next(n for n in document["status"]["nodes"].values() if n["type"] == "Suspend")


# gates


async def test_approve_ends_the_gate_by_its_id_with_who_and_why_and_values() -> None:
    outputs = [{"name": "ok", "valueFrom": {"supplied": {}}}]
    inputs = [{"name": "ok", "value": "NO", "enum": ["YES", "NO"], "description": "go?"}]
    flow = gate(outputs=outputs, inputs=inputs)
    session = a_session(flow)
    action = ACTIONS["workflow.approve"]
    assert action.applies(selected(flow))
    asked = {f.label: f for f in action.fields(selected(flow))}
    assert (asked["ok"].choices, asked["ok"].default, asked["ok"].description) == (("YES", "NO"), "NO", "go?")
    assert asked["reason"].required

    answers = {"parameters.ok": "YES", "reason": "tested"}
    plan = await planned(session, "workflow.approve", selected(flow), answers)
    node_id = gate_node(flow)["id"]
    assert plan.nodes == {node_id: "approved"}
    assert f"id={node_id}" in plan.command
    assert "--output-parameter ok=YES" in plan.command
    assert plan.lines[0] == "gate 'approve' of argo/wf succeeds with ok=YES"
    assert "deploy" in plan.lines[1]

    (outcome,) = await perform(session, plan, "tested", verify=False)
    assert outcome.result is Result.DONE
    written = gate_node(stored(session))
    assert written["phase"] == "Succeeded"
    assert written["message"] == "approved by ann@bastion: tested"
    assert written["outputs"]["parameters"] == [{"name": "ok", "value": "YES"}]
    (entry,) = entries(stored(session))
    assert (entry.who, entry.why, entry.node, entry.action) == ("ann@bastion", "tested", node_id, "workflow.approve")


async def test_reject_fails_the_gate_with_the_reason() -> None:
    flow = gate()
    session = a_session(flow)
    await done(session, "workflow.reject", selected(flow), {"reason": "not today"}, "not today")
    written = gate_node(stored(session))
    assert (written["phase"], written["message"]) == ("Failed", "rejected by ann@bastion: not today")


@pytest.mark.parametrize("action", ["workflow.approve", "workflow.reject"])
async def test_a_decision_needs_a_reason(action: str) -> None:
    flow = gate()
    with pytest.raises(ActionRefused, match="reason is required"):
        await planned(a_session(flow), action, selected(flow), {"reason": "  "})


async def test_a_value_that_is_not_on_offer_or_missing_is_refused() -> None:
    outputs = [{"name": "ok", "valueFrom": {"supplied": {}}, "enum": ["YES", "NO"]}]
    flow = gate(outputs=outputs)
    session = a_session(flow)
    with pytest.raises(ActionRefused, match="ok must be one of: YES, NO"):
        await planned(session, "workflow.approve", selected(flow), {"reason": "r", "parameters.ok": "MAYBE"})
    with pytest.raises(ActionRefused, match="ok is required"):
        await planned(session, "workflow.approve", selected(flow), {"reason": "r"})
    assert not session.client.writes()


def test_where_approve_does_not_apply_it_says_why() -> None:
    applies = ACTIONS["workflow.approve"].applies
    assert "no gate waits" in applies(selected(workflow())).reason
    assert "is over" in applies(selected(workflow(phase="Failed"))).reason
    assert "nothing is selected" in applies(Selection()).reason
    assert "not a gate" in applies(selected(gate(), node_id="wf")).reason
    two = gate()
    other = node("wf", ".second", "Suspend", "Running")
    two["status"]["nodes"][other["id"]] = other
    assert "2 gates wait (approve, second)" in applies(selected(two)).reason
    assert applies(selected(two, node_id=other["id"]))


async def test_a_gate_that_somebody_else_has_answered_is_not_answered_twice() -> None:
    flow = gate()
    session = a_session(flow)
    plan = await planned(session, "workflow.approve", selected(flow), {"reason": "r"})
    answered = gate()
    gate_node(answered)["phase"] = "Failed"
    await session.client.put(WORKFLOWS, answered)
    (outcome,) = await perform(session, plan, "r", verify=False)
    assert outcome.result is Result.FAILED
    assert "no suspend nodes matching" in outcome.text
    assert gate_node(stored(session))["phase"] == "Failed"


async def test_a_conflict_makes_the_change_again_on_the_newest_object() -> None:
    flow = gate()
    session = a_session(flow)
    plan = await planned(session, "workflow.approve", selected(flow), {"reason": "r"})
    newer = gate()
    newer["status"]["progress"] = "7/9"
    await session.client.put(WORKFLOWS, newer)
    (outcome,) = await perform(session, plan, "r", verify=False)
    assert outcome.result is Result.DONE
    assert stored(session)["status"]["progress"] == "7/9"
    assert gate_node(stored(session))["phase"] == "Succeeded"


async def test_node_set_leaves_the_phase_alone_unless_it_is_given() -> None:
    flow = gate(outputs=[{"name": "who", "valueFrom": {"supplied": {}}}])
    session = a_session(flow)
    answers = {"selector": "displayName=approve", "parameters.who": "alice"}
    await done(session, "node.set", selected(flow), answers)
    written = gate_node(stored(session))
    assert written["phase"] == "Running"
    assert written["outputs"]["parameters"] == [{"name": "who", "value": "alice"}]


# suspend, resume, stop, terminate


async def test_suspend_writes_upstreams_put_and_the_trail() -> None:
    flow = workflow(nodes=[node("wf", ".a")])
    session = a_session(flow)
    plan = await planned(session, "workflow.suspend", selected(flow), {})
    assert plan.lines == ("nothing new will start until it is resumed", "1 running step will finish first: a")
    assert plan.writes[0].shown() == {"spec": {"suspend": True}}
    assert plan.command == "argo -n argo suspend wf"
    await perform(session, plan, "pause", verify=False)
    ((method, path, body),) = session.client.writes()
    assert (method, path) == ("PUT", "/apis/argoproj.io/v1alpha1/namespaces/argo/workflows/wf")
    assert body["spec"]["suspend"] is True
    assert [e.why for e in entries(body)] == ["pause"]


async def test_suspending_twice_writes_nothing() -> None:
    flow = workflow(spec={"suspend": True})
    session = a_session(flow)
    (outcome,) = await done(session, "workflow.suspend", selected(flow))
    assert outcome.result is Result.DONE
    assert not session.client.writes()
    assert "suspended already" in ACTIONS["workflow.suspend"].applies(selected(flow)).reason


async def test_resume_tells_that_all_gates_go() -> None:
    flow = gate()
    flow["spec"]["suspend"] = True
    session = a_session(flow)
    plan = await planned(session, "workflow.resume", selected(flow), {})
    assert plan.lines == (
        "the workflow is no longer suspended",
        "every gate that waits succeeds, without values: approve",
    )
    await perform(session, plan, "", verify=False)
    assert "suspend" not in stored(session)["spec"]
    assert gate_node(stored(session))["phase"] == "Succeeded"
    assert "message" not in gate_node(stored(session))


def test_resume_says_when_there_is_nothing_to_resume() -> None:
    assert "no gate waits" in ACTIONS["workflow.resume"].applies(selected(workflow())).reason


@pytest.mark.parametrize(("action", "strategy"), [("workflow.stop", "Stop"), ("workflow.terminate", "Terminate")])
async def test_shutting_down_is_a_merge_patch(action: str, strategy: str) -> None:
    flow = gate()
    flow["spec"]["onExit"] = "notify"
    session = a_session(flow)
    plan = await planned(session, action, selected(flow), {})
    verb = "will run" if strategy == "Stop" else "will NOT run"
    assert f"the exit handler 'notify' {verb}" in plan.lines
    assert "1 waiting gate will fail: approve" in plan.lines
    assert plan.writes[0].shown() == {"spec": {"shutdown": strategy}}
    await perform(session, plan, "enough", verify=False)
    ((method, _, body),) = session.client.writes()
    assert method == "PATCH"
    assert body["spec"] == {"shutdown": strategy}
    assert all(key.startswith(AUDIT_PREFIX) for key in body["metadata"]["annotations"])


async def test_stopping_a_suspended_workflow_explains_and_offers_to_resume_it() -> None:
    flow = workflow(spec={"suspend": True})
    session = a_session(flow)
    (release, _) = ACTIONS["workflow.stop"].fields(selected(flow))
    assert (release.name, release.default) == ("release", "true")
    with_release = await planned(session, "workflow.stop", selected(flow), {"release": "true"})
    assert with_release.writes[0].body == {"spec": {"shutdown": "Stop", "suspend": None}}
    alone = await planned(session, "workflow.stop", selected(flow), {"release": "false"})
    assert alone.writes[0].body == {"spec": {"shutdown": "Stop"}}
    assert any("would have no effect" in line for line in alone.lines)
    (outcome,) = await perform(session, alone, "", verify=False)
    assert any("would have no effect" in note for note in outcome.notes)


async def test_what_is_over_cannot_be_stopped() -> None:
    flow = workflow(phase="Succeeded")
    assert "is over (Succeeded)" in ACTIONS["workflow.stop"].applies(selected(flow)).reason
    with pytest.raises(ActionRefused, match="cannot shutdown a completed workflow"):
        await planned(a_session(flow), "workflow.stop", selected(flow), {})


# retry and resubmit


async def test_retry_shows_what_will_happen_and_does_exactly_that() -> None:
    flow = failed()
    session = a_session(flow, pods=[])
    plan = await planned(session, "workflow.retry", selected(flow), {"parameters.p": "1"})
    bad = next(n["id"] for n in flow["status"]["nodes"].values() if n["displayName"] == "b")
    assert plan.nodes[bad] == "deleted"
    assert plan.lines[0] == "1 node to run again, 1 to reset, 1 to keep"
    assert [w.method for w in plan.writes] == ["DELETE", "PUT"]
    (outcome,) = await perform(session, plan, "again", verify=False)
    assert outcome.result is Result.DONE
    after = stored(session)
    assert bad not in after["status"]["nodes"]
    assert LABEL_COMPLETED not in after["metadata"]["labels"]
    assert after["spec"]["arguments"]["parameters"] == [{"name": "p", "value": "1"}]


async def test_retry_with_another_value_overrides_it() -> None:
    flow = failed()
    session = a_session(flow)
    plan = await planned(session, "workflow.retry", selected(flow), {"parameters.p": "2"})
    assert "parameter p=2" in plan.lines
    assert "--parameter p=2" in plan.command
    await perform(session, plan, "", verify=False)
    assert stored(session)["spec"]["arguments"]["parameters"] == [{"name": "p", "value": "2"}]


async def test_retry_is_refused_when_the_preview_is_no_longer_true() -> None:
    flow = failed()
    session = a_session(flow)
    plan = await planned(session, "workflow.retry", selected(flow), {})
    other = failed()
    good = next(n for n in other["status"]["nodes"].values() if n["displayName"] == "a")
    good["phase"] = "Failed"
    await session.client.put(WORKFLOWS, other)
    (outcome,) = await perform(session, plan, "", verify=False)
    assert outcome.result is Result.FAILED
    assert "changed since the preview" in outcome.text


def test_retry_of_a_node_that_succeeded_ties_the_two_flags() -> None:
    flow = failed()
    good = next(n["id"] for n in flow["status"]["nodes"].values() if n["displayName"] == "a")
    (restart, *_) = ACTIONS["workflow.retry"].fields(selected(flow, node_id=good))
    assert (restart.name, restart.default) == ("restart_successful", "true")


def test_where_retry_does_not_apply_it_says_why() -> None:
    applies = ACTIONS["workflow.retry"].applies
    assert "is not over (Running)" in applies(selected(workflow())).reason
    assert "choose the step" in applies(selected(workflow(phase="Succeeded"))).reason
    row = {"metadata": {"name": "wf", "namespace": "argo", "labels": failed()["metadata"]["labels"]}}
    assert applies(selected(row))


async def test_resubmit_makes_a_new_workflow_with_a_trail_of_its_own() -> None:
    flow = failed()
    flow["metadata"]["annotations"] = {f"{AUDIT_PREFIX}20250101T000000.000000Z": '{"who":"bob"}', "mine": "kept"}
    session = a_session(flow)
    (outcome,) = await done(session, "workflow.resubmit", selected(flow), {"priority": "7"})
    assert outcome.document is not None
    made = outcome.document
    assert made["metadata"]["generateName"] == "wf-"
    assert made["metadata"]["annotations"]["mine"] == "kept"
    assert [e.who for e in entries(made)] == ["ann@bastion"]
    assert made["spec"]["priority"] == 7


# delete


async def test_delete_works_on_what_a_row_knows() -> None:
    flow = workflow(phase="Succeeded")
    row = {key: flow[key] for key in ("apiVersion", "kind", "metadata")}
    session = a_session(flow)
    (outcome,) = await done(session, "workflow.delete", selected(row))
    assert outcome.result is Result.DONE
    assert session.client.writes() == [
        ("DELETE", WORKFLOWS.path("argo", "wf"), {"uid": "uid-wf", "propagation": "Background"})
    ]
    assert [path for _, path, _ in session.client.requests if "/events" in path] == [EVENTS.path("argo")]


async def test_deleting_many_asks_for_their_number() -> None:
    flows = [workflow(f"wf-{n}", "Succeeded") for n in range(6)]
    session = a_session(*flows)
    assert (await planned(session, "workflow.delete", selected(*flows[:5]), {})).typed is None
    assert (await planned(session, "workflow.delete", selected(*flows), {})).typed == "6"


async def test_delete_says_that_running_steps_are_killed() -> None:
    plan = await planned(a_session(), "workflow.delete", selected(workflow()), {})
    assert "still runs" in plan.lines[0]


async def test_force_removes_finalizers_first() -> None:
    flow = workflow(phase="Succeeded")
    flow["metadata"]["finalizers"] = ["x/y"]
    session = a_session(flow)
    assert ACTIONS["workflow.delete"].fields(selected(flow))[0].name == "force"
    await done(session, "workflow.delete", selected(flow), {"force": "true"})
    assert next((m, b) for m, _, b in session.client.writes())[1]["metadata"]["finalizers"] is None
    assert [m for m, _, _ in session.client.writes()] == ["PATCH", "DELETE"]


# the common parts


async def test_each_target_has_its_own_outcome() -> None:
    here, gone = workflow("here", "Succeeded"), workflow("gone", "Succeeded")
    outcomes = await done(a_session(here), "workflow.delete", selected(here, gone))
    assert [o.result for o in outcomes] == [Result.DONE, Result.FAILED]
    assert "not found" in outcomes[1].text


async def test_a_refused_request_is_an_outcome_with_the_reason() -> None:
    flow = workflow()
    session = a_session(flow)

    def forbid(method: str, path: str, body: object) -> None:
        if method in ("PUT", "PATCH"):
            raise ApiError(403, "Forbidden", 'User "ann" cannot patch resource "workflows"')

    session.client.before = forbid
    (outcome,) = await done(session, "workflow.stop", selected(flow))
    assert outcome.result is Result.FAILED
    assert outcome.text.startswith("not allowed:")


async def test_missing_rights_for_events_do_not_stop_an_action() -> None:
    flow = workflow()
    session = a_session(flow)

    def forbid(method: str, path: str, body: object) -> None:
        if "/events" in path:
            raise ApiError(403, "Forbidden", "no")

    session.client.before = forbid
    (outcome,) = await done(session, "workflow.stop", selected(flow))
    assert outcome.result is Result.DONE
    assert any("audit event" in note for note in outcome.notes)


async def test_no_effect_is_reported_and_an_effect_is_seen() -> None:
    flow = gate()
    session = a_session(flow)
    plan = await planned(session, "workflow.approve", selected(flow), {"reason": "r"})
    (outcome,) = await perform(session, plan, "r", verify_seconds=0.02)
    assert outcome.result is Result.UNCONFIRMED
    assert "is the workflow controller running?" in outcome.text

    again = gate("other")
    await session.client.put(WORKFLOWS, again, "ADDED")
    plan = await planned(session, "workflow.approve", selected(again), {"reason": "r"})
    performing = asyncio.create_task(perform(session, plan, "r", verify_seconds=5))
    while not session.client.writes("PUT") or session.client.watches < 2:
        await asyncio.sleep(0)
    moved = gate("other")
    gate_node(moved)["phase"] = "Succeeded"
    moved["status"]["progress"] = "2/2"
    await session.client.put(WORKFLOWS, moved)
    (outcome,) = await performing
    assert outcome.result is Result.DONE


async def test_prepare_reads_what_is_only_partly_known() -> None:
    flow = workflow()
    session = a_session(flow)
    row = {"metadata": flow["metadata"]}
    prepared = await prepare(session, selected(row))
    assert prepared.targets[0].document["spec"]["entrypoint"] == "main"
    another = {"metadata": {**flow["metadata"], "uid": "older"}}
    with pytest.raises(ActionRefused, match="another one by now"):
        await prepare(session, selected(another))
    with pytest.raises(ActionRefused, match="does not exist any more"):
        await prepare(session, selected({"metadata": {"name": "x", "namespace": "argo"}}))


async def test_hostile_text_does_not_reach_the_person() -> None:
    flow = gate()
    gate_node(flow)["displayName"] = "evil\x1b[2J"
    plan = await planned(a_session(flow), "workflow.approve", selected(flow), {"reason": "r"})
    assert not any("\x1b" in line for line in plan.lines)


def test_ids_and_keys_are_unique() -> None:
    assert {action.id for action in ACTIONS.values()} == set(ACTIONS)
    shared = ("s", "t")  # suspend or resume; a template or a file, by where one is
    keys = [
        (action.id.startswith("cron."), action.key)
        for action in ACTIONS.values()
        if action.key and action.key not in shared
    ]
    assert len(keys) == len(set(keys))


async def test_pods_that_are_gone_already_do_not_stop_a_retry() -> None:
    flow = failed()
    session = a_session(flow, pods=[pod("wf", 1)])
    (outcome,) = await done(session, "workflow.retry", selected(flow))
    assert outcome.result is Result.DONE


async def test_nodes_that_cannot_be_read_only_stand_in_the_way_of_what_needs_them() -> None:
    flow = workflow()
    flow["status"] |= {"nodes": {}, "offloadNodeStatusVersion": "fnv:1"}
    session = a_session(flow)
    assert "offloaded" in ACTIONS["workflow.approve"].applies(selected(flow)).reason
    assert ACTIONS["workflow.terminate"].applies(selected(flow))
    (outcome,) = await done(session, "workflow.terminate", selected(flow))
    assert outcome.result is Result.DONE


# rights


REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"


async def test_a_retry_that_may_not_be_finished_is_not_begun() -> None:
    flow = failed()
    session = a_session(flow, pods=[pod("wf", 1)])
    answer = session.client.answer
    rules = [{"verbs": ["delete"], "apiGroups": [""], "resources": ["pods"]}]
    session.client.answer = lambda path, body: (
        {"status": {"resourceRules": rules}} if path == REVIEW else answer(path, body)
    )
    (outcome,) = await done(session, "workflow.retry", selected(flow))
    assert outcome.result is Result.FAILED
    expected = "the right to update workflows.argoproj.io in namespace argo is missing; nothing was changed"
    assert outcome.text == f"not allowed: {expected}"
    assert not [request for request in session.client.requests if request[0] == "DELETE"]
