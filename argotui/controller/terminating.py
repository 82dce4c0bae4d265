"""Ending the containers of pods whose steps are to stop (§4.6): asked first, killed after their grace."""

import asyncio
import json
import logging
from collections.abc import Iterator

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
        try:
            await self._signal(namespace, pod, pod_uid, _ASK, ended)
            await rest(grace, ended)
            await self._signal(namespace, pod, pod_uid, _KILL, ended)
        except GivenUp:
            log.debug("%s/%s: over", namespace, pod)
        finally:
            del self._ended[pod_uid]

    async def _signal(self, namespace: str, pod: str, pod_uid: str, signal: int, ended: asyncio.Event) -> None:
        """Until each running container has been told. Raises GivenUp when the pod is over."""
        pause = _FIRST_PAUSE
        while True:
            found = await self._look(namespace, pod, pod_uid, ended)
            if await self._tell_all(namespace, pod, found, signal, ended):
                return
            await rest(pause, ended)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _look(self, namespace: str, pod: str, pod_uid: str, ended: asyncio.Event) -> Document:
        try:
            found = await self._requests.send(lambda: self._client.get(PODS, pod, namespace), ended)
        except ApiError as error:
            if error.is_not_found:
                raise GivenUp from error
            raise
        if uid(found) != pod_uid or _is_over(found):
            raise GivenUp
        return found

    async def _tell_all(self, namespace: str, pod: str, found: Document, signal: int, ended: asyncio.Event) -> bool:
        if (found.get("status") or {}).get("phase") in (None, "", "Pending"):
            await self._delete(namespace, pod, uid(found), ended)
            raise GivenUp
        log.info("%s/%s: signal %d", namespace, pod, signal)
        answers = [
            await self._exec(namespace, pod, container, command, ended)
            for container, command in _commands(found, signal)
        ]
        return all(answers)

    async def _exec(self, namespace: str, pod: str, container: str, command: list[str], ended: asyncio.Event) -> bool:
        try:
            done = await self._requests.send(lambda: self._client.exec(namespace, pod, container, command), ended)
        except KubeError as error:
            log.warning("%s/%s: %s in %s: %s", namespace, pod, " ".join(command), container, error)
            return False
        if done.exit_code != 0:
            said = done.stderr[:200].decode("utf-8", "replace")
            line = " ".join(command)
            log.warning("%s/%s: %s in %s: exit code %d: %s", namespace, pod, line, container, done.exit_code, said)
        return True

    async def _delete(self, namespace: str, pod: str, pod_uid: str, ended: asyncio.Event) -> None:
        try:
            await self._requests.send(
                lambda: self._client.delete(PODS, pod, namespace, uid=pod_uid, propagation="Background"),
                ended,
            )
        except ApiError as error:
            if not (error.is_not_found or error.is_conflict):
                raise


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
