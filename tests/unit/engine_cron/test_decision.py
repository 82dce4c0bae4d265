"""What a CronWorkflow does and when: firing, policies, missed runs, books, conditions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from argotui.engine.cron.decision import consider
from argotui.engine.cron.spec import Malformed
from argotui.model.patching import merge_patch
from tests.unit.engine_cron.world import START, Killed, World, at, child

NOON, ONE, TWO = (child(f"2024-03-01T{hour}:00:00Z") for hour in (12, 13, 14))


def test_it_fires_when_the_time_has_come() -> None:
    world = World()
    world.advance(at("2024-03-01T11:59:59Z"))
    assert world.created == []
    world.advance(at("2024-03-01T14:30:00Z"), world.end_all)
    assert world.created == [NOON, ONE, TWO]
    assert world.status == {"succeeded": 3, "lastScheduledTime": "2024-03-01T14:00:00Z", "phase": "Active"}


def test_the_child() -> None:
    metadata = {"labels": {"a": "b"}, "annotations": {"x": "y"}, "finalizers": ["f"]}
    world = World(workflowMetadata=metadata)
    keys = ("controller-instanceid", "creator")
    labels = {**{f"workflows.argoproj.io/{key}": key for key in keys}, "own": "stays"}
    world.cron = merge_patch(world.cron, {"metadata": {"labels": labels}})
    world.pass_time(minutes=1)
    made = world.children[NOON]
    assert made["metadata"] == {
        "name": NOON,
        "namespace": "ns",
        "uid": "uid-1",
        "resourceVersion": "uid-1",
        "creationTimestamp": "2024-03-01T12:00:00Z",
        "labels": {
            "workflows.argoproj.io/cron-workflow": "c",
            "workflows.argoproj.io/controller-instanceid": "controller-instanceid",
            "workflows.argoproj.io/creator": "creator",
            "a": "b",
        },
        "annotations": {"workflows.argoproj.io/scheduled-time": "2024-03-01T12:00:00Z", "x": "y"},
        "finalizers": ["f"],
        "ownerReferences": [
            {
                "apiVersion": "argoproj.io/v1alpha1", "kind": "CronWorkflow", "name": "c", "uid": "cron-uid",
                "controller": True, "blockOwnerDeletion": True,
            }
        ],
    }  # fmt: skip
    assert made["spec"] == world.cron["spec"]["workflowSpec"]
    assert world.status["active"] == [
        {
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "name": NOON, "namespace": "ns",
            "resourceVersion": "uid-1", "uid": "uid-1",
        }
    ]  # fmt: skip
    used = world.cron["metadata"]["annotations"]["cronworkflows.argoproj.io/last-used-schedule"]
    assert used == "0 * * * *"


def test_two_schedules_that_fire_at_the_same_moment_run_once() -> None:
    world = World(schedules=["0 * * * *", "*/30 * * * *"], timezone="Asia/Kolkata")
    world.pass_time(hours=1)
    assert world.created == [child("2024-03-01T12:00:00Z"), child("2024-03-01T12:30:00Z")]
    used = world.cron["metadata"]["annotations"]["cronworkflows.argoproj.io/last-used-schedule"]
    assert used == "CRON_TZ=Asia/Kolkata 0 * * * *,CRON_TZ=Asia/Kolkata */30 * * * *"


def test_suspended() -> None:
    world = World(suspend=True)
    world.pass_time(hours=1)
    assert (world.created, world.skipped) == ([], ["it is suspended"])
    world.edit(suspend=None)
    assert world.created == []
    world.pass_time(hours=1)
    assert world.created == [ONE]


def test_resumed_a_moment_after_a_firing() -> None:
    world = World(suspend=True)
    world.pass_time(seconds=40)
    world.edit(suspend=False)
    world.pass_time(minutes=1)
    assert world.created == []


def test_allow() -> None:
    world = World()
    world.pass_time(hours=2)
    assert world.active() == [NOON, ONE]


def test_forbid() -> None:
    world = World(concurrencyPolicy="Forbid")
    world.pass_time(hours=1.5)
    assert world.created == [NOON]
    world.end_all()
    world.pass_time(minutes=1)
    assert world.created == [NOON], "what was skipped is not made up for"
    world.pass_time(hours=1)
    assert world.created == [NOON, TWO]


def test_forbid_makes_up_for_a_run_within_the_deadline() -> None:
    world = World(concurrencyPolicy="Forbid", startingDeadlineSeconds=600)
    world.advance(at("2024-03-01T13:05:00Z"))
    world.end_all()
    world.look()
    assert world.created == [NOON, ONE]


def test_replace() -> None:
    world = World(concurrencyPolicy="Replace")
    world.pass_time(hours=1.5)
    assert world.created == [NOON, ONE]
    assert world.terminated == [NOON]
    assert world.active() == [NOON, ONE], "it is active until it has ended"
    world.end(NOON, "Failed")
    world.pass_time(hours=1)
    assert world.terminated == [NOON, ONE]
    assert world.status["failed"] == 1


@pytest.mark.parametrize(
    ("deadline", "down", "made"),
    [
        (None, 45, [NOON, ONE]),  # a restart is no reason to lose a run
        (None, 61, [NOON]),
        (30, 29, [NOON, ONE]),
        (30, 30, [NOON]),
        (0, 1, [NOON]),
        (7200, 3500, [NOON, ONE]),
        (7200, 3601 * 2, [NOON, child("2024-03-01T15:00:00Z")]),  # only the latest one
    ],
)
def test_missed_runs(deadline: int | None, down: int, made: list[str]) -> None:
    world = World(startingDeadlineSeconds=deadline)
    world.advance(at("2024-03-01T12:30:00Z"))
    world.restart()
    world.now = at("2024-03-01T13:00:00Z") + timedelta(seconds=down)
    world.look()
    assert world.created == made


def test_without_an_earlier_run_nothing_was_missed() -> None:
    world = World(startingDeadlineSeconds=7200)
    world.now = at("2024-03-01T12:10:00Z")
    world.look()
    assert world.created == []


def test_nothing_was_missed_when_the_schedule_just_changed() -> None:
    world = World(startingDeadlineSeconds=7200)
    world.pass_time(hours=1)
    world.edit(schedules=["50 * * * *"])
    world.pass_time(minutes=1)
    assert world.created == [NOON]
    world.pass_time(hours=1)
    assert world.created == [NOON, child("2024-03-01T13:50:00Z")]


def test_nothing_was_missed_when_the_schedule_changed_while_nobody_looked() -> None:
    world = World(startingDeadlineSeconds=7200)
    world.pass_time(hours=1)
    world.restart()
    world.cron = merge_patch(world.cron, {"spec": {"timezone": "Asia/Kolkata"}})
    world.look()
    assert world.created == [NOON]


def test_a_new_one_does_not_run_for_times_before_it_was_made() -> None:
    world = World(start=at("2024-03-01T12:00:20Z"))
    world.cron["metadata"]["creationTimestamp"] = "2024-03-01T12:00:20Z"
    world.look()
    assert world.created == []


def test_every_keeps_its_rhythm_over_restarts() -> None:
    world = World(schedules=["@every 90m"])
    world.pass_time(minutes=50)
    world.restart()
    world.pass_time(minutes=50)
    world.restart()
    world.pass_time(hours=2)
    assert world.created == [child(f"2024-03-01T{moment}Z") for moment in ("11:59:30", "13:29:30", "14:59:30")]


def test_a_clock_set_forward_skips_what_lies_between() -> None:
    world = World()
    world.pass_time(minutes=5)
    world.now = at("2024-03-01T18:20:00Z")
    world.look()
    assert world.created == [NOON]
    world.pass_time(hours=1)
    assert world.created == [NOON, child("2024-03-01T19:00:00Z")]


def test_a_clock_set_back_runs_nothing_twice() -> None:
    world = World(successfulJobsHistoryLimit=0)
    world.advance(at("2024-03-01T14:10:00Z"), world.end_all)
    assert world.deleted == [NOON, ONE, TWO]
    world.now = START
    world.look()
    world.pass_time(hours=4)
    assert world.created == [NOON, ONE, TWO, child("2024-03-01T15:00:00Z")]


def test_a_run_under_a_wrong_clock_does_not_hold_up_the_next_ones() -> None:
    world = World(start=at("2041-01-01T11:30:00Z"))
    world.pass_time(hours=1)
    world.cron["metadata"]["creationTimestamp"] = "2024-02-01T00:00:00Z"
    world.now = START
    world.look()
    world.pass_time(minutes=10)
    assert world.created == [child("2041-01-01T12:00:00Z"), NOON]


def test_history() -> None:
    world = World(successfulJobsHistoryLimit=1, failedJobsHistoryLimit=2)
    phases = iter(["Succeeded", "Failed", "Error", "Succeeded", "Failed", "Succeeded"])
    world.advance(at("2024-03-01T17:30:00Z"), lambda: world.end_all(next(phases)))
    left = [child(f"2024-03-01T{hour}:00:00Z") for hour in (14, 16, 17)]
    assert sorted(world.children) == left
    assert (world.status["succeeded"], world.status["failed"]) == (3, 3)


def test_history_by_default_keeps_three_good_and_one_bad() -> None:
    world = World()
    world.advance(at("2024-03-01T17:30:00Z"), world.end_all)
    assert len(world.children) == 3
    bad = World(successfulJobsHistoryLimit=-1, failedJobsHistoryLimit=-5)
    bad.advance(at("2024-03-01T17:30:00Z"), lambda: bad.end_all("Error"))
    assert len(bad.children) == 1


def test_a_submitted_child_is_active_and_counted() -> None:
    world = World()
    owner = [{"kind": "CronWorkflow", "uid": "cron-uid", "controller": True}]
    labels = {"workflows.argoproj.io/cron-workflow": "c"}
    metadata = {"name": "c-x7k2p", "uid": "u", "ownerReferences": owner, "labels": labels}
    world.children["c-x7k2p"] = {"metadata": metadata, "spec": {}}
    world.look()
    assert world.active() == ["c-x7k2p"]
    assert "lastScheduledTime" not in world.status
    world.end("c-x7k2p", "Failed")
    world.look()
    assert world.status == {"failed": 1}


def test_a_child_that_is_gone_is_not_active() -> None:
    world = World()
    world.pass_time(hours=1)
    del world.children[NOON]
    world.look()
    assert world.status == {"lastScheduledTime": "2024-03-01T12:00:00Z", "phase": "Active"}


@pytest.mark.parametrize(
    ("when", "runs"),
    [
        ("'{{cronworkflow.name}}' == 'c'", True),
        ("'{{cronworkflow.namespace}}' == 'other'", False),
        ("{{= cronworkflow.lastScheduledTime == nil || (now() - cronworkflow.lastScheduledTime).Hours() > 2 }}", True),
        ("{{= cronworkflow.failed < 1 }} && {{= cronworkflow.succeeded == 0}}", True),
        ("{{=now().Hour() == 13}}", False),
    ],
)
def test_when(when: str, runs: bool) -> None:
    world = World(when=when)
    world.pass_time(minutes=1)
    assert world.created == ([NOON] if runs else [])
    assert "conditions" not in world.status


def test_when_knows_the_last_run() -> None:
    when = "{{= cronworkflow.lastScheduledTime == nil || (now() - cronworkflow.lastScheduledTime).Seconds() > 5400 }}"
    world = World(when=when)
    world.pass_time(hours=3.5)
    assert world.created == [NOON, TWO]


@pytest.mark.parametrize(
    "when", ["{{cronworkflow.failed}} > 1", "{{cronworkflow.nothing}} == 1", "{{=1 +}}", "yes", "{{", "1 + 1"]
)
def test_a_when_that_cannot_be_evaluated(when: str) -> None:
    world = World(when=when, startingDeadlineSeconds=900)
    world.pass_time(minutes=5)
    assert world.created == []
    (condition,) = world.status["conditions"]
    assert condition["type"] == "SubmissionError"
    assert condition["message"].startswith("Concurrency policy error: ")
    assert world.status["failed"] == 1
    world.edit(when=None)
    world.pass_time(hours=1)
    assert world.created == [ONE]
    assert "conditions" not in world.status


def test_stop_strategy() -> None:
    world = World(stopStrategy={"expression": "cronworkflow.failed >= 2"})
    world.advance(at("2024-03-01T18:00:00Z"), lambda: world.end_all("Failed"))
    assert len(world.created) == 2
    assert world.status["phase"] == "Stopped"
    assert world.cron["metadata"]["labels"] == {"cronworkflows.argoproj.io/completed": "true"}
    assert world.wake is None
    assert len(world.children) == 1, "history is kept in order all the same"


def test_a_stop_expression_that_cannot_be_evaluated() -> None:
    world = World(stopStrategy={"expression": "cronworkflow.failed"})
    world.pass_time(hours=2)
    assert world.created == []
    assert world.status["failed"] == 2
    (condition,) = world.status["conditions"]
    assert condition["message"] == (
        "failed to check CronWorkflow 'c' stopping condition: unable to cast expression result '%!s(int=1)' to bool"
    )


def test_an_invalid_one_does_not_run_until_it_is_mended() -> None:
    world = World()
    world.fault = "spec.entrypoint is required"
    world.pass_time(hours=2)
    assert world.created == []
    assert world.status == {
        "conditions": [{"type": "SpecError", "status": "True", "message": "spec.entrypoint is required"}]
    }
    world.fault = ""
    world.pass_time(hours=1)
    assert "conditions" not in world.status
    assert world.created == [TWO]


def test_a_child_that_is_refused_counts_once_and_is_not_tried_for_ever() -> None:
    world = World(startingDeadlineSeconds=3000)
    world.pass_time(minutes=5)
    world.refuses = "Failed to submit Workflow: no"
    world.pass_time(hours=1)
    assert world.status["failed"] == 1
    assert world.status["conditions"][0]["message"] == "Failed to submit Workflow: no"
    world.refuses = ""
    world.pass_time(hours=1)
    assert world.created == [NOON, TWO]
    assert "conditions" not in world.status


def test_one_that_is_being_deleted_is_left_alone() -> None:
    world = World()
    world.cron["metadata"]["deletionTimestamp"] = "2024-03-01T11:00:00Z"
    world.pass_time(hours=2)
    assert (world.created, world.status, world.wake) == ([], {}, None)


@pytest.mark.parametrize("step", ["create", "patch", "terminate", "delete"])
@pytest.mark.parametrize("policy", ["Allow", "Replace"])
def test_killed_anywhere(step: str, policy: str) -> None:
    world = World(concurrencyPolicy=policy, successfulJobsHistoryLimit=0)
    world.pass_time(minutes=10)
    if step == "delete":
        world.end_all()
    world.kill_before = step
    try:
        world.pass_time(hours=1)
    except Killed:
        world.restart()
        world.now += timedelta(seconds=20)
        world.advance(at("2024-03-01T13:30:00Z"))
    assert world.created == [NOON, ONE]
    assert ONE in world.active()


@pytest.mark.parametrize(
    "spec",
    [
        {"schedules": "* * * * *"}, {"schedules": [1]}, {"suspend": "no"}, {"startingDeadlineSeconds": "1"},
        {"when": 1}, {"stopStrategy": []}, {"timezone": {}}, {"successfulJobsHistoryLimit": 1.5},
        {"failedJobsHistoryLimit": True}, {"workflowSpec": []}, {"workflowMetadata": {"labels": ["a"]}},
    ],
)  # fmt: skip
def test_wrong_types(spec: dict[str, Any]) -> None:
    world = World()
    world.cron["spec"] |= spec
    with pytest.raises(Malformed):
        world.look()


@pytest.mark.parametrize(
    "status",
    [
        None, [], "x", {"active": "x"}, {"active": [1, {}]}, {"succeeded": "many"}, {"active": [{"uid": []}]},
        {"lastScheduledTime": "yesterday"}, {"conditions": {"a": 1}}, {"phase": 7},
    ],
)  # fmt: skip
def test_a_status_that_somebody_spoiled(status: Any) -> None:
    world = World()
    world.cron["status"] = status
    world.pass_time(minutes=1)
    assert world.created == [NOON]


def test_deciding_changes_nothing() -> None:
    world = World()
    world.pass_time(minutes=10)
    before = repr((world.cron, world.children))
    consider(world.cron, list(world.children.values()), None, at("2024-03-01T13:00:00Z"), fault="")
    assert repr((world.cron, world.children)) == before
