"""What every runtime shares: the plan of one container, how its process is started, what a runtime can do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from argotui.local.runtime.beside import Beside
from argotui.local.runtime.records import ContainerRecord
from argotui.model.documents import Document

RUNTIMES = ("auto", "sandbox", "process", "podman", "docker")
"""What `--runtime` takes."""
MIB = 1024 * 1024
LOG_CAP = 64 * MIB
RESULT_BYTES = 256 * 1024 + 1
"""What is kept of a captured stdout: the last 256 KiB and one more byte, for the newline that is trimmed (§5.3)."""
GRACE_SECONDS = 30


class Refused(Exception):
    """This runtime cannot do what the pod asks for. The message names the field."""


class StartFailure(Exception):
    """The container cannot start. `str()` is the message for its status."""

    def __init__(self, message: str, *, exit_code: int = 128, reason: str = "StartError") -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.reason = reason


class ImageMissing(Exception):
    """The engine could not get the image; it is tried again. `reason` is as Kubernetes has it (ErrImagePull)."""

    def __init__(self, message: str, reason: str = "ErrImagePull") -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class Mount:
    """A directory or file of the host at a path of the container."""

    container_path: str
    host_path: Path
    read_only: bool = False
    volume: str = ""
    from_host: bool = False
    """Whether it is a hostPath, that is, something that was there before the pod."""
    root: Path | None = None
    """The volume, when `host_path` is a subPath of it: steps may have put links on the way since it was looked up."""


@dataclass(frozen=True)
class User:
    """Who the command is inside its container; None is the runtime's default (root)."""

    uid: int | None = None
    gid: int | None = None


@dataclass(frozen=True)
class ContainerPlan:
    """Everything that is needed to run one container; all lookups are done, all texts expanded."""

    record: ContainerRecord
    pod_uid: str
    pod_name: str
    namespace: str
    name: str
    image: str
    command: tuple[str, ...]
    """The whole argv, or what follows the image's own entry point if `uses_entrypoint`."""
    uses_entrypoint: bool = False
    environment: tuple[tuple[str, str], ...] = ()
    working_dir: str = ""
    mounts: tuple[Mount, ...] = ()
    hosts_file: Path | None = None
    hostname: str = ""
    user: User = User()
    read_only_root: bool = False
    keep_capabilities: bool = True
    """False when the pod drops ALL capabilities."""
    pull_policy: str = ""
    wrapped: bool = False
    """Whether the emissary is around the command: failures to start are then its exit code 64."""
    capture_stdout: bool = False
    output_paths: tuple[str, ...] = ()
    """Absolute paths of files that are read after the command has ended."""
    log_cap: int = LOG_CAP


@dataclass(frozen=True)
class Launch:
    """How the waiter starts the command. `command` is its argv; `files` are given to it as descriptors by number.

    `environment` is what the waiter, and therefore the command, sees.
    """

    command: Sequence[str]
    environment: dict[str, str] = field(default_factory=dict)
    reads: dict[int, str] = field(default_factory=dict)
    """Descriptor -> name of a file in the container's directory, opened for reading."""
    appends: dict[int, str] = field(default_factory=dict)
    own_group: bool = False
    """Whether the waiter has to start the command in a session of its own and to kill that when it ends."""
    directory: str = ""
    """Where the command starts; "" when the command sees to that itself."""
    mark: tuple[str, str] | None = None
    """A variable that the command has in its environment, and its waiter has not."""


@dataclass(frozen=True)
class Description:
    """What is told to people: DIR/runtime, the Node, the pod's status."""

    name: str
    version: str
    isolates: tuple[str, ...]
    not_isolated: tuple[str, ...]
    reason: str
    pulls_images: bool = False
    remark: str = ""
    """What the status of every pod says beside the fact that no image was pulled."""


class Files(Protocol):
    """The file system of a container as its command saw it, read from outside."""

    def read(self, path: str, limit: int) -> bytes:
        """At most `limit` bytes of a regular file. Raises OSError with the errno that the command would have got."""

    def find_program(self, name: str, search_path: str, directory: str) -> str:
        """Raises StartFailure with Go's message when there is no such program."""


class Runtime(Protocol):
    """One way to run containers. Nothing in it is needed to find or end a container that another kubelet started."""

    description: Description
    search_path: str
    """PATH of a command that is not given one."""
    leaves_children: bool
    """Whether children of a command may outlive it, so that `finished` has to look for them."""

    def refusal(self, pod: Document) -> str:
        """Why this runtime cannot run the pod, naming the field; "" when it can."""

    async def prepare(self, plan: ContainerPlan) -> Launch:
        """Makes what the container needs. Raises StartFailure, Refused or ImageMissing."""

    def files(self, plan: ContainerPlan) -> Files:
        """The container's file system; before the start what is there from the beginning."""

    async def signal(self, record: ContainerRecord, number: int) -> bool:
        """Sends a signal to the command's processes; SIGKILL to all of the container. False when none runs."""

    def probe(self, plan: ContainerPlan, command: Sequence[str]) -> Beside:
        """How the command of a probe is run on what the container has. Raises Refused or StartFailure."""

    async def execution(self, plan: ContainerPlan, command: Sequence[str], *, tty: bool) -> Beside:
        """How a command is run in the container, as `kubectl exec` wants it.

        Raises Refused, StartFailure, or OSError when it has just ended.
        """

    async def finished(self, record: ContainerRecord) -> None:
        """The command has ended: kills what it left behind."""

    async def failure(self, plan: ContainerPlan, exit_code: int) -> StartFailure | None:
        """Whether the waiter's exit code means that the command never started."""

    async def discard(self, record: ContainerRecord) -> None:
        """Frees what the runtime holds outside the container's directory; the container's outputs have been read."""
