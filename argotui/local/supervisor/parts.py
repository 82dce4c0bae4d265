"""The three processes of the local cluster, and how each is started, adopted, restarted and ended."""

import asyncio
import logging
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from argotui.local.supervisor.process import ProcessIdentity, resident_bytes

log = logging.getLogger(__name__)

READY_LINE = b"ready"
_READY_SECONDS = 60.0
_STOP_SECONDS = 10.0
_LONGEST_DELAY = 5.0
_HEALTHY_SECONDS = 2.0
_LOG_BYTES = 16 * 1024 * 1024
_LAST_WORDS_BYTES = 2000
_STAMP = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ [A-Z]+ ")


class PartFailed(Exception):
    """A process of the cluster ended, or said nothing, before it was ready."""


@dataclass(frozen=True)
class PartCommand:
    """How one process is started: its name and the arguments after the interpreter."""

    name: str
    arguments: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)


class Part:
    """One supervised process. It is started, or adopted when a former supervisor left it running."""

    def __init__(self, command: PartCommand, directory: Path, changed: Callable[[], None]) -> None:
        self.name = command.name
        self.restarts = 0
        self.failed_starts = 0
        """Starts, since the supervisor runs, that never became ready."""
        self.ready = False
        self.last_error = ""
        self._command = command
        self._identity: ProcessIdentity | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._state_path = directory / "run" / f"{command.name}.json"
        self._log_path = directory / "logs" / f"{command.name}.log"
        self._changed = changed
        self._started_at = 0.0
        self._log_start = 0
        """Size of the log when the process was started: what follows is its own."""

    @property
    def log_path(self) -> Path:
        """Where the process writes what it has to say."""
        return self._log_path

    def describe(self) -> dict[str, object]:
        """What `argotui local status` shows of it."""
        identity = self._identity
        return {
            "name": self.name,
            "pid": identity.pid if identity else None,
            "ready": self.ready,
            "restarts": self.restarts,
            "rss": resident_bytes(identity.pid) if identity else None,
            "lastError": self.last_error,
            "log": str(self._log_path),
        }

    async def run_once(self) -> None:
        """Starts or adopts the process, and returns when it has ended. Raises PartFailed when it never got ready."""
        self._started_at = time.monotonic()
        identity = ProcessIdentity.read(self._state_path)
        if identity is not None and identity.is_alive():
            log.info("%s: adopted, pid %d", self.name, identity.pid)
            self._identity = identity
        else:
            try:
                identity = self._spawn()
            except OSError as error:  # a disk that is full or read-only is no reason to give up the others
                raise PartFailed(f"cannot be started: {error}") from error
        try:
            if self._child is not None:
                await self._wait_until_ready(self._child, identity)
            self._set_ready(True)
            await identity.ended()
        finally:
            self._set_ready(False)
            self._reap()

    async def supervise(self) -> None:
        """Keeps the process running until cancelled."""
        delay = 0.0
        while True:
            try:
                await self.run_once()
                self.last_error = f"ended unexpectedly; its last words are in {self._log_path}"
            except PartFailed as failure:
                self.last_error = str(failure)
                self.failed_starts += 1
                self._changed()
            log.warning("%s: %s", self.name, self.last_error)
            if time.monotonic() - self._started_at > _HEALTHY_SECONDS:
                delay = 0.0
            await asyncio.sleep(delay)  # back-off: a process that cannot start must not use up the machine
            delay = min(_LONGEST_DELAY, max(0.1, delay * 2))
            self.restarts += 1

    async def stop(self) -> None:
        """Ends the process: SIGTERM, and SIGKILL when it does not end."""
        identity = self._identity
        if identity is None:
            return
        if identity.send(signal.SIGTERM):
            try:
                await asyncio.wait_for(identity.ended(), _STOP_SECONDS)
            except TimeoutError:
                log.warning("%s: did not end within %g s, killed", self.name, _STOP_SECONDS)
                identity.send(signal.SIGKILL)
                await identity.ended()
        self._reap()
        try:
            self._state_path.unlink(missing_ok=True)
        except OSError as error:  # the process that it names has ended: the next start sees that
            log.warning("%s: %s", self.name, error)

    def _spawn(self) -> ProcessIdentity:
        keep_small(self._log_path)
        with self._log_path.open("ab") as output:
            self._log_start = output.tell()
            child = subprocess.Popen(
                [sys.executable, "-m", *self._command.arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=output,
                start_new_session=True,
                env={**os.environ, **self._command.environment},
            )
        identity = ProcessIdentity.of(child.pid)
        if identity is None:
            child.wait()
            raise PartFailed(f"ended at once with code {child.returncode}; see {self._log_path}")
        try:
            identity.write(self._state_path)
        except OSError:
            child.kill()  # nobody could find it again
            child.wait()
            raise
        self._child, self._identity = child, identity
        log.info("%s: started, pid %d", self.name, child.pid)
        return identity

    async def _wait_until_ready(self, child: subprocess.Popen[bytes], identity: ProcessIdentity) -> None:
        assert child.stdout is not None
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), child.stdout)
        try:
            async with asyncio.timeout(_READY_SECONDS):
                async for line in reader:
                    if line.strip() == READY_LINE:
                        return
            reason = "ended before it was ready"
        except TimeoutError:
            reason = f"was not ready within {_READY_SECONDS:g} s"
        finally:
            transport.close()
        # its output is closed a moment before it is gone; only then may the next one start
        child.kill()
        await identity.ended()
        said = last_words(self._log_path, self._log_start)
        raise PartFailed(f"{reason}{': ' if said else ''}{said}; see {self._log_path}")

    def _reap(self) -> None:
        """Forgets the process if it has ended; a supervisor that is told to leave keeps it to end it in order."""
        if self._child is not None and self._child.poll() is not None:
            self._child = None
        if self._identity is not None and not self._identity.is_alive():
            self._identity = None

    def _set_ready(self, ready: bool) -> None:
        self.ready = ready
        self._changed()


def last_words(path: Path, start: int = 0) -> str:
    """The last line that was written to a log after its first `start` bytes, without time and level; "" for none."""
    try:
        with path.open("rb") as file:
            file.seek(max(start, path.stat().st_size - _LAST_WORDS_BYTES))
            lines = file.read().decode(errors="replace").split("\n")
    except OSError:
        return ""
    said = next((line for line in reversed(lines) if line.strip()), "")
    return _STAMP.sub("", said).strip()


def keep_small(path: Path) -> None:
    """Moves a log that has grown past its limit aside; one older log is kept."""
    if path.exists() and path.stat().st_size > _LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
