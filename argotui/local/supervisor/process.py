"""Processes that outlive whoever started them: how to recognise one, and how to learn that it ended.

A pid alone is not an identity, since the kernel hands it out again. Pid, start time and boot id together are.
"""

import asyncio
import contextlib
import json
import os
import signal
from dataclasses import asdict, dataclass
from pathlib import Path

_POLL_SECONDS = 0.2
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
# counted from the fields after the command name in /proc/PID/stat, which may itself hold spaces and parentheses
_STATE, _START_TICKS, _RSS_PAGES = 0, 19, 21


def boot_id() -> str:
    """An identifier of this run of the kernel; empty where /proc does not tell."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""


def _stat_fields(pid: int) -> list[str] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return text.rpartition(")")[2].split()


def start_ticks(pid: int) -> int | None:
    """When the process started, in clock ticks since boot; None when there is no live process of this pid."""
    fields = _stat_fields(pid)
    if fields is None or fields[_STATE] in "ZX":
        return None
    return int(fields[_START_TICKS])


def resident_bytes(pid: int) -> int | None:
    """Resident memory of the process in bytes, None when it is gone."""
    fields = _stat_fields(pid)
    return None if fields is None else int(fields[_RSS_PAGES]) * os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class ProcessIdentity:
    """One process, recognisable after whoever started it is gone."""

    pid: int
    start_ticks: int
    boot_id: str

    @classmethod
    def of(cls, pid: int) -> "ProcessIdentity | None":
        """The identity of a live process, None when it has ended already."""
        ticks = start_ticks(pid)
        return None if ticks is None else cls(pid, ticks, boot_id())

    @classmethod
    def read(cls, path: Path) -> "ProcessIdentity | None":
        """What `write` has left at `path`; None when nothing (readable) is there."""
        try:
            return cls(**json.loads(path.read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, path: Path) -> None:
        """Leaves the identity at `path`, in one step."""
        temporary = path.with_suffix(".new")
        temporary.write_text(json.dumps(asdict(self)))
        temporary.replace(path)

    def is_alive(self) -> bool:
        """Whether this very process still runs."""
        return boot_id() == self.boot_id and start_ticks(self.pid) == self.start_ticks

    def send(self, number: signal.Signals) -> bool:
        """Sends a signal; False when the process has ended."""
        if not self.is_alive():
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)
            return True
        return False

    async def ended(self) -> None:
        """Returns when the process has ended, also when it is not a child of this one."""
        try:
            descriptor = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return
        except OSError:
            await self._poll()
            return
        try:
            if self.is_alive():
                await _readable(descriptor)
        finally:
            os.close(descriptor)

    async def _poll(self) -> None:
        """For kernels without pidfd (before 5.3)."""
        while self.is_alive():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(_POLL_SECONDS)


async def _readable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    event = asyncio.Event()
    loop.add_reader(descriptor, event.set)
    try:
        await event.wait()
    finally:
        loop.remove_reader(descriptor)
