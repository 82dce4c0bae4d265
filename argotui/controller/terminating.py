"""Ending the containers of pods whose steps are to stop (§4.6): asked first, killed after their grace.

Each container is told once. Where that is not possible (exec is forbidden, there is no shell in a container that was
injected) the pod is deleted instead, once its grace is over: then the kubelet ends it.
"""

import asyncio
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from argotui.controller.requests import GivenUp, Requests, rest
from argotui.controller.supervision import Crew
from argotui.kube.client import Client
from argotui.kube.errors import ApiError, KubeError
from argotui.model import keys
from argotui.model.documents import Document, annotations, uid
from argotui.model.resources import PODS

log = logging.getLogger(__name__)

_DEFAULT_GRACE = 30
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0
_EXECUTOR_MOUNT = "/var/run/argo"
_ASK, _KILL = 15, 9
_KILL_PATIENCE = 30.0
"""Seconds for which it is tried to kill what could not be reached before; then the pod is deleted."""
_NOT_STARTED = (126, 127)
"""Exit codes of a shell, and of container runtimes, for a program that cannot be run or is not there."""
_AGAIN = (401, 408, 429)
"""Refusals that say nothing of the container."""
_NO_PROGRAM = ("executable file not found", "no such file or directory", "exec format error")
"""What container runtimes say of a program that is not there."""


class Terminations:
    """Every pod that is being ended, once each, by uid."""

    def __init__(self, client: Client, requests: Requests) -> None:
        self._client = client
        self._requests = requests
        self._crew = Crew()
        self._ended: dict[str, asyncio.Event] = {}

    def start(self, namespace: str, pod: str, pod_uid: str, grace_seconds: int | None) -> None:
        """Begins, unless this pod is being ended already."""
        if pod_uid in self._ended:
            return
        self._ended[pod_uid] = asyncio.Event()
        grace = _DEFAULT_GRACE if grace_seconds is None else grace_seconds
        self._crew.start(f"terminate {pod}", self._run(namespace, pod, pod_uid, grace))

    def observe(self, pod: Document, *, gone: bool) -> None:
        """What the watch says of a pod; its end makes further signals pointless."""
        ended = self._ended.get(uid(pod))
        if ended is not None and (gone or _is_over(pod)):
            ended.set()

    async def stop(self) -> None:
        """Ends all of it, for the end of a term."""
        await self._crew.dismiss()

    async def _run(self, namespace: str, pod: str, pod_uid: str, grace: float) -> None:
        ended = self._ended[pod_uid]
        clock = asyncio.get_running_loop().time
        deadline = clock() + grace
        order = _Order(namespace, pod, pod_uid, ended)
        try:
            await self._signal(order, _ASK, grace)
            await rest(max(0.0, deadline - clock()), ended)
            deaf = await self._signal(order, _KILL, _KILL_PATIENCE)
            if deaf:
                log.warning("%s: deleted, for %s cannot be signalled", order.title, ", ".join(sorted(deaf)))
                await self._delete(order)
        except GivenUp:
            log.debug("%s: over", order.title)
        finally:
            del self._ended[pod_uid]

    async def _signal(self, order: "_Order", signal: int, patience: float) -> set[str]:
        """Tells each running container once, for so many seconds at most. Those that could not be told are returned.
        Raises GivenUp when the pod is over, or was deleted because it had not begun."""
        clock = asyncio.get_running_loop().time
        deadline, pause = clock() + patience, _FIRST_PAUSE
        told: set[str] = set()
        deaf: set[str] = set()
        while True:
            found = await self._look(order)
            if (found.get("status") or {}).get("phase") in (None, "", "Pending"):
                await self._delete(order)
                raise GivenUp
            left = {name: command for name, command in _commands(found, signal) if name not in told | deaf}
            answers = await asyncio.gather(*(self._exec(order, name, left[name]) for name in left))
            told |= {name for name, answer in zip(left, answers, strict=True) if answer is _Answer.TOLD}
            deaf |= {name for name, answer in zip(left, answers, strict=True) if answer is _Answer.NEVER}
            waiting = left.keys() - told - deaf
            if not waiting or clock() >= deadline:
                return deaf | waiting
            await rest(min(pause, max(0.0, deadline - clock())), order.ended)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _look(self, order: "_Order") -> Document:
        try:
            found = await self._requests.send(lambda: self._client.get(PODS, order.pod, order.namespace), order.ended)
        except ApiError as error:
            if error.is_not_found:
                raise GivenUp from error
            raise
        if uid(found) != order.uid or _is_over(found):
            raise GivenUp
        return found

    async def _exec(self, order: "_Order", container: str, command: list[str]) -> "_Answer":
        about = f"{order.title}: {' '.join(command)} in {container}"
        log.info(about)
        try:
            done = await self._requests.once(
                lambda: self._client.exec(order.namespace, order.pod, container, command), order.ended
            )
        except KubeError as error:
            log.warning("%s: %s", about, error)
            return _Answer.NEVER if _is_final(error) else _Answer.LATER
        if done.exit_code in _NOT_STARTED:
            log.warning("%s: it has no such program", about)
            return _Answer.NEVER
        if done.exit_code != 0:  # as when the process has ended in this moment
            log.warning("%s: exit code %d: %s", about, done.exit_code, done.stderr[:200].decode("utf-8", "replace"))
        return _Answer.TOLD

    async def _delete(self, order: "_Order") -> None:
        try:
            await self._requests.send(
                lambda: self._client.delete(PODS, order.pod, order.namespace, uid=order.uid, propagation="Background"),
                order.ended,
            )
        except ApiError as error:
            if not (error.is_not_found or error.is_conflict):
                raise


@dataclass(frozen=True, eq=False)
class _Order:
    """A pod that is to end. ended: set once it is over."""

    namespace: str
    pod: str
    uid: str
    ended: asyncio.Event

    @property
    def title(self) -> str:
        return f"{self.namespace}/{self.pod}"


class _Answer(Enum):
    TOLD = auto()
    LATER = auto()
    """Not told, and worth another try."""
    NEVER = auto()


def _is_final(error: KubeError) -> bool:
    """Exec is not allowed, or the container has not got the program."""
    if not isinstance(error, ApiError):
        return False
    return (400 <= error.status < 500 and error.status != 429) or any(each in error.message for each in _NO_PROGRAM)


def _is_over(pod: Document) -> bool:
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def _commands(pod: Document, signal: int) -> Iterator[tuple[str, list[str]]]:
    """For each running container, what must be run in it to signal its main process."""
    mounted = {
        container["name"]
        for container in (pod.get("spec") or {}).get("containers") or []
        if any(mount.get("mountPath") == _EXECUTOR_MOUNT for mount in container.get("volumeMounts") or [])
    }
    for status in (pod.get("status") or {}).get("containerStatuses") or []:
        if "running" not in (status.get("state") or {}):
            continue
        container = str(status.get("name"))
        yield container, _command(pod, container, signal, container in mounted)


def _command(pod: Document, container: str, signal: int, mounted: bool) -> list[str]:
    own = annotations(pod).get(keys.KILL_COMMAND_PREFIX + container)
    if own:
        try:
            parts = json.loads(own)
        except ValueError:
            log.warning("annotation %s%s is not JSON", keys.KILL_COMMAND_PREFIX, container)
        else:
            if isinstance(parts, list):
                return [str(part).replace("%d", str(signal)) for part in parts]
    if container in (keys.CONTAINER_WAIT, keys.CONTAINER_SUPERVISOR):
        return ["argoexec", "kill", str(signal), "1"]
    if mounted:
        return [f"{_EXECUTOR_MOUNT}/argoexec", "kill", str(signal), "1"]
    return ["/bin/sh", "-c", f"kill -{signal} 1"]
