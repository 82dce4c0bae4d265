"""Absolute paths that only one pod may use at a time, where pods share the machine's /tmp.

A claim is a file in a directory that all local clusters of this user share. It is good as long as the kubelet that
made it lives, or a container of the pod runs; so a kubelet that is killed loses no claim, and none stays for ever.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath

from argotui.config.paths import private_directory
from argotui.local.runtime.records import ContainerRecord
from argotui.local.supervisor.process import ProcessIdentity

_FOREIGN_SECONDS = 0.2
"""How often a path is asked for again that another cluster uses: there is no event for that."""


@dataclass(frozen=True)
class _Claim:
    path: str
    pod_uid: str
    pods: str
    kubelet: ProcessIdentity

    def is_good(self) -> bool:
        return self.kubelet.is_alive() or _runs(Path(self.pods, self.pod_uid), self.pod_uid)

    def excludes(self, path: str) -> bool:
        mine, other = PurePosixPath(path), PurePosixPath(self.path)
        return mine.is_relative_to(other) or other.is_relative_to(mine)


class Claims:
    """The claims of one kubelet's pods, beside everybody else's."""

    def __init__(self, pods: Path, directory: Path | None = None) -> None:
        self._pods = pods
        self._directory = private_directory(directory or Path(f"/tmp/argotui-claims-{os.geteuid()}"))
        identity = ProcessIdentity.of(os.getpid())
        assert identity is not None, "this process runs"
        self._identity = identity
        self._released = asyncio.Condition()
        self._adopt()

    async def take(self, pod_uid: str, paths: Sequence[str]) -> None:
        """Returns when all paths are this pod's; takes them all or none, so that no two pods wait for each other."""
        while not self._try(pod_uid, paths):
            async with self._released:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._released.wait(), _FOREIGN_SECONDS)

    async def release(self, pod_uid: str) -> list[str]:
        """Gives up the pod's claims; returns the paths."""
        with self._locked():
            mine = [claim for claim in self._all() if claim.pod_uid == pod_uid]
            for claim in mine:
                self._file(claim.path).unlink(missing_ok=True)
        async with self._released:
            self._released.notify_all()
        return [claim.path for claim in mine]

    def held_by(self, pod_uid: str) -> list[str]:
        """The paths that are this pod's."""
        return [claim.path for claim in self._all() if claim.pod_uid == pod_uid]

    def _adopt(self) -> None:
        """Takes over what an earlier kubelet of this cluster has claimed: outputs may still have to be read there."""
        with self._locked():
            for claim in self._all():
                if claim.pods != str(self._pods):
                    continue
                if (self._pods / claim.pod_uid).exists():
                    self._write(replace(claim, kubelet=self._identity))
                else:
                    self._file(claim.path).unlink(missing_ok=True)

    def _write(self, claim: _Claim) -> None:
        self._file(claim.path).write_text(json.dumps(asdict(claim)))

    def _try(self, pod_uid: str, paths: Sequence[str]) -> bool:
        with self._locked():
            for claim in self._all():
                if claim.pod_uid != pod_uid and any(claim.excludes(path) for path in paths):
                    if claim.is_good():
                        return False
                    self._file(claim.path).unlink(missing_ok=True)
            for path in paths:
                self._write(_Claim(path, pod_uid, str(self._pods), self._identity))
        return True

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        descriptor = os.open(self._directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _file(self, path: str) -> Path:
        return self._directory / f"{hashlib.sha256(path.encode(errors='surrogateescape')).hexdigest()[:32]}.json"

    def _all(self) -> Iterator[_Claim]:
        for file in list(self._directory.glob("*.json")):
            with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
                found = json.loads(file.read_text())
                kubelet = ProcessIdentity(**found.pop("kubelet"))
                yield _Claim(**found, kubelet=kubelet)


def _runs(pod_directory: Path, pod_uid: str) -> bool:
    """Whether a container of the pod was started and its waiter lives."""
    directories = (pod_directory / "containers").glob("*")
    return any(ContainerRecord(directory, pod_uid, directory.name).is_running() for directory in directories)
