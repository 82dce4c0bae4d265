"""The `process` runtime: plain processes, for machines that allow neither namespaces nor mounts.

A step has a directory, HOME and TMPDIR of its own, and sees the host's file system beside them. Paths of the executor
are rewritten in command, arguments and environment. What a pod needs at an absolute path below /tmp (outputs, mounts)
it claims: pods that claim the same path run one after the other (see `claims`). Anything elsewhere is refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from argotui.local.runtime import enter, processes, waiter
from argotui.local.runtime.beside import Beside, secret_file
from argotui.local.runtime.claims import Claims
from argotui.local.runtime.files import ContainerFiles, Layer
from argotui.local.runtime.records import ContainerRecord, soon
from argotui.local.runtime.types import ContainerPlan, Description, Launch, Mount, Refused, StartFailure
from argotui.local.supervisor.process import start_ticks
from argotui.model.documents import Document

MARK = "ARGOTUI_CONTAINER"
"""Variable in the environment of every process of a step, by which those are found that left the process group."""
_EXECUTOR_PATHS = ("/var/run/argo", "/argo", "/var/run/secrets/kubernetes.io/serviceaccount")
_SHELL_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_SWEEPS = 20
_SANDBOX_HINT = "the process runtime cannot do that; the sandbox (bubblewrap) or podman can"
_ISOLATES = ("environment", "HOME, TMPDIR and working directory", "process group")
_NOT_ISOLATED = (
    "images: none is pulled, the host's own tools stand in for them",
    "file system: steps see and may change what you may, /tmp is shared",
    "hostPath volumes are not read-only, whatever the mount says",
    "processes: steps see all processes of the machine, and may signal yours",
    "children that clear their environment and leave the process group are not found",
    "network: steps share the host's",
    "CPU, memory and process limits are not enforced",
)
_REMARK = "files and processes are not isolated, and read-only mounts are not enforced"


class Bare:
    """Runs each command as a plain process of this user."""

    leaves_children = True

    def __init__(self, reason: str, claims: Claims, search_path: str = waiter.PATH) -> None:
        self.description = Description(
            "process", "no namespaces, no mounts", _ISOLATES, _NOT_ISOLATED, reason, remark=_REMARK
        )
        self.search_path = search_path
        self._claims = claims

    def refusal(self, pod: Document) -> str:
        """Users and read-only roots need a sandbox."""
        spec = pod.get("spec") or {}
        contexts = [("spec.securityContext", spec.get("securityContext") or {})]
        for kind in ("initContainers", "containers"):
            for number, container in enumerate(spec.get(kind) or ()):
                contexts.append((f"spec.{kind}[{number}].securityContext", container.get("securityContext") or {}))
        for path, context in contexts:
            if context.get("runAsUser") not in (None, os.geteuid()):
                return f"{path}.runAsUser: {_SANDBOX_HINT}"
            if context.get("readOnlyRootFilesystem"):
                return f"{path}.readOnlyRootFilesystem: {_SANDBOX_HINT}"
        return ""

    async def prepare(self, plan: ContainerPlan) -> Launch:
        """Makes the step's directories and claims its absolute paths, which may mean waiting for other pods."""
        home = plan.record.directory / "root"
        for directory in (home, home / "home", home / "tmp"):
            directory.mkdir(exist_ok=True)
        rewritten, links = _sort_mounts(plan)
        wanted = [link.container_path for link in links] + _outputs_outside(plan)
        if wanted:
            await self._claims.take(plan.pod_uid, wanted)
        await asyncio.to_thread(_place, plan, links, wanted)
        command = tuple(_rewrite(word, rewritten) for word in plan.command)
        return Launch(
            command=command,
            environment={"PATH": self.search_path, **_environment(plan, rewritten, home)},
            own_group=True,
            directory=_working_dir(plan, rewritten, home),
            mark=(MARK, mark_of(plan.record)),
        )

    def files(self, plan: ContainerPlan) -> ContainerFiles:
        """The host's files, with the volumes at their paths."""
        return ContainerFiles([Layer("/", (Path("/"),)), *map(Layer.of, plan.mounts)])

    async def signal(self, record: ContainerRecord, number: int) -> bool:
        """Signals the command's process group; SIGKILL also finds the children that have left it."""
        leader = await soon(record.command, record)
        alive = leader is not None and leader.is_alive()
        if leader is not None and alive:
            _signal_group(leader.pid, number)
        if number != signal.SIGKILL:
            return alive
        return await asyncio.to_thread(kill_marked, mark_of(record)) > 0 or alive

    def probe(self, plan: ContainerPlan, command: Sequence[str]) -> Beside:
        """As another plain process with the step's environment."""
        home = plan.record.directory / "root"
        rewritten, _ = _sort_mounts(plan)
        environment = {"PATH": self.search_path, **_environment(plan, rewritten, home)}
        words = [_rewrite(word, rewritten) for word in command]
        return Beside(words, environment, _working_dir(plan, rewritten, home))

    async def execution(self, plan: ContainerPlan, command: Sequence[str], *, tty: bool) -> Beside:
        """Likewise; it carries the step's mark, so that nothing of it outlives the step."""
        leader = await soon(plan.record.command, plan.record)
        if leader is None or not leader.is_alive():
            raise StartFailure(f"container {plan.name} has no process to join")
        environment = {**processes.environment_of(leader.pid), MARK: mark_of(plan.record)}
        beside = replace(self.probe(plan, command), environment=environment)
        return _on_terminal(beside) if tty else beside

    async def finished(self, record: ContainerRecord) -> None:
        """Kills what the command has left behind."""
        await asyncio.to_thread(kill_marked, mark_of(record))

    async def failure(self, plan: ContainerPlan, exit_code: int) -> StartFailure | None:
        """Programs are looked up before; the rest cannot be told from the command's own exit code."""
        return None

    async def discard(self, record: ContainerRecord) -> None:
        """Removes what the pod had at absolute paths, and lets the next one have them."""
        held = self._claims.held_by(record.pod_uid)
        if held:
            await asyncio.to_thread(_clear_all, held)
            await self._claims.release(record.pod_uid)


def _on_terminal(beside: Beside) -> Beside:
    """The same, in charge of the terminal that it is started on."""
    asked = {
        "pid": 0, "words": list(beside.words), "environment": {"TERM": "xterm", **beside.environment},
        "directory": beside.directory, "tty": True, "group": "",
    }  # fmt: skip
    content = secret_file(json.dumps(asked).encode("utf-8", "surrogatepass"))
    return Beside((sys.executable, "-I", "-S", enter.__file__, str(content)), beside.environment, None, [content])


def _signal_group(leader: int, number: int) -> None:
    """To the group, or to its leader alone where it has not made its group yet."""
    with contextlib.suppress(ProcessLookupError):
        try:
            os.killpg(leader, number)
        except ProcessLookupError:
            os.kill(leader, number)


def mark_of(record: ContainerRecord) -> str:
    """The value of the mark in the environment."""
    return f"{record.pod_uid}/{record.name}"


def kill_marked(mark: str) -> int:
    """Kills every process of this user (for root: every process) that carries the mark; returns how many.

    Looks again until none is left, since a process may fork while we look.
    """
    wanted = f"{MARK}={mark}".encode() + b"\0"
    killed = 0
    for _ in range(_SWEEPS):
        found = [pid for pid in _own_processes() if _carries(pid, wanted)]
        if not found:
            break
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        killed += len(found)
    return killed


def _own_processes() -> list[int]:
    me, found = os.geteuid(), []
    with os.scandir("/proc") as entries:
        for entry in entries:
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    if me == 0 or entry.stat().st_uid == me:
                        found.append(int(entry.name))
    return found


def _carries(pid: int, wanted: bytes) -> bool:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            environment = file.read()
    except OSError:
        return False
    return (b"\0" + environment).find(b"\0" + wanted) >= 0 and start_ticks(pid) is not None


def _sort_mounts(plan: ContainerPlan) -> tuple[list[Mount], list[Mount]]:
    """Mounts whose path is rewritten, and those that become links below /tmp. Raises Refused for any other."""
    rewritten, links = [], []
    for mount in plan.mounts:
        path = mount.container_path
        if any(path == own or path.startswith(f"{own}/") for own in _EXECUTOR_PATHS):
            rewritten.append(mount)
        elif mount.from_host and str(mount.host_path) == path:
            continue  # it is there already
        elif path.startswith("/tmp/") and ".." not in path.split("/"):
            links.append(mount)
        else:
            raise Refused(f"volumeMounts: {mount.volume} cannot be mounted at {path}: {_SANDBOX_HINT}")
    return rewritten, links


def _outputs_outside(plan: ContainerPlan) -> list[str]:
    """Absolute output paths that the command will write to directly. Raises Refused for those not below /tmp."""
    wanted = []
    for path in plan.output_paths:
        inside = [mount for mount in plan.mounts if Path(path).is_relative_to(mount.container_path)]
        if inside:
            continue
        if not path.startswith("/tmp/") or ".." in path.split("/"):
            raise Refused(f"outputs.parameters: {path} is not below /tmp: {_SANDBOX_HINT}")
        wanted.append(path)
    return wanted


def _place(plan: ContainerPlan, links: list[Mount], wanted: list[str]) -> None:
    """Clears the claimed paths and puts the links in place."""
    if plan.record.started() is not None:
        return  # another kubelet has got further; what lies there is the step's
    for path in wanted:
        clear(Path(path))
    for mount in links:
        place = Path(mount.container_path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(mount.host_path)


def clear(path: Path) -> None:
    """Removes whatever is at the path."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _clear_all(paths: list[str]) -> None:
    for path in paths:
        clear(Path(path))


def _rewrite(text: str, mounts: list[Mount]) -> str:
    for mount in sorted(mounts, key=lambda mount: len(mount.container_path), reverse=True):
        pattern = rf"(?<![\w./-]){re.escape(mount.container_path)}(?=[/\s\"':;,]|$)"
        text = re.sub(pattern, lambda _, mount=mount: str(mount.host_path), text)  # type: ignore[misc]
    return text


def _environment(plan: ContainerPlan, mounts: list[Mount], home: Path) -> dict[str, str]:
    """Raises Refused for names that a shell cannot pass on."""
    environment = {}
    for name, value in plan.environment:
        if not _SHELL_NAME.match(name):
            raise Refused(f"env: the name {name!r} cannot be passed on by a shell: {_SANDBOX_HINT}")
        environment[name] = _rewrite(value, mounts)
    own = {"HOME": str(home / "home"), "TMPDIR": str(home / "tmp")}
    return {**own, **environment}


def _working_dir(plan: ContainerPlan, mounts: list[Mount], home: Path) -> str:
    """The step's own directory, or the one it asks for where that exists. Raises Refused."""
    if not plan.working_dir or plan.working_dir == "/":
        return str(home)
    path = Path(_rewrite(plan.working_dir, mounts))
    if str(path).startswith("/tmp/") and not path.exists():
        path.mkdir(parents=True)
    if not path.is_dir():
        raise Refused(f"workingDir: {plan.working_dir} does not exist: {_SANDBOX_HINT}")
    return str(path)
