"""The `podman` and `docker` runtimes: the real images, by the engine's command line.

`ENGINE run` is the command that the waiter waits for, so exit code, log and the mark are as in the other runtimes.
The engine's own container is kept until its outputs have been read. Secrets reach it by an --env-file of mode 0600 or
by the engine's environment, never by a command line.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import posixpath
import signal
import subprocess
import tarfile
from collections.abc import Sequence
from pathlib import Path

from argotui.executor import gotext
from argotui.local.runtime import waiter
from argotui.local.runtime.beside import Beside
from argotui.local.runtime.bounds import group_name
from argotui.local.runtime.files import ContainerFiles, Layer
from argotui.local.runtime.records import ContainerRecord
from argotui.local.runtime.types import (
    ContainerPlan,
    Description,
    Files,
    ImageMissing,
    Launch,
    Mount,
    Refused,
    StartFailure,
)
from argotui.model.documents import Document

_ANSWER_SECONDS = 30
_ENV_FILE = "environment"
_NEVER_STARTED = (125, 126, 127)
_MAX_LINKS = 40
_NO_ROOT = Layer("/", (Path("/nonexistent"),))
# what the command line itself needs to find its engine; a step that sets one of these gets it by file
_CLIENT_PREFIXES = (
    "HOME",
    "PATH",
    "USER",
    "XDG_",
    "DOCKER_",
    "CONTAINER",
    "PODMAN_",
    "DBUS_",
    "TMPDIR",
    "REGISTRY_",
    "http_",
    "https_",
    "HTTP_",
    "HTTPS_",
    "no_proxy",
    "NO_PROXY",
)
_ISOLATES = ("images: the real ones are run", "processes", "file system", "environment", "hostname", "IPC")
_NOT_ISOLATED = ("network: steps share the host's", "CPU and memory limits are not enforced")


class Engine:
    """Runs each command as a container of a local engine."""

    leaves_children = False
    search_path = ""

    def __init__(self, name: str, program: str, directory: Path) -> None:
        self._program = program
        self._label = f"argotui.cluster={group_name(directory)}"
        self.description = Description(name, "not asked yet", _ISOLATES, _NOT_ISOLATED, "", pulls_images=True)

    async def connect(self) -> None:
        """Asks the engine who it is. Raises Refused when none answers."""
        code, out, said = await self._ask("version", "--format", "json")
        if code != 0:
            raise Refused(f"no engine answers: {_last_line(said) or f'exit code {code}'}")
        name = self.description.name
        self.description = Description(
            name, f"{name} {_version(out)}", _ISOLATES, _NOT_ISOLATED, f"asked for with --runtime {name}", True
        )

    def refusal(self, pod: Document) -> str:
        """The engine itself refuses what it cannot do."""
        return ""

    async def prepare(self, plan: ContainerPlan) -> Launch:
        """Gets the image and writes the environment to a file."""
        await self._image(plan)
        inherited = self._write_environment(plan)
        command = [self._program, "run", "--name", container_name(plan.record), "--label", self._label]
        command += ["--network", "host", "--hostname", plan.hostname, "--pull", "never", "--log-driver", "none"]
        command += ["--env-file", str(plan.record.path(_ENV_FILE))]
        for name in inherited:
            command += ["--env", name]
        command += _options(plan)
        if not plan.uses_entrypoint:
            command += ["--entrypoint", plan.command[0]]
        arguments = plan.command if plan.uses_entrypoint else plan.command[1:]
        return Launch(command=(*command, plan.image, *arguments), environment={**_client_environment(), **inherited})

    def files(self, plan: ContainerPlan) -> Files:
        """Volumes are read on the host, the rest by the engine's `cp`."""
        return _EngineFiles(self._program, container_name(plan.record), plan.mounts)

    async def signal(self, record: ContainerRecord, number: int) -> bool:
        """The engine delivers it."""
        code, _, _ = await self._ask("kill", "--signal", str(number), container_name(record))
        if code != 0 and number == signal.SIGKILL:
            started = record.started()
            if started and started.waiter and record.ended() is None:
                return started.waiter.send(signal.SIGKILL)
        return code == 0

    def probe(self, plan: ContainerPlan, command: Sequence[str]) -> Beside:
        """`exec` of the engine."""
        return Beside((self._program, "exec", container_name(plan.record), *command), _client_environment())

    async def execution(self, plan: ContainerPlan, command: Sequence[str], *, tty: bool) -> Beside:
        """Likewise."""
        options = ("--interactive", "--tty") if tty else ("--interactive",)
        words = (self._program, "exec", *options, container_name(plan.record), *command)
        return Beside(words, {**_client_environment(), "TERM": "xterm"} if tty else _client_environment())

    async def finished(self, record: ContainerRecord) -> None:
        """The engine has ended what was in the container."""

    async def failure(self, plan: ContainerPlan, exit_code: int) -> StartFailure | None:
        """125 to 127 may be the engine's or the command's own; the engine knows whether it ever ran."""
        if exit_code not in _NEVER_STARTED:
            return None
        code, out, _ = await self._ask("inspect", "--type", "container", container_name(plan.record))
        state = _first(out).get("State") or {} if code == 0 else {}
        if not str(state.get("StartedAt") or "0001-").startswith("0001-"):
            return None
        if exit_code == 127:
            return StartFailure(gotext.not_in_path(plan.command[0] if plan.command else plan.image))
        said = str(state.get("Error") or "") or _last_line(plan.record.path("log").read_text(errors="replace"))
        return StartFailure(said or f"the engine could not start the container (exit code {exit_code})")

    async def discard(self, record: ContainerRecord) -> None:
        """Removes the engine's container and its anonymous volumes."""
        await self._ask("rm", "--force", "--volumes", container_name(record))

    async def _image(self, plan: ContainerPlan) -> None:
        if plan.image.startswith("-"):  # the engine's command line would take it for an option
            raise ImageMissing(f'"{plan.image}" is no name of an image: invalid reference format', "InvalidImageName")
        policy = plan.pull_policy or ("Always" if _is_latest(plan.image) else "IfNotPresent")
        if policy != "Always" and (await self._ask("image", "inspect", plan.image))[0] == 0:
            return
        if policy == "Never":
            raise ImageMissing(
                f'Container image "{plan.image}" is not present with pull policy of Never', "ErrImageNeverPull"
            )
        code, _, said = await self._ask("pull", "--quiet", plan.image, seconds=None)
        if code != 0:
            raise ImageMissing(_last_line(said) or f"{self.description.name} pull: exit code {code}")

    def _write_environment(self, plan: ContainerPlan) -> dict[str, str]:
        """Returns what an env-file cannot hold: values of more than one line. Raises Refused."""
        inherited: dict[str, str] = {}
        lines = []
        for name, value in plan.environment:
            if "\n" not in value and "\r" not in value:
                lines.append(f"{name}={value}\n")
            elif name.startswith(_CLIENT_PREFIXES):
                raise Refused(f"env: {name} has several lines, and {self.description.name} would take it for its own")
            else:
                inherited[name] = value
        waiter.put(str(plan.record.path(_ENV_FILE)), "".join(lines).encode("utf-8", "surrogateescape"))
        return inherited

    async def _ask(self, *arguments: str, seconds: float | None = _ANSWER_SECONDS) -> tuple[int, bytes, str]:
        """Exit code, stdout, stderr of one call of the command line. Raises Refused when it hangs."""
        try:
            process = await asyncio.create_subprocess_exec(
                self._program,
                *arguments,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=_client_environment(),
            )
        except OSError as error:
            return 127, b"", f"{self._program}: {error.strerror}"
        try:
            async with asyncio.timeout(seconds):
                out, said = await process.communicate()
        except TimeoutError:
            process.kill()
            await process.wait()
            raise Refused(f"{self.description.name} {arguments[0]} did not answer within {seconds:g} s") from None
        return process.returncode or 0, out, said.decode(errors="replace")


class _EngineFiles:
    """The file system of a container of the engine, which has ended."""

    def __init__(self, program: str, name: str, mounts: Sequence[Mount]) -> None:
        self._program = program
        self._name = name
        self._volumes = [Layer.of(mount) for mount in mounts]

    def read(self, path: str, limit: int) -> bytes:
        """Follows links as the container would; raises OSError."""
        for _ in range(_MAX_LINKS):
            path = posixpath.normpath(path)
            if any(Path(path).is_relative_to(layer.container_path) for layer in self._volumes):
                return ContainerFiles([_NO_ROOT, *self._volumes]).read(path, limit)
            member, content = self._copy(path, limit)
            if not member.issym():
                return content
            path = posixpath.join(posixpath.dirname(path), member.linkname)
        raise OSError(40, os.strerror(40), path)

    def find_program(self, name: str, search_path: str, directory: str) -> str:
        """The image has its own programs: the engine will tell."""
        return name

    def _copy(self, path: str, limit: int) -> tuple[tarfile.TarInfo, bytes]:
        copy = subprocess.run(
            [self._program, "cp", f"{self._name}:{path}", "-"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_ANSWER_SECONDS,
            check=False,
            env=_client_environment(),
        )
        if copy.returncode != 0:
            raise FileNotFoundError(2, os.strerror(2), path)
        with tarfile.open(fileobj=io.BytesIO(copy.stdout)) as archive:
            member = archive.next()
            if member is None:
                raise FileNotFoundError(2, os.strerror(2), path)
            if member.isdir():
                raise IsADirectoryError(21, os.strerror(21), path)
            content = archive.extractfile(member) if member.isreg() else None
            return member, content.read(limit) if content else b""


def container_name(record: ContainerRecord) -> str:
    """The engine's name of a container; unique, so that a second `run` fails."""
    return f"argotui-{record.pod_uid}-{record.name}"


def _options(plan: ContainerPlan) -> list[str]:
    options = []
    for mount in plan.mounts:
        if "," in f"{mount.host_path}{mount.container_path}":
            raise Refused(f"volumeMounts: {mount.container_path}: paths with a comma cannot be mounted by an engine")
        text = f"type=bind,source={mount.host_path},target={mount.container_path}"
        options += ["--mount", text + (",readonly" if mount.read_only else "")]
    if plan.working_dir:
        options += ["--workdir", plan.working_dir]
    if plan.user.uid is not None or plan.user.gid is not None:
        group = f":{plan.user.gid}" if plan.user.gid is not None else ""
        options += ["--user", f"{plan.user.uid or 0}{group}"]
    if plan.read_only_root:
        options.append("--read-only")
    if not plan.keep_capabilities:
        options += ["--cap-drop", "ALL"]
    return options


def _client_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith(_CLIENT_PREFIXES)}


def _is_latest(image: str) -> bool:
    last = image.rpartition("/")[2]
    return "@" not in last and (":" not in last or last.endswith(":latest"))


def _version(out: bytes) -> str:
    try:
        found = json.loads(out)
    except ValueError:
        return "of unknown version"
    for part in ("Server", "Client"):
        if isinstance(found.get(part), dict) and found[part].get("Version"):
            return str(found[part]["Version"])
    return "of unknown version"


def _first(out: bytes) -> Document:
    try:
        found = json.loads(out)
    except ValueError:
        return {}
    return found[0] if isinstance(found, list) and found else {}


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else ""
