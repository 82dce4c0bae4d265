"""A real API server process for tests, and a plain HTTP client for it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.cluster.apiclient import (
    CONFIGMAPS,
    JSON,
    MERGE,
    METADATA,
    METADATA_LIST,
    PODS,
    TABLE,
    WORKFLOWS,
    ApiClient,
    Document,
    Watch,
    configmap,
    pod,
    until,
)

__all__ = [
    "CONFIGMAPS",
    "JSON",
    "MERGE",
    "METADATA",
    "METADATA_LIST",
    "PODS",
    "TABLE",
    "WORKFLOWS",
    "ApiClient",
    "ApiServer",
    "Document",
    "Watch",
    "configmap",
    "pod",
    "running",
    "until",
]

# a start takes three times as long when Python may not keep what it has compiled
_COMPILED = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


class ApiServer(ApiClient):
    """The server of one directory. `options` go on its command line."""

    def __init__(self, directory: Path, *options: str) -> None:
        super().__init__(directory)
        self.options = options
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> ApiServer:
        """Starts it; returns when it is ready."""
        with (self.directory.parent / "apiserver.log").open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "argotui.local.apiserver", "--dir", str(self.directory), *self.options],
                stdout=subprocess.PIPE, stderr=log, text=True, env=_COMPILED,
            )  # fmt: skip
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n", (self.directory.parent / "apiserver.log").read_text()
        self.hang_up()
        return self

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Sends a signal and waits; returns the exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        code = self.process.wait(timeout=20)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code

    def kill(self) -> None:
        """kill -9."""
        self.end(signal.SIGKILL)

    @property
    def url(self) -> str:
        """https://127.0.0.1:PORT"""
        return (self.directory / "endpoint").read_text().strip()

    @property
    def token(self) -> str:
        """The bearer token."""
        return (self.directory / "token").read_text().strip()


@contextlib.contextmanager
def running(directory: Path, *options: str) -> Iterator[ApiServer]:
    """A started server that is ended afterwards."""
    server = ApiServer(directory / "local", *options).start()
    try:
        yield server
    finally:
        if server.process is not None and server.process.poll() is None:
            server.end()
