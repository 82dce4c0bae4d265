"""A CronWorkflow, its children and a controller that can be killed anywhere, on a clock that can be set."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from argotui.engine.cron.decision import Decision, consider, not_submitted
from argotui.engine.cron.timing import Watch
from argotui.model import documents
from argotui.model.documents import Document, clone
from argotui.model.patching import merge_patch
from argotui.model.times import format_time

START = datetime(2024, 3, 1, 11, 59, 30, tzinfo=UTC)
SPEC: Document = {
    "schedules": ["0 * * * *"],
    "workflowSpec": {"entrypoint": "m", "templates": [{"name": "m", "container": {"image": "busybox"}}]},
}


class Killed(Exception):
    """The controller died."""


class World:
    """`look()` is one look of the controller; `restart()` forgets what it knew."""

    def __init__(self, start: datetime = START, **spec: Any) -> None:
        self.now = start
        made = format_time(start - timedelta(days=1))
        self.cron: Document = {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "CronWorkflow",
            "metadata": {"name": "c", "namespace": "ns", "uid": "cron-uid", "creationTimestamp": made},
            "spec": {**clone(SPEC), **spec},
        }
        self.children: dict[str, Document] = {}
        self.created: list[str] = []
        self.deleted: list[str] = []
        self.terminated: list[str] = []
        self.skipped: list[str] = []
        self.fault = ""
        self.refuses = ""
        self.kill_before: str | None = None
        self.watch: Watch | None = None
        self.wake: datetime | None = None

    # the controller

    def look(self) -> Decision:
        """Looks until nothing changes any more. Raises Killed."""
        for _ in range(20):
            decision = consider(self.cron, list(self.children.values()), self.watch, self.now, fault=self.fault)
            self.wake = decision.wake
            if decision.skipped and decision.skipped not in self.skipped[-1:]:
                self.skipped.append(decision.skipped)
            if decision.patch:
                self._step("patch")
                self.cron = merge_patch(self.cron, decision.patch)
            watch = decision.watch
            if decision.firing is not None:
                watch = self._fire(decision, watch)
            for child in decision.surplus:
                self._step("delete")
                self.deleted.append(documents.name(child))
                del self.children[documents.name(child)]
            self.watch = watch
            if not (decision.patch or decision.firing or decision.surplus):
                return decision
        raise AssertionError("it never comes to rest")

    def _fire(self, decision: Decision, watch: Watch) -> Watch:
        assert decision.firing is not None
        for child in decision.firing.terminate:
            self._step("terminate")
            name = documents.name(child)
            self.terminated.append(name)
            self.children[name] = merge_patch(child, {"spec": {"shutdown": "Terminate"}})
        self._step("create")
        name = documents.name(decision.firing.child)
        if self.refuses:
            self.cron = merge_patch(self.cron, not_submitted(self.cron, self.refuses))
            return Watch(watch.key, watch.settled, decision.firing.scheduled)
        if name not in self.children:
            self.created.append(name)
            uid = f"uid-{len(self.created)}"
            made = {"uid": uid, "resourceVersion": uid, "creationTimestamp": format_time(self.now)}
            self.children[name] = merge_patch(decision.firing.child, {"metadata": made})
        return watch

    def _step(self, what: str) -> None:
        if self.kill_before == what:
            self.kill_before = None
            raise Killed(what)

    def restart(self) -> None:
        self.watch = None

    # the world

    def advance(self, to: datetime, then: Callable[[], None] | None = None) -> None:
        """Lets time pass, with a look at every moment that the controller asked for."""
        self.look()
        while self.wake is not None and self.wake <= to:
            self.now = self.wake
            self.look()
            if then is not None:
                then()
        self.now = to
        self.look()

    def pass_time(self, **span: float) -> None:
        self.advance(self.now + timedelta(**span))

    def end(self, name: str, phase: str = "Succeeded") -> None:
        ended = {"status": {"phase": phase, "finishedAt": format_time(self.now)}}
        self.children[name] = merge_patch(self.children[name], ended)

    def end_all(self, phase: str = "Succeeded") -> None:
        for name, child in list(self.children.items()):
            if not child.get("status"):
                self.end(name, phase)

    def edit(self, **spec: Any) -> None:
        self.cron = merge_patch(self.cron, {"spec": spec})
        self.look()

    @property
    def status(self) -> Document:
        return self.cron.get("status") or {}

    def active(self) -> list[str]:
        return [each["name"] for each in self.status.get("active") or ()]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def child(text: str) -> str:
    """The name of the child of the firing at that time."""
    return f"c-{int(at(text).timestamp())}"
