"""The containers of a containerSet: who waits for whom, and how often a command is tried (§4.8).

Upstream's emissary does both: it waits inside a container that runs already, and tries its command again there.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Mapping, Sequence
from typing import Any

from argotui.local.kubelet.executors import Step
from argotui.local.runtime.records import Ended
from argotui.local.runtime.types import Refused
from argotui.model.documents import Document
from argotui.model.duration import DurationError, go_duration

_NO_TURN = 64

_AGAIN = """
trap 'stopped=1; kill -TERM "$child" 2>/dev/null' TERM
left=$1 pause=$2 stopped=
shift 2
while :; do
  "$@" &
  child=$!
  wait "$child"; code=$?
  while kill -0 "$child" 2>/dev/null; do wait "$child"; code=$?; done
  if [ "$code" -eq 0 ] || [ "$left" -le 0 ] || [ -n "$stopped" ]; then exit "$code"; fi
  left=$((left - 1))
  sleep "$pause" &
  child=$!
  wait "$child"
  if [ -n "$stopped" ]; then exit 143; fi
done
"""
"""Tries a command until it succeeds: with what retries are left, and the seconds between them. A signal to the shell
goes on to the command, and is the end of it."""


class Members:
    """Holds each container back until those it waits for have ended. `follow` before the first asks for its turn."""

    def __init__(self, step: Step | None) -> None:
        containers: list[Document] = (step.template.get("containerSet") or {}).get("containers") or [] if step else []
        self._after = {str(c.get("name")): [str(name) for name in c.get("dependencies") or ()] for c in containers}
        self._tasks: Mapping[str, asyncio.Task[Ended]] = {}
        self._signals: dict[str, asyncio.Future[int]] = {}

    def follow(self, tasks: Mapping[str, asyncio.Task[Ended]]) -> None:
        """The tasks that run the containers, by name."""
        self._tasks = tasks

    def waits(self, name: str) -> bool:
        """Whether the container has to wait for others."""
        return bool(self._after.get(name))

    def signal(self, name: str, number: int) -> bool:
        """A signal for a container that waits: it ends. False when it does not wait."""
        waiting = self._signals.get(name)
        if waiting is not None and not waiting.done():
            waiting.set_result(number)
        return waiting is not None

    async def turn(self, name: str) -> tuple[int, str] | None:
        """Returns when the container may start, or why it must not: exit code and message."""
        told = self._signals[name] = asyncio.get_running_loop().create_future()
        try:
            for other in self._after[name]:
                task = self._tasks[other]
                await asyncio.wait({task, told}, return_when=asyncio.FIRST_COMPLETED)
                if told.done():
                    return 128 + told.result(), ""
                if task.cancelled() or task.exception() is not None:
                    return 128 + signal.SIGTERM, ""
                code = task.result().exit_code
                if code:
                    return _NO_TURN, f'dependency "{other}" exited with non-zero code: {code}'
            return None
        finally:
            del self._signals[name]


def tried_again(command: Sequence[str], template: Mapping[str, Any], container: str) -> tuple[str, ...]:
    """The command of a container of a set, within a loop when the set has a retryStrategy. Raises Refused."""
    group = template.get("containerSet") or {}
    names = [member.get("name") for member in group.get("containers") or ()]
    strategy = group.get("retryStrategy") or {}
    if container not in names or strategy.get("retries") is None:
        return tuple(command)
    try:
        retries = int(str(strategy["retries"]))
        pause = go_duration(str(strategy["duration"])) / 1e9 if strategy.get("duration") else 0.0
    except (ValueError, DurationError) as error:
        raise Refused(f"containerSet.retryStrategy: {error}") from None
    return ("sh", "-c", _AGAIN, "sh", str(retries), f"{pause:.3f}", *command)
