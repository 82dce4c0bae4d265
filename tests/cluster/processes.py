"""The API server and a scripted controller as real processes, for the tests of the controller's loop."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

# as long as on a cluster: no machine is so slow that a lease is lost by it; who restarts takes its own back at once
_LEASE = {
    "LEADER_ELECTION_LEASE_DURATION": "30s",
    "LEADER_ELECTION_RENEW_DEADLINE": "25s",
    "LEADER_ELECTION_RETRY_PERIOD": "200ms",
}
SHORT_LEASE = {
    "LEADER_ELECTION_LEASE_DURATION": "3s",
    "LEADER_ELECTION_RENEW_DEADLINE": "2s",
    "LEADER_ELECTION_RETRY_PERIOD": "200ms",
}
"""For those who wait until a lease has run out."""


class Process:
    """A child that says `ready`. Its log is kept for the message of a failed test."""

    def __init__(self, log: Path, module: str, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        self.log = log
        self._command = [sys.executable, "-m", module, *arguments]
        self._environment = {**os.environ, **_LEASE, **(environment or {})}
        self._child: subprocess.Popen[bytes] | None = None

    def start(self, *, wait: bool = True) -> None:
        with self.log.open("ab") as output:
            self._child = subprocess.Popen(
                self._command, stdout=subprocess.PIPE, stderr=output, env=self._environment, stdin=subprocess.DEVNULL
            )
        if wait:
            self.wait_ready()

    def wait_ready(self) -> None:
        assert self._child is not None
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        assert line == b"ready\n", f"{self._command}: {line!r}\n{self.words()}"

    @property
    def pid(self) -> int:
        """Of the started process."""
        assert self._child is not None
        return self._child.pid

    def send(self, number: int) -> None:
        assert self._child is not None
        self._child.send_signal(number)

    def kill(self) -> None:
        """kill -9, and it is gone when this returns."""
        self.send(signal.SIGKILL)
        self.ended()

    def ended(self) -> int:
        assert self._child is not None
        assert self._child.stdout is not None
        code = self._child.wait(20)
        self._child.stdout.close()
        return code

    def stop(self) -> None:
        """Ends it as a person would, so that it leaves no lease behind."""
        if self._child is not None and self._child.poll() is None:
            self.send(signal.SIGCONT)
            self.send(signal.SIGTERM)
            try:
                self.ended()
            except subprocess.TimeoutExpired:
                self.kill()

    def words(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-40:])


class Bench:
    """One API server, and controllers as asked for."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.kubeconfig = str(directory / "kubeconfig")
        self.apiserver = Process(directory / "apiserver.log", "argotui.local.apiserver", "--dir", str(directory))
        self._controllers: list[Process] = []
        self._made = 0

    def controller(self, *flags: str, **environment: str) -> Process:
        """A scripted controller, not started yet."""
        self._made += 1
        made = Process(
            self.directory / f"controller-{self._made}.log",
            "tests.cluster.scripted",
            "--kubeconfig",
            self.kubeconfig,
            *flags,
            environment={"XDG_STATE_HOME": str(self.directory / "state"), **environment},
        )
        self._controllers.append(made)
        return made

    def stop_controllers(self) -> None:
        for each in self._controllers:
            each.stop()
        self._controllers.clear()


@contextlib.contextmanager
def bench(directory: Path) -> Iterator[Bench]:
    """Everything is ended when the block is left."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = Bench(directory)
    made.apiserver.start()
    try:
        yield made
    finally:
        made.stop_controllers()
        made.apiserver.stop()
