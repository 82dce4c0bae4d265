"""Laws of locks, for several workflows of one controller that is killed at random moments.

Never do more nodes work under a lock than it has places, whatever is lost between a grant and the write that
records it; never do the stored statuses say so; and everybody comes to the end.
"""

from __future__ import annotations

import random
from collections import defaultdict

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from argotui.engine.lockstatus import recorded_holders
from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.keys import ANNOTATION_NODE_NAME

from .lockroom import LockRoom
from .simulator import Objects, Outcome, Simulation
from .test_laws import chance

LIMITS: Document = {"metadata": {"name": "limits", "namespace": "argo"}, "data": {"one": "1", "two": "2"}}
PLACES = {
    "argo/Mutex/whole": 1,
    "argo/Mutex/m": 1,
    "argo/Mutex/n": 1,
    "argo/ConfigMap/limits/one": 1,
    "argo/ConfigMap/limits/two": 2,
}
TEMPLATE_LOCKS = [
    {"mutexes": [{"name": "m"}]},
    {"mutexes": [{"name": "n"}, {"name": "m"}]},
    {"semaphores": [{"configMapKeyRef": {"name": "limits", "key": "two"}}]},
    {"semaphores": [{"configMapKeyRef": {"name": "limits", "key": "one"}}], "mutexes": [{"name": "n"}]},
    {},
]
RELAXED = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def crowds(draw: st.DrawFn) -> list[Document]:
    """Workflows whose nodes want the same locks; the locks of workflows and those of nodes are different ones."""
    return [_workflow(draw, index) for index in range(draw(st.integers(2, 4)))]


def _workflow(draw: st.DrawFn, index: int) -> Document:
    templates: list[Document] = []
    for position in range(draw(st.integers(1, 3))):
        template: Document = {"name": f"t{position}", "container": {"image": "alpine", "command": ["true"]}}
        template["synchronization"] = draw(st.sampled_from(TEMPLATE_LOCKS))
        if draw(st.integers(0, 2)) == 0:
            template["retryStrategy"] = {"limit": 1}
        templates.append(template)
    tasks = [
        {"name": f"k{number}", "template": draw(st.sampled_from(templates))["name"]}
        for number in range(draw(st.integers(1, 3)))
    ]
    main: Document = {"name": "main", "dag": {"tasks": tasks, "failFast": False}}
    if draw(st.integers(0, 3)) == 0:
        main["parallelism"] = 1
    spec: Document = {"entrypoint": "main", "templates": [main, *templates]}
    if draw(st.integers(0, 2)) == 0:
        spec["synchronization"] = {"mutexes": [{"name": "whole"}]}
    if draw(st.integers(0, 2)) == 0:
        spec["priority"] = draw(st.integers(0, 3))
    metadata = {"name": f"w{index}", "namespace": "argo", "uid": f"uid-{index}"}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": metadata, "spec": spec}


class Crowd:
    """Workflows of one controller, on one clock."""

    def __init__(self, workflows: list[Document], salt: int, *, fresh: bool = False) -> None:
        self.room = LockRoom()
        objects = Objects.of([{**LIMITS, "kind": "ConfigMap"}])
        self._salt = salt
        self.members = [
            Simulation(workflow, self._outcome, objects=objects, room=self.room, fresh=fresh) for workflow in workflows
        ]

    def _outcome(self, node: str) -> Outcome:
        failing = chance(f"{self._salt}f{node}") < 0.3
        return Outcome(0.3 + chance(f"{self._salt}s{node}"), exit_code=1 if failing else 0)

    def trouble(self, seed: int, often: float) -> None:
        """Kills of the controller, and edits by others that make a write fail."""
        dice = random.Random(seed)
        for member in self.members:
            member.lose = lambda: dice.random() < often
            member.conflict = lambda: dice.random() < often

    def play(self, limit: int = 30_000) -> None:
        for member in self.members:
            member.advance([])
        while limit:
            limit -= 1
            moments = [(moment, index) for index, m in enumerate(self.members) if (moment := m.next_moment) is not None]
            if not moments:
                break
            self.members[min(moments)[1]]._happen()
            self.check()
        assert limit, "they do not come to an end"

    # --- laws ---------------------------------------------------------------------------------

    def check(self) -> None:
        for lock, holders in self.at_work().items():
            assert len(holders) <= PLACES[lock], (lock, holders)
        for lock, holders in self.recorded().items():
            assert len(holders) <= PLACES[lock], (lock, holders)

    def at_work(self) -> dict[str, set[str]]:
        """lock -> those who have a pod that is not over."""
        found: dict[str, set[str]] = defaultdict(set)
        for member in self.members:
            spec = member.workflow["spec"]
            for pod in member.pods.values():
                if pod["status"]["phase"] in ("Succeeded", "Failed"):
                    continue
                node = documents.annotations(pod)[ANNOTATION_NODE_NAME]
                task = node.partition(".")[2].partition("(")[0]
                template = next(t["template"] for t in spec["templates"][0]["dag"]["tasks"] if t["name"] == task)
                wanted = next(t for t in spec["templates"] if t["name"] == template)["synchronization"]
                for lock in _keys(wanted):
                    found[lock].add(f"{documents.name(member.workflow)}.{task}")
                for lock in _keys(spec.get("synchronization") or {}):
                    found[lock].add(documents.name(member.workflow))
        return found

    def recorded(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for member in self.members:
            for holder, locks in recorded_holders(member.workflow).items():
                for lock in locks:
                    found[lock].add(holder)
        return found


def _keys(synchronization: Document) -> list[str]:
    mutexes = [f"argo/Mutex/{mutex['name']}" for mutex in synchronization.get("mutexes") or ()]
    references = [each["configMapKeyRef"] for each in synchronization.get("semaphores") or ()]
    return [*mutexes, *(f"argo/ConfigMap/{each['name']}/{each['key']}" for each in references)]


def ended(crowd: Crowd) -> None:
    for member in crowd.members:
        assert member.is_complete
        assert "synchronization" not in member.workflow["status"]
        assert not any("synchronizationStatus" in node for node in member.nodes.values())
    assert not crowd.room.table.locks()


@RELAXED
@given(crowds(), st.integers(0, 1000))
def test_all_come_to_an_end(workflows: list[Document], salt: int) -> None:
    crowd = Crowd(workflows, salt)
    crowd.play()
    ended(crowd)


@settings(RELAXED, max_examples=30)
@given(crowds(), st.integers(0, 1000), st.integers(0, 1000))
def test_a_lock_is_kept_through_kills_and_conflicts(workflows: list[Document], salt: int, seed: int) -> None:
    crowd = Crowd(workflows, salt)
    crowd.trouble(seed, 0.1)
    crowd.play()
    ended(crowd)


@RELAXED
@given(crowds(), st.integers(0, 1000))
def test_fresh_loads_keep_the_locks_too(workflows: list[Document], salt: int) -> None:
    kept, fresh = Crowd(workflows, salt), Crowd(workflows, salt, fresh=True)
    kept.play()
    fresh.play()
    ended(fresh)
    for one, other in zip(kept.members, fresh.members, strict=True):
        assert {name: node["phase"] for name, node in one.nodes.items()} == {
            name: node["phase"] for name, node in other.nodes.items()
        }
