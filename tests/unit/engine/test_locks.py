"""The lock table, and what a run writes about locks (§2.13)."""

from __future__ import annotations

from typing import Any

import pytest

from argotui.engine import operations
from argotui.engine.errors import EngineError
from argotui.engine.facts import LockGranted, LockRefused, LocksAwaited
from argotui.engine.locknames import lock_keys
from argotui.engine.locks import LockTable, Request
from argotui.engine.lockstatus import recorded_holders
from argotui.model.documents import Document
from argotui.model.patching import merge_patch

from .lockroom import LockRoom
from .simulator import Objects, Outcome, Simulation

M, N, S = "ns/Mutex/m", "ns/Mutex/n", "ns/ConfigMap/c/s"


def table(limit: int = 2) -> LockTable:
    return LockTable(lambda _lock: limit)


def wish(name: str, *locks: str, node: str = "", **more: Any) -> Request:
    return Request(f"uid-{name}", f"ns/{name}/{node}" if node else f"ns/{name}", locks or (M,), **more)


def granted(told: list[Any]) -> list[str]:
    return [answer.holder for _, answer in told if isinstance(answer, LockGranted)]


# --- the table --------------------------------------------------------------------------------


def test_one_holds_and_the_others_wait_in_their_order() -> None:
    locks = table()
    assert locks.ask(wish("a", created="5")) == [("uid-a", LockGranted("ns/a"))]
    message = f"Waiting for {M} lock. Lock status: 0/1"
    assert locks.ask(wish("young", created="4")) == [
        ("uid-young", LocksAwaited("ns/young", M, message, {M: ("ns/a",)}))
    ]
    locks.ask(wish("old", created="2"))
    locks.ask(wish("urgent", created="9", priority=1))
    assert locks.waiting(M) == ["ns/urgent", "ns/old", "ns/young"]
    told = locks.release("uid-a", "ns/a")
    assert granted(told) == ["ns/urgent"]
    waits = [(uid, answer.holders) for uid, answer in told if isinstance(answer, LocksAwaited)]
    assert waits == [("uid-old", {M: ("ns/urgent",)}), ("uid-young", {M: ("ns/urgent",)})]


def test_all_or_none() -> None:
    locks = table()
    locks.ask(wish("a", M))
    told = locks.ask(wish("b", N, M))
    assert not granted(told)
    assert isinstance(told[0][1], LocksAwaited)
    assert told[0][1].lock == M
    assert told[0][1].holders == {N: (), M: ("ns/a",)}
    assert locks.holders(N) == []
    assert granted(locks.release("uid-a", "ns/a")) == ["ns/b"]
    assert locks.holders(N) == locks.holders(M) == ["ns/b"]


def test_nobody_overtakes_the_front_but_its_own_workflow() -> None:
    locks = table()
    locks.ask(wish("a", M))
    locks.ask(wish("b", M, N, node="x", created="1"))
    assert not granted(locks.ask(wish("c", N, created="2"))), "b is the front of n, though it cannot have m"
    assert granted(locks.ask(wish("b", N, node="y", created="1", order=(1,)))) == ["ns/b/y"]


def test_a_semaphore_has_places() -> None:
    locks = table(2)
    assert granted(locks.ask(wish("a", S)) + locks.ask(wish("b", S))) == ["ns/a", "ns/b"]
    assert not granted(locks.ask(wish("c", S)))
    assert granted(locks.release("uid-a", "ns/a")) == ["ns/c"]


def test_a_limit_that_changes() -> None:
    limit = 1
    locks = LockTable(lambda _lock: limit)
    for name in "abcd":
        locks.ask(wish(name, S))
    limit = 3
    assert granted(locks.limit_changed(S)) == ["ns/b", "ns/c"]
    limit = 1
    assert not granted(locks.limit_changed(S))
    assert not granted(locks.release("uid-a", "ns/a"))
    assert not granted(locks.release("uid-b", "ns/b"))
    assert granted(locks.release("uid-c", "ns/c")) == ["ns/d"]


def test_a_limit_that_is_not_there() -> None:
    limit = 0
    locks = LockTable(lambda _lock: limit)
    refused = LockRefused("ns/a", f"failed to initialize semaphore {S} with limit")
    assert locks.ask(wish("a", S)) == [("uid-a", refused)]
    assert locks.locks() == []
    limit = 1
    locks.ask(wish("a", S))
    limit = 0
    told = locks.ask(wish("b", S))
    assert told[0][1].message == f"Failed to get semaphore limit for {S}"  # type: ignore[union-attr]
    limit = 1
    assert granted(locks.release("uid-a", "ns/a")) == ["ns/b"], "an accident with the ConfigMap ends nobody"


def test_asking_again_changes_nothing() -> None:
    locks = table()
    for _ in range(2):
        assert granted(locks.ask(wish("a"))) == ["ns/a"]
        assert not granted(locks.ask(wish("b")))
    assert (locks.holders(M), locks.waiting(M)) == (["ns/a"], ["ns/b"])
    assert granted(locks.forget("uid-a")) == ["ns/b"]
    locks.forget("uid-b")
    assert locks.locks() == []


def test_what_is_not_recorded_is_free_when_a_workflow_is_read_again() -> None:
    locks = table()
    locks.ask(wish("a"))
    locks.ask(wish("b"))
    assert granted(locks.begin("uid-a", {})) == ["ns/b"]


def test_what_may_still_be_recorded_is_kept_until_something_later_is_stored() -> None:
    locks = table()
    locks.ask(wish("a", M))
    locks.ask(wish("a", N, node="x"))
    locks.ask(wish("b", M))
    locks.ask(wish("b", N, node="y"))
    assert not granted(locks.begin("uid-a", {}, certain=False))
    locks.ask(wish("a", M))
    assert granted(locks.stored("uid-a")) == ["ns/b/y"]
    assert locks.holders(M) == ["ns/a"], "it was asked for again"


def test_what_the_statuses_say_is_held_from_the_start() -> None:
    locks = table(1)
    locks.begin("uid-a", {"ns/a": [M], "ns/a/x": [S]})
    locks.begin("uid-b", {"ns/b/y": [S]})
    assert not granted(locks.ask(wish("c", S))), "more are held than there are places now"
    assert not granted(locks.release("uid-a", "ns/a/x"))
    assert granted(locks.release("uid-b", "ns/b/y")) == ["ns/c"]
    assert granted(locks.ask(wish("a", M))) == ["ns/a"]


def test_ten_thousand_wait_and_go_one_after_the_other() -> None:
    locks = table(1)
    for number in range(3000):
        locks.ask(wish("a", S, node=f"n{number:05}", order=(number,)))
    for number in range(2999):
        assert granted(locks.release("uid-a", f"ns/a/n{number:05}")) == [f"ns/a/n{number + 1:05}"]


# --- names ------------------------------------------------------------------------------------


def test_keys_of_locks() -> None:
    block = {
        "mutexes": [{"name": "m"}, {"name": "m", "namespace": "other"}],
        "semaphores": [{"configMapKeyRef": {"name": "c", "key": "s"}}],
    }
    assert lock_keys(block, "ns") == ("ns/ConfigMap/c/s", "ns/Mutex/m", "other/Mutex/m")


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"mutexes": [{"name": "m"}, {"name": "m"}]}, "Duplicate synchronization item found"),
        ({"mutexes": [{}]}, "a mutex needs a name"),
        ({"semaphores": [{"namespace": "x"}]}, "cannot get LockName for a Semaphore without a ConfigMapRef"),
        ({"mutexes": [{"name": "m", "database": True}]}, "kept in a database"),
    ],
)
def test_locks_that_cannot_be_used(block: Document, message: str) -> None:
    with pytest.raises(EngineError, match=message):
        lock_keys(block, "ns")


def test_holders_of_the_past_and_of_others() -> None:
    holding = [{"mutex": M, "holder": "w"}, {"mutex": N, "holder": "w-1"}, {"mutex": "x", "holder": "ns/other/w-1"}]
    workflow = {
        "metadata": {"name": "w", "namespace": "ns"},
        "spec": {"synchronization": {"mutexes": [{"name": "m"}]}},
        "status": {"synchronization": {"mutex": {"holding": holding}}},
    }
    assert recorded_holders(workflow) == {"ns/w": [M], "ns/w/w-1": [N]}


# --- runs -------------------------------------------------------------------------------------

MUTEX = {"mutexes": [{"name": "m"}]}
LEAF = {"name": "leaf", "container": {"image": "alpine", "command": ["true"]}}


def locked(name: str, main: Document | None = None, **leaf: Any) -> Document:
    main = main or {"dag": {"tasks": [{"name": "a", "template": "leaf"}]}}
    templates = [{"name": "main", **main}, {**LEAF, "synchronization": MUTEX, **leaf}]
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": name, "namespace": "argo", "uid": f"uid-{name}"},
        "spec": {"entrypoint": "main", "templates": templates},
    }


def waiting_pair(**leaf: Any) -> tuple[Simulation, Simulation]:
    """The first one holds the mutex for ever, the second one waits for it."""
    room = LockRoom()
    first = Simulation(locked("first"), lambda _: Outcome(float("inf")), room=room)
    first.play(until=lambda: bool(first.pods))
    second = Simulation(locked("second", **leaf), room=room)
    second.now = first.now
    second.play(until=lambda: bool(second.nodes.get("second.a")))
    return first, second


def test_who_waits_says_for_what_and_who_has_it() -> None:
    _, second = waiting_pair()
    node = second.nodes["second.a"]
    assert (node["type"], node["phase"]) == ("Pod", "Pending")
    assert node["message"] == "Waiting for argo/Mutex/m lock. Lock status: 0/1"
    assert node["synchronizationStatus"] == {"waiting": "argo/Mutex/m"}
    waiting = second.workflow["status"]["synchronization"]["mutex"]["waiting"]
    assert [entry["mutex"] for entry in waiting] == ["argo/Mutex/m"]
    assert waiting[0]["holder"].startswith("argo/first/first-")


def test_the_next_one_starts_when_the_workflow_of_the_holder_is_deleted() -> None:
    first, second = waiting_pair()
    second.room.tell(second.room.table.forget("uid-first"))
    second.play()
    assert second.phase == "Succeeded"
    assert "message" not in second.nodes["second.a"]
    assert first.nodes["first.a"]["phase"] != "Succeeded"


@pytest.mark.parametrize("strategy", ["Stop", "Terminate"])
def test_a_waiting_node_is_stopped(strategy: str) -> None:
    _, second = waiting_pair()
    stop = operations.stop if strategy == "Stop" else operations.terminate
    second.change(merge_patch(second.workflow, stop(second.workflow)))
    second.play()
    node = second.nodes["second.a"]
    assert (node["phase"], node["message"]) == ("Failed", f"Stopped with strategy '{strategy}'")
    assert "synchronizationStatus" not in node
    assert second.phase == "Failed"
    assert second.room.table.waiting("argo/Mutex/m") == []


def test_a_timeout_counts_while_a_node_waits() -> None:
    _, second = waiting_pair(timeout="30s")
    second.play()
    assert (second.nodes["second.a"]["phase"], second.nodes["second.a"]["message"]) == ("Failed", "timeout")
    assert second.room.table.waiting("argo/Mutex/m") == []


def test_the_deadline_of_the_workflow_ends_who_waits() -> None:
    room = LockRoom()
    first = Simulation(locked("first"), lambda _: Outcome(float("inf")), room=room)
    first.play(until=lambda: bool(first.pods))
    workflow = locked("second", {"steps": [[{"name": "a", "template": "leaf"}]]}, steps=[[]], container=None)
    workflow["spec"]["activeDeadlineSeconds"] = 5
    second = Simulation(workflow, room=room)
    second.play()
    node = second.nodes["second[0].a"]
    assert (node["type"], node["phase"], node["message"]) == ("Steps", "Failed", "Step exceeded its deadline")
    assert second.phase == "Failed"


def test_the_retry_node_holds_the_lock_through_all_attempts() -> None:
    room = LockRoom()
    ends = iter([1, 1, 0])
    first = Simulation(locked("first", retryStrategy={"limit": 3}), lambda _: Outcome(1, next(ends)), room=room)
    first.play(until=lambda: bool(first.pods))
    second = Simulation(locked("second"), room=room)
    second.now = first.now
    second.play(until=lambda: bool(second.nodes.get("second.a")))
    first.play()
    assert [name for name in first.nodes if "(" in name] == ["first.a(0)", "first.a(1)", "first.a(2)"]
    second.play()
    ended = max(
        pod["status"]["containerStatuses"][0]["state"]["terminated"]["finishedAt"] for pod in first.pods.values()
    )
    started = [pod["status"]["startTime"] for pod in second.pods.values()]
    assert min(started) >= ended
    assert second.phase == "Succeeded"


def test_a_failed_node_gives_the_lock_back() -> None:
    room = LockRoom()
    first = Simulation(locked("first"), lambda _: Outcome(1, 1), room=room)
    second = Simulation(locked("second"), room=room)
    first.play()
    second.play()
    assert (first.phase, second.phase) == ("Failed", "Succeeded")


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize("parallelism", [{}, {"parallelism": 1}, {"parallelism": 2}])
def test_limits_of_parallelism_and_locks_together(fresh: bool, parallelism: Document) -> None:
    """Who waits for a lock takes no place among the active pods, and whoever was let in keeps its place."""
    tasks = [{"name": f"t{number}", "template": "leaf"} for number in range(5)]
    limits = {"metadata": {"name": "c", "namespace": "argo"}, "kind": "ConfigMap", "data": {"s": "3"}}
    semaphore = {"semaphores": [{"configMapKeyRef": {"name": "c", "key": "s"}}]}
    for place in ("template", "workflow"):
        workflow = locked("w", {"dag": {"tasks": tasks}}, synchronization=semaphore)
        target = workflow["spec"]["templates"][0] if place == "template" else workflow["spec"]
        target |= parallelism
        simulation = Simulation(workflow, objects=Objects.of([limits]), fresh=fresh)
        most = 0

        def look(simulation: Simulation = simulation) -> bool:
            nonlocal most
            most = max(most, sum(pod["status"]["phase"] in ("Pending", "Running") for pod in simulation.pods.values()))
            return False

        simulation.play(until=look)
        assert simulation.phase == "Succeeded"
        assert most <= min(3, parallelism.get("parallelism", 3))


def waiting_workflows() -> tuple[Simulation, Simulation]:
    """The first one holds the mutex as a whole while its pod runs, the second one waits for it."""
    room = LockRoom()
    workflows = [locked(name, synchronization=None) for name in ("first", "second")]
    for workflow in workflows:
        workflow["spec"]["synchronization"] = MUTEX
    first, second = (Simulation(workflow, lambda _: Outcome(5), room=room) for workflow in workflows)
    first.play(until=lambda: first.phase == "Running")
    second.play(until=lambda: second.phase == "Pending")
    return first, second


def test_the_workflows_own_lock() -> None:
    first, second = waiting_workflows()
    status = second.workflow["status"]
    assert status["message"] == "Waiting for argo/Mutex/m lock. Lock status: 0/1"
    assert not status.get("startedAt")
    assert status["synchronization"]["mutex"]["waiting"] == [{"mutex": "argo/Mutex/m", "holder": "argo/first"}]
    second.change(merge_patch(second.workflow, operations.terminate(second.workflow)))
    assert (second.phase, second.workflow["status"]["message"]) == ("Failed", "Stopped with strategy 'Terminate'")
    first.play()
    assert first.phase == "Succeeded"


def test_a_workflow_whose_own_semaphore_is_missing() -> None:
    workflow = locked("w", synchronization=None)
    workflow["spec"]["synchronization"] = {"semaphores": [{"configMapKeyRef": {"name": "c", "key": "s"}}]}
    simulation = Simulation(workflow).play()
    assert simulation.phase == "Failed"
    reason = "failed to initialize semaphore argo/ConfigMap/c/s with limit"
    assert simulation.workflow["status"]["message"] == f"Failed to acquire the synchronization lock. {reason}"
