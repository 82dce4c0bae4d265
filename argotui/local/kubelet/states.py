"""What the containers of one pod do, as its status tells it."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from argotui.local.kubelet.container import UNKNOWN
from argotui.local.kubelet.status import Running, State, Terminated, Waiting
from argotui.local.kubelet.writer import ENDING_SECONDS, GATHER_SECONDS
from argotui.local.runtime.records import ContainerRecord, Ended


class States:
    """States by the names of containers; one that is not here has not come to its turn.

    touch: called after every change, with the seconds after which it should be told.
    """

    def __init__(self, touch: Callable[[float], None]) -> None:
        self.all: dict[str, State] = {}
        self._touch = touch

    def is_running(self, name: str) -> bool:
        """Started and not ended."""
        return isinstance(self.all.get(name), Running)

    def has_ended(self, names: Iterable[str]) -> bool:
        """Whether one of them has."""
        return any(isinstance(self.all.get(name), Terminated) for name in names)

    def runs(self, name: str, record: ContainerRecord | None = None) -> None:
        """It has started: when its record says, else now."""
        started = record.started() if record else None
        self.all[name] = Running(started.at if started else datetime.now(UTC))
        self._touch(GATHER_SECONDS)

    def over(self, name: str, ended: Ended, record: ContainerRecord) -> None:
        """It has ended."""
        started = record.started()
        began = started.at if started else None
        self.all[name] = Terminated(ended.exit_code, began, ended.at, ended.reason, ended.message)
        self._touch(ENDING_SECONDS)

    def hold(self, names: list[str], waiting: Waiting) -> None:
        """Containers that wait for something say for what."""
        for name in names:
            if isinstance(self.all.get(name, waiting), Waiting):
                self.all[name] = waiting
        self._touch(GATHER_SECONDS)

    def close(self) -> None:
        """Nothing runs any more: a container whose end nobody has seen must not seem to."""
        for name, state in self.all.items():
            if isinstance(state, Running):
                self.all[name] = Terminated(128 + signal.SIGKILL, state.at, datetime.now(UTC), UNKNOWN)
