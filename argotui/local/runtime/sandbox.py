"""The `sandbox` runtime: bubblewrap around each command; the host's own tools stand in for the image.

The root is a directory of the pod's own. The host's system directories lie in it as overlays whose upper layers are
in the container's directory, so the command may write anywhere, nothing of it reaches the host, and output files are
read from outside when it has ended. Works as root and, in a user namespace, without.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from argotui.local.runtime import bounds, enter, processes, waiter
from argotui.local.runtime.beside import Beside, secret_file
from argotui.local.runtime.files import ContainerFiles, Layer
from argotui.local.runtime.hostview import HostView
from argotui.local.runtime.records import LOG, SANDBOX_STATUS, TERMINATION, ContainerRecord, parent_of, soon
from argotui.local.runtime.types import ContainerPlan, Description, Launch, Mount, Refused, StartFailure
from argotui.model.documents import Document

ARGUMENTS = "args"
_ARGUMENTS_FD, _STATUS_FD = 3, 4
# what Docker grants by default, without what could reach the host: raw sockets, device nodes, the audit log
CAPABILITIES = (
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_NET_BIND_SERVICE",
    "CAP_SYS_CHROOT",
    "CAP_SETFCAP",
)
_OWN_DIRECTORIES = (("tmp", "1777"), ("var/tmp", "1777"), ("run", "0755"), ("root", "0700"), ("home", "0755"))
_FORBIDDEN_MOUNTS = ("/proc", "/sys", "/dev")
_ISOLATES = ("processes", "file system (own writable root and /tmp)", "environment", "hostname", "IPC")
_NOT_ISOLATED = (
    "images: none is pulled, the host's own tools stand in for them",
    "network: steps share the host's",
    "CPU and memory limits are not enforced",
    "seccomp, AppArmor and SELinux profiles of pods are not applied",
)


class Layering(StrEnum):
    """How the host's system directories get into a step's root; found out by trying."""

    DISK = "overlay"
    """Writable, what is written lies in the container's directory."""
    MEMORY = "overlay in memory"
    """Writable, where the state directory's file system cannot be an upper layer."""
    READ_ONLY = "read-only"
    """Where overlays are not allowed."""


@dataclass(frozen=True)
class SandboxSettings:
    """What the probe has found."""

    program: str
    version: str
    layering: Layering
    user_namespace: bool
    """Whether a user namespace is needed, which is so unless we are root."""


class Sandbox:
    """Runs each command under bubblewrap."""

    leaves_children = False

    def __init__(self, settings: SandboxSettings, host: HostView, reason: str, bound: str) -> None:
        self._settings = settings
        self._host = host
        self.search_path = host.search_path
        self._programs: dict[tuple[str, str], str] = {}
        not_isolated = _NOT_ISOLATED if bound else (*_NOT_ISOLATED, "the number of processes is not bounded")
        if settings.layering is Layering.READ_ONLY:
            not_isolated = (*not_isolated, "the system directories are the host's, read-only")
        isolates = (*_ISOLATES, f"number of processes ({bound})") if bound else _ISOLATES
        version = f"bubblewrap {settings.version}, {'in a user namespace' if settings.user_namespace else 'as root'}"
        self.description = Description("sandbox", version, isolates, not_isolated, reason)

    def refusal(self, pod: Document) -> str:
        """Fields that would need a real container."""
        return ""

    async def prepare(self, plan: ContainerPlan) -> Launch:
        """Makes the root and writes bubblewrap's arguments to a file: they hold secrets, which no `ps` must show."""
        directory = str(plan.record.directory)
        _make(f"{directory}/root")
        os.close(os.open(f"{directory}/{TERMINATION}", os.O_WRONLY | os.O_CREAT, 0o666))
        arguments = self._arguments(plan)
        waiter.refuse_nul(next(iter(plan.command), plan.image), [*arguments, *plan.command])
        content = b"".join(os.fsencode(word) + b"\0" for word in arguments)
        waiter.put(f"{directory}/{ARGUMENTS}", content)
        return Launch(
            command=(self._settings.program, "--args", str(_ARGUMENTS_FD), "--", *plan.command),
            reads={_ARGUMENTS_FD: ARGUMENTS},
            appends={_STATUS_FD: SANDBOX_STATUS},
        )

    def files(self, plan: ContainerPlan) -> ContainerFiles:
        """Own root, system directories as layered, volumes."""
        directory = plan.record.directory
        layers = [Layer("/", (directory / "root",))]
        for name in self._host.directories:
            upper = directory / f"upper-{name}" if self._settings.layering is Layering.DISK else None
            places = (upper, self._host.mask_of(name), Path("/", name))
            layers.append(Layer(f"/{name}", tuple(place for place in places if place is not None)))
        layers += [Layer(str(path), (path,)) for path in self._host.read_only]
        layers += map(Layer.of, plan.mounts)
        return ContainerFiles(layers, dict(self._host.links), self._programs)

    async def signal(self, record: ContainerRecord, number: int) -> bool:
        """SIGKILL ends the whole pid namespace, anything else goes to the command's process group."""
        kill = number == signal.SIGKILL
        leader = await soon(lambda: _leader(record, has_command=not kill), record)
        if leader is None:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(leader, number) if kill else os.killpg(leader, number)
            return True
        return False

    def probe(self, plan: ContainerPlan, command: Sequence[str]) -> Beside:
        """In a sandbox of its own with the same files and network, which is cheaper than to enter that of the step.
        It sees what the step has written, and not its processes."""
        arguments = secret_file(b"".join(os.fsencode(word) + b"\0" for word in self._arguments(plan, beside=True)))
        words = (self._settings.program, "--args", str(arguments), "--", *command)
        return Beside(words, {"PATH": waiter.PATH}, descriptors=[arguments])

    async def execution(self, plan: ContainerPlan, command: Sequence[str], *, tty: bool) -> Beside:
        """Inside the step's own sandbox, with the rights of its command."""
        pid = await soon(lambda: _command_of(plan.record), plan.record)
        if pid is None:
            raise StartFailure(f"container {plan.name} has no process to join")
        terminal = {"TERM": "xterm"} if tty else {}
        asked = {
            "pid": pid, "words": list(command), "environment": terminal | processes.environment_of(pid),
            "directory": plan.working_dir or "/", "uid": plan.user.uid or 0, "gid": plan.user.gid or 0, "tty": tty,
            "group": bounds.group_of(pid),
        }  # fmt: skip
        content = secret_file(json.dumps(asked).encode("utf-8", "surrogatepass"))
        words = (sys.executable, "-I", "-S", enter.__file__, str(content))
        return Beside(words, {"PATH": waiter.PATH}, descriptors=[content])

    async def finished(self, record: ContainerRecord) -> None:
        """Nothing outlives its pid namespace."""

    async def failure(self, plan: ContainerPlan, exit_code: int) -> StartFailure | None:
        """bubblewrap reports the command's exit code itself; where it did not, it failed before the command ran."""
        if exit_code == 0 or exit_code > 128 or '"exit-code"' in _status_text(plan.record):
            return None
        try:
            lines = plan.record.path(LOG).read_text(errors="replace").splitlines()
        except OSError:
            lines = []
        said = next((line for line in reversed(lines) if line.startswith("bwrap: ")), "the sandbox could not be set up")
        return StartFailure(said.removeprefix("bwrap: "))

    async def discard(self, record: ContainerRecord) -> None:
        """Everything lies in the container's directory."""

    def _arguments(self, plan: ContainerPlan, beside: bool = False) -> list[str]:
        """beside: for a second sandbox on the files of one that runs."""
        words = ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--die-with-parent", "--new-session"]
        words += ["--hostname", plan.hostname, *(() if beside else ("--json-status-fd", str(_STATUS_FD)))]
        words += self._identity(plan)
        words += ["--clearenv"]
        for name, value in self._environment(plan).items():
            words += ["--setenv", name, value]
        words += ["--bind", str(plan.record.directory / "root"), "/"]
        words += self._system(plan, beside)
        words += ["--dev", "/dev", "--proc", "/proc"]
        words += ["--bind", str(plan.record.path(TERMINATION)), "/dev/termination-log"]
        words += _mount_arguments(plan)
        working_dir = plan.working_dir or "/"
        if working_dir != "/" and not any(mount.container_path == working_dir for mount in plan.mounts):
            words += ["--dir", working_dir]
        if plan.read_only_root:
            words += ["--remount-ro", "/"]
        return [*words, "--chdir", working_dir]

    def _environment(self, plan: ContainerPlan) -> dict[str, str]:
        home = "/" if plan.user.uid else "/root"
        return {
            "PATH": self._host.search_path, "HOME": home, "HOSTNAME": plan.hostname, **dict(plan.environment),
        }  # fmt: skip

    def _identity(self, plan: ContainerPlan) -> list[str]:
        user = plan.user
        words = []
        if self._settings.user_namespace or user.uid or user.gid:
            words += ["--unshare-user", "--uid", str(user.uid or 0), "--gid", str(user.gid or 0)]
        words += ["--cap-drop", "ALL"]
        if plan.keep_capabilities and not user.uid:
            for capability in CAPABILITIES:
                words += ["--cap-add", capability]
        return words

    def _system(self, plan: ContainerPlan, beside: bool) -> list[str]:
        words: list[str] = []
        for name in self._host.directories:
            words += self._system_directory(plan, name, beside)
        for link, target in self._host.links:
            words += ["--symlink", target, f"/{link}"]
        for path in self._host.read_only:
            words += ["--ro-bind-try", str(path), str(path)]
        for name, mode in _OWN_DIRECTORIES:
            words += ["--perms", mode, "--dir", f"/{name}"]
        return words

    def _system_directory(self, plan: ContainerPlan, name: str, beside: bool) -> list[str]:
        path, mask = f"/{name}", self._host.mask_of(name)
        if self._settings.layering is Layering.READ_ONLY:
            return ["--ro-bind", path, path, *(_covers(path, mask) if mask else ())]
        sources = ["--overlay-src", path, *(["--overlay-src", str(mask)] if mask else [])]
        if plan.read_only_root and mask:
            return [*sources, "--ro-overlay", path]
        if plan.read_only_root:
            return ["--ro-bind", path, path]
        if self._settings.layering is Layering.MEMORY:
            return [*sources, "--tmp-overlay", path]
        if beside:  # two overlays must not write to one directory
            return [*sources, "--overlay-src", f"{plan.record.directory}/upper-{name}", "--tmp-overlay", path]
        upper, work = f"{plan.record.directory}/upper-{name}", f"{plan.record.directory}/work-{name}"
        _make(upper)
        _make(work)
        return [*sources, "--overlay", upper, work, path]


def _covers(path: str, mask: Path) -> Iterator[str]:
    """Lays something empty over each place that the mask hides, for where it cannot be a layer itself."""
    for folder, _, names in os.walk(mask):
        for name in names:
            place = os.path.join(path, os.path.relpath(folder, mask), name)
            if os.path.isdir(place):
                yield from ("--perms", "0000", "--tmpfs", place)
            elif os.path.exists(place):
                yield from ("--ro-bind", os.path.join(folder, name), place)


def _make(directory: str) -> None:
    with contextlib.suppress(FileExistsError):
        os.mkdir(directory)


def _mount_arguments(plan: ContainerPlan) -> list[str]:
    words = []
    if plan.hosts_file is not None:
        words += ["--bind", str(plan.hosts_file), "/etc/hosts"]
    for mount in sorted(plan.mounts, key=lambda mount: mount.container_path.count("/")):
        _check_mount(mount)
        words += ["--ro-bind" if mount.read_only else "--bind", str(mount.host_path), mount.container_path]
    return words


def _check_mount(mount: Mount) -> None:
    path = mount.container_path
    if path == "/" or any(path == no or path.startswith(f"{no}/") for no in _FORBIDDEN_MOUNTS if path != "/dev/shm"):
        raise Refused(f"volumeMounts: {mount.volume} cannot be mounted at {path}: the sandbox makes that itself")


def _status_text(record: ContainerRecord) -> str:
    try:
        return record.path(SANDBOX_STATUS).read_text()
    except OSError:
        return ""


def _leader(record: ContainerRecord, has_command: bool) -> int | None:
    """Pid, as the host sees it, of the first process in the sandbox; its process group holds the command.

    It is the grandchild of the waiter: checked, because the pid may be another process's by now. With `has_command`
    only once the command's process is there: the first one itself is deaf to signals.
    """
    started = record.started()
    if started is None or started.waiter is None or not record.is_running():
        return None
    line = _status_text(record).partition("\n")[0]
    try:
        pid = int(json.loads(line)["child-pid"])
    except (ValueError, KeyError):
        return None
    monitor = parent_of(pid)
    if monitor is None or parent_of(monitor) != started.waiter.pid:
        return None
    return None if has_command and not _has_command(pid) else pid


def _command_of(record: ContainerRecord) -> int | None:
    """The first process below the sandbox's own; only that has the rights of the step."""
    leader = _leader(record, has_command=True)
    if leader is None:
        return None
    try:
        with open(f"/proc/{leader}/task/{leader}/children", encoding="ascii") as file:
            found = file.read().split()
    except OSError:
        return None
    return int(found[0]) if found else None


def _has_command(leader: int) -> bool:
    try:
        if os.getpgid(leader) != leader:
            return False
        with open(f"/proc/{leader}/task/{leader}/children", encoding="ascii") as file:
            return bool(file.read().strip())
    except FileNotFoundError:
        return True  # a kernel that does not list children
    except OSError:
        return False
