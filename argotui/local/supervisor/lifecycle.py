"""What `argotui local start | stop | status | reset` do, for the CLI and for `argotui --local`."""

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from argotui.local.removal import remove
from argotui.local.supervisor.control import NotRunning, ask
from argotui.local.supervisor.parts import keep_small, last_words
from argotui.local.supervisor.supervisor import FOLDERS, LOCK, REPORT, prepare

_READY_SECONDS = 90.0


class StartFailed(Exception):
    """The cluster did not become ready; the message says which process failed and where it logs."""


class PartsFailed(StartFailed):
    """Some process of the cluster ends before it is ready, each time it is started."""


class NotACluster(Exception):
    """The directory that is to be removed was not made by a local cluster."""


@dataclass(frozen=True)
class Started:
    """The outcome of a start."""

    state: dict[str, Any]
    was_running: bool


def controller_report(directory: Path) -> dict[str, Any]:
    """What the controller does with its configuration, as it wrote it (see argotui.controller.report); {} before."""
    try:
        found = json.loads((directory / "run" / REPORT).read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


@dataclass(frozen=True)
class RuntimeNote:
    """What runs the steps, and what it does and does not keep apart; written by the kubelet."""

    name: str
    isolates: tuple[str, ...]
    not_isolated: tuple[str, ...]
    reason: str

    @classmethod
    def read(cls, directory: Path) -> "RuntimeNote | None":
        """None before the kubelet ran for the first time."""
        try:
            note = json.loads((directory / "runtime").read_text())
        except (OSError, ValueError):
            return None
        return cls(
            name=str(note.get("name", "")),
            isolates=tuple(note.get("isolates", ())),
            not_isolated=tuple(note.get("not_isolated", ())),
            reason=str(note.get("reason", "")),
        )


async def start(directory: Path, runtime: str = "auto") -> Started:
    """Starts the cluster of `directory`, or finds it running; returns when all its processes are ready.

    Raises StartFailed, and UnsafeDirectory when others may read the directory.
    """
    try:
        prepare(directory)
    except OSError as error:
        raise StartFailed(_no_room(directory, error)) from None
    try:
        state = await ask(directory, "status")
    except NotRunning:
        return Started(await _started(directory, runtime), was_running=False)
    if runtime not in ("auto", state["runtime"]):
        raise StartFailed(
            f"the local cluster runs already, with --runtime {state['runtime']}; run `argotui local stop` first"
        )
    return Started(state if state["ready"] else await _ready(directory), was_running=True)


async def stop(directory: Path) -> bool:
    """Ends the cluster's processes; steps that run go on. False when it did not run."""
    try:
        await ask(directory, "stop")
    except NotRunning:
        return False
    return True


async def status(directory: Path) -> dict[str, Any] | None:
    """The supervisor's account of its processes, None when the cluster does not run."""
    try:
        return await ask(directory, "status")
    except NotRunning:
        return None


async def reset(directory: Path) -> None:
    """Ends the cluster, kills the steps that still run, and removes the directory.

    Raises StartFailed for what could not be removed, and NotACluster for any other directory: its name comes from a
    variable of the environment.
    """
    await stop(directory)
    if not directory.exists():
        return
    if not _is_ours(directory):
        raise NotACluster(f"{directory} was not made by a local cluster, so nothing in it was touched")
    from argotui.local.kubelet.killing import kill_all

    if left := await kill_all(directory):
        raise StartFailed(f"steps could not be killed ({', '.join(left)}), so {directory} was left as it is")
    if remaining := await remove([str(directory.resolve())]):
        raise StartFailed(f"the local cluster was ended, but not all of it could be removed: {remaining}")


def _is_ours(directory: Path) -> bool:
    """Whether a supervisor ran here, or there is nothing but the folders that are made for one."""
    if (directory / "run" / LOCK).exists():
        return True
    return directory.is_dir() and {path.name for path in directory.iterdir()} <= set(FOLDERS)


def _no_room(directory: Path, error: OSError) -> str:
    where = f"{error.filename}: " if error.filename and str(error.filename) != str(directory) else ""
    reason = f"{where}{error.strerror or error}"
    return f"the state cannot be kept in {directory}: {reason}; set ARGOTUI_LOCAL_DIR to a directory of your own"


async def _started(directory: Path, runtime: str) -> dict[str, Any]:
    """A new cluster, ready. One whose processes cannot start is ended again: it would try, and fail, for ever."""
    begin = _size(directory / "logs" / "supervisor.log")
    try:
        await _spawn(directory, runtime)
    except OSError as error:
        raise StartFailed(_no_room(directory, error)) from None
    try:
        return await _ready(directory, begin)
    except PartsFailed:
        await stop(directory)
        raise


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


async def _spawn(directory: Path, runtime: str) -> None:
    """Starts the supervisor in a session of its own, so that it outlives this terminal."""
    log_path = directory / "logs" / "supervisor.log"
    keep_small(log_path)
    reading, writing = os.pipe()
    command = [sys.executable, "-m", "argotui.local.supervisor", "--dir", str(directory), "--runtime", runtime]
    with log_path.open("ab") as output:
        child = subprocess.Popen(
            [*command, "--listening-fd", str(writing)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            pass_fds=(writing,),
            cwd="/",
        )
    os.close(writing)
    try:
        # closed when its socket listens, or when it has ended
        await asyncio.get_running_loop().run_in_executor(None, os.read, reading, 1)
    finally:
        os.close(reading)
    child.poll()


async def _ready(directory: Path, log_start: int = 0) -> dict[str, Any]:
    log_path = directory / "logs" / "supervisor.log"
    try:
        async with asyncio.timeout(_READY_SECONDS):
            state = await ask(directory, "ready")
    except NotRunning:
        said = last_words(log_path, log_start)
        raise StartFailed(f"the supervisor ended{': ' if said else ''}{said}; see {log_path}") from None
    except TimeoutError:
        raise StartFailed(f"the cluster was not ready within {_READY_SECONDS:g} s; see {log_path}") from None
    failed = [part for part in state["parts"] if not part["ready"]]
    if failed:
        raise PartsFailed("; ".join(f"{part['name']} {part['lastError']}" for part in failed))
    return state
