"""Which workflows may run, and how fast pods are made (§2.6)."""

from __future__ import annotations

import pytest

from argotui.controller.admission import Admission
from argotui.controller.pace import Pace
from argotui.controller.throttle import Throttle
from argotui.engine.config import EngineConfig, Rate
from argotui.engine.configform import ConfigError


class Limits:
    def __init__(self) -> None:
        self.all = 0
        self.each: dict[str, int] = {}

    def throttle(self) -> Throttle:
        return Throttle(lambda: self.all, lambda namespace: self.each.get(namespace, 0))


def test_no_limit_admits_everybody() -> None:
    throttle = Limits().throttle()
    assert [throttle.add(uid, "ns", 0, "1") for uid in "abc"] == [["a"], ["b"], ["c"]]


def test_the_highest_priority_is_next_then_the_oldest() -> None:
    limits = Limits()
    limits.all = 1
    throttle = limits.throttle()
    assert throttle.add("a", "ns", 0, "1") == ["a"]
    for uid, priority, created in (("young", 0, "3"), ("old", 0, "2"), ("urgent", 9, "4")):
        assert throttle.add(uid, "ns", priority, created) == []
    assert throttle.add("young", "ns", 5, "3") == [], "its priority was changed"
    assert [throttle.remove(uid) for uid in ("a", "urgent", "young", "old")] == [["urgent"], ["young"], ["old"], []]


def test_a_full_namespace_holds_up_nobody_else() -> None:
    limits = Limits()
    limits.all, limits.each = 3, {"small": 1}
    throttle = limits.throttle()
    assert throttle.add("a", "small", 0, "1") == ["a"]
    assert throttle.add("b", "small", 9, "2") == []
    assert throttle.add("c", "big", 0, "3") == ["c"]
    assert throttle.add("d", "big", 0, "4") == ["d"]
    assert throttle.add("e", "big", 0, "5") == []
    assert throttle.remove("c") == ["e"]
    assert throttle.remove("a") == ["b"]


def test_what_runs_goes_on_although_there_are_too_many() -> None:
    limits = Limits()
    limits.all = 1
    throttle = limits.throttle()
    for uid in "ab":
        throttle.add(uid, "ns", 0, "1", runs=True)
    throttle.add("c", "ns", 0, "1")
    assert throttle.is_admitted("b")
    assert throttle.remove("a") == []
    assert throttle.remove("b") == ["c"]


def test_new_limits_count_at_once() -> None:
    limits = Limits()
    limits.all = 1
    throttle = limits.throttle()
    for uid in "abcd":
        throttle.add(uid, "ns", 0, uid)
    limits.all = 3
    assert throttle.limits_changed() == ["b", "c"]
    limits.all = 0
    assert throttle.limits_changed() == ["d"]


def test_a_waiting_workflow_that_is_deleted() -> None:
    limits = Limits()
    limits.all = 1
    throttle = limits.throttle()
    for uid in "abc":
        throttle.add(uid, "ns", 0, uid)
    assert throttle.remove("b") == []
    assert throttle.remove("a") == ["c"]


def workflow(uid: str, namespace: str = "ns", phase: str = "", **status: object) -> dict[str, object]:
    return {"metadata": {"name": uid, "namespace": namespace, "uid": uid}, "status": {"phase": phase, **status}}


def test_limits_of_namespaces_and_what_was_begun_before() -> None:
    namespaces = {
        ("", "ns"): {"metadata": {"name": "ns", "labels": {"workflows.argoproj.io/parallelism-limit": "1"}}},
        ("", "odd"): {"metadata": {"name": "odd", "labels": {"workflows.argoproj.io/parallelism-limit": "many"}}},
    }
    told: list[str] = []
    config = EngineConfig(namespace_parallelism=2)
    admission = Admission(lambda: namespaces, lambda: config, told.append)
    holding = {"mutex": {"holding": [{"mutex": "ns/Mutex/m", "holder": "ns/holder"}]}}
    admission.restore([workflow("runs", phase="Running"), workflow("holder", phase="Pending", synchronization=holding)])
    for each in ("runs", "holder", "new"):
        admission.add(workflow(each))
    assert [admission.is_admitted(each) for each in ("runs", "holder", "new")] == [True, True, False]
    for each in ("o1", "o2", "o3"):
        admission.add(workflow(each, "odd"))
    assert [admission.is_admitted(each) for each in ("o1", "o2", "o3")] == [True, True, False]
    assert told == [], "who is added asks for itself"
    admission.remove("runs")
    admission.remove("holder")
    assert told == ["new"]


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_then_one_after_the_other() -> None:
    clock = Clock()
    pace = Pace(clock)
    assert pace.turn() == 0
    pace.set(Rate(2.0, 3))
    assert [pace.turn() for _ in range(6)] == [0, 0, 0, 0.5, 1.0, 1.5]
    clock.now += 1.5
    assert pace.turn() == 0.5
    clock.now += 60
    assert [pace.turn() for _ in range(4)] == [0, 0, 0, 0.5], "what is saved up is no more than a burst"
    pace.set(None)
    assert pace.turn() == 0


@pytest.mark.parametrize("text", ["{limit: 0, burst: 1}", "{limit: 1}", "{limit: 1, burst: 1.5}", "{rate: 1}", "7"])
def test_rates_that_make_no_sense(text: str) -> None:
    with pytest.raises(ConfigError, match="resourceRateLimit"):
        EngineConfig.from_config_map({"resourceRateLimit": text})


def test_a_rate_is_read() -> None:
    config = EngineConfig.from_config_map({"resourceRateLimit": "{limit: 0.5, burst: 2}"})
    assert config.resource_rate == Rate(0.5, 2)
