"""The directory of one container: what its waiter and the kubelet have written down about it.

    started     made exclusively, before the command starts: boot id and /proc/PID/stat of the waiter
    exit        the exit code on one line; a second line, if any, is JSON: {"reason", "message"}
    command     /proc/PID/stat of the command's own session (runtimes without a pid namespace)
    log         stdout and stderr, append-only; log.times says when it grew; log.cap its limit, if not the usual one
    result      the end of stdout, when it is captured
    termination what the command wrote to /dev/termination-log

Times are the modification times of `started` and `exit`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from argotui.local.supervisor.process import ProcessIdentity, boot_id

T = TypeVar("T")
STARTED, EXIT, COMMAND, LOG, LOG_TIMES, LOG_CAP_FILE = "started", "exit", "command", "log", "log.times", "log.cap"
RESULT, TERMINATION, RUN, SANDBOX_STATUS = "result", "termination", "run", "sandbox"
_TERMINATION_BYTES = 4096
_SMALL = 65536
_START_SECONDS = 10.0
_SOON_SECONDS, _SOON_TRIES = 0.005, 2000


@dataclass(frozen=True)
class Started:
    """That a container was started, when, and by which waiter (None for what runs inside the kubelet)."""

    at: datetime
    waiter: ProcessIdentity | None


@dataclass(frozen=True)
class Ended:
    """How a container ended. `reason` is "" when the exit code says it all."""

    exit_code: int
    at: datetime
    reason: str = ""
    message: str = ""


@dataclass(frozen=True)
class ContainerRecord:
    """One container's directory. Reading it again gives the newest state; nothing is cached."""

    directory: Path
    pod_uid: str
    name: str

    def path(self, name: str) -> Path:
        """A file of the record."""
        return self.directory / name

    def has(self, name: str) -> bool:
        """Whether a file of the record is there."""
        return os.path.exists(f"{self.directory}/{name}")

    def make(self) -> None:
        """Makes the directory."""
        with contextlib.suppress(FileExistsError):
            os.mkdir(self.directory, 0o700)

    def started(self) -> Started | None:
        """None when the command has never been started."""
        found = _read(f"{self.directory}/{STARTED}")
        if found is None:
            return None
        boot, _, stat = found[0].partition(" ")
        return Started(found[1], identity_of(stat, boot))

    def is_running(self) -> bool:
        """Whether the waiter lives and has not written an exit code yet."""
        started = self.started()
        return bool(started and started.waiter and self.ended() is None and started.waiter.is_alive())

    def is_starting(self) -> bool:
        """Whether a waiter was started a moment ago and has not made its mark yet."""
        found = _read(f"{self.directory}/{RUN}")
        if found is None or self.has(STARTED) or self.has(EXIT):
            return False
        return (datetime.now(UTC) - found[1]).total_seconds() < _START_SECONDS

    def command(self) -> ProcessIdentity | None:
        """The leader of the command's session, where the runtime has no pid namespace."""
        found = _read(f"{self.directory}/{COMMAND}")
        return None if found is None else identity_of(found[0], boot_id())

    def ended(self) -> Ended | None:
        """None while it runs, and while its waiter is gone without a word."""
        found = _read(f"{self.directory}/{EXIT}")
        if found is None:
            return None
        line, complete, more = found[0].partition("\n")
        if not complete or not line.isdigit():
            return None
        said = json.loads(more) if more.strip() else {}
        return Ended(int(line), found[1], said.get("reason", ""), said.get("message", ""))

    def mark_started(self) -> None:
        """Marks a container that runs inside the kubelet as started; the first mark stays."""
        with contextlib.suppress(FileExistsError):
            os.close(os.open(f"{self.directory}/{STARTED}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))

    def write_exit(self, exit_code: int, reason: str = "", message: str = "") -> Ended:
        """Writes down an end that no waiter saw; what is written already stays. Returns what stands there now."""
        temporary = f"{self.directory}/{EXIT}.new"
        said = json.dumps({"reason": reason, "message": message}) + "\n" if reason or message else ""
        with open(temporary, "w", encoding="utf-8") as file:
            file.write(f"{exit_code}\n{said}")
        with contextlib.suppress(FileExistsError):
            os.link(temporary, f"{self.directory}/{EXIT}")
        os.unlink(temporary)
        ended = self.ended()
        return ended or Ended(exit_code, datetime.now(UTC), reason, message)

    def replace_exit(self, exit_code: int, reason: str, message: str) -> Ended:
        """Puts a better account of the end in the place of the waiter's; the time stays."""
        path = self.path(EXIT)
        before = path.stat()
        temporary = self.path(EXIT + ".new")
        temporary.write_text(f"{exit_code}\n{json.dumps({'reason': reason, 'message': message})}\n")
        os.utime(temporary, ns=(before.st_atime_ns, before.st_mtime_ns))
        temporary.replace(path)
        return Ended(exit_code, datetime.fromtimestamp(before.st_mtime, UTC), reason, message)

    def termination_message(self) -> str:
        """What the command left in its termination log, at most 4096 bytes."""
        found = _read(f"{self.directory}/{TERMINATION}")
        return "" if found is None else found[0][:_TERMINATION_BYTES]

    def append_log(self, text: str) -> None:
        """Adds lines to the log of a container that runs inside the kubelet; makes the log."""
        with open(f"{self.directory}/{LOG}", "a", encoding="utf-8", errors="replace") as file:
            file.write(text)


def identity_of(stat: str, boot: str) -> ProcessIdentity | None:
    """Reads a line of /proc/PID/stat; None when it is cut short."""
    pid, _, rest = stat.partition(" ")
    fields = rest.rpartition(")")[2].split()
    if not pid.isdigit() or len(fields) < 20:
        return None
    return ProcessIdentity(int(pid), int(fields[19]), boot)


async def soon(look: Callable[[], T | None], record: ContainerRecord) -> T | None:
    """What `look` finds once the waiter has got that far; None when it never does.

    Asked for again and again: this is for the few milliseconds between a waiter's start and its command's.
    """
    for _ in range(_SOON_TRIES):
        found = look()
        if found is not None or not (record.is_starting() or record.is_running()):  # one follows the other
            return found
        await asyncio.sleep(_SOON_SECONDS)
    return None


def parent_of(pid: int) -> int | None:
    """Pid of a process's parent, None when the process is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return int(file.read().rpartition(")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return None


def _read(path: str) -> tuple[str, datetime] | None:
    """A small file's text and time, None when it is not there. On the way of every container, so without frills."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        text = os.read(descriptor, _SMALL).decode("utf-8", "replace")
        return text, datetime.fromtimestamp(os.fstat(descriptor).st_mtime, UTC)
    finally:
        os.close(descriptor)
