"""The command line on a real terminal: colours, redrawing, and nothing hostile."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from fcntl import ioctl
from pathlib import Path
from select import select

import pytest

from argotui.model.keys import LABEL_COMPLETED
from argotui.model.resources import WORKFLOWS
from tests.cluster.test_cli import SECONDS, Server
from tests.unit.services.workflows import gate, node, workflow


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    directory = Path(tmp_path_factory.mktemp("cli-terminal")) / "local"
    directory.mkdir(mode=0o700)
    running = Server(directory)
    yield running
    running.process.terminate()
    assert running.process.wait(20) == 0


class OnTerminal:
    """One command line on a terminal of 80×24; `seen` is what it wrote."""

    def __init__(self, server: Server, *arguments: str, **environ: str) -> None:
        self._master, slave = pty.openpty()
        ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        environment = {k: v for k, v in server.environment.items() if k != "NO_COLOR"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "argotui", "-n", "argo", *arguments],
            env={**environment, "TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8", **environ},
            stdin=slave, stdout=slave, stderr=slave,
        )  # fmt: skip
        os.close(slave)
        self.seen = ""

    def until(self, wanted: Callable[[str], bool]) -> str:
        """Reads until `wanted` is true of all that was written, or until the end."""
        deadline = time.monotonic() + SECONDS
        while not wanted(self.seen) and self._read(deadline):
            pass
        return self.seen

    def _read(self, deadline: float) -> bool:
        ready, _, _ = select([self._master], [], [], max(0, deadline - time.monotonic()))
        assert ready, f"nothing more came: {self.seen[-500:]!r}"
        try:
            found = os.read(self._master, 65536)
        except OSError:
            return False
        self.seen += found.decode()
        return bool(found)

    def end(self) -> int:
        """Waits for the end; returns the exit code."""
        self.until(lambda _: False)
        os.close(self._master)
        return self.process.wait(SECONDS)


def test_get_in_colours_and_nothing_hostile(server: Server) -> None:
    flow = workflow("evil", nodes=[node("evil", "", message="\x1b[2J\x1b]0;title\x07 \u202e gone")])
    flow["status"]["message"] = "bell \x07 and \x9b31m"
    server.create(WORKFLOWS, flow)
    shown = OnTerminal(server, "get", "evil")
    assert shown.end() == 0
    assert "\x1b[36m●\x1b[0m evil" in shown.seen
    assert "␛[2J" in shown.seen
    rest = re.sub(r"\x1b\[[0-9;]*m", "", shown.seen)
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202e]", rest)


@pytest.mark.parametrize("how", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colours_can_be_refused(server: Server, how: dict[str, str]) -> None:
    shown = OnTerminal(server, "list", **how)
    assert shown.end() == 0
    assert "\x1b" not in shown.seen


def test_watch_draws_over_itself_and_leaves_the_last_picture(server: Server) -> None:
    server.create(WORKFLOWS, gate("watched"))
    watching = OnTerminal(server, "watch", "watched")
    first = watching.until(lambda seen: "approve" in seen and "\x1b[J" in seen)
    assert "Running (Suspended)" in first
    assert first.index("\x1b[?7l") < first.index("\x1b[?7h")

    async def finish() -> None:
        async with server.client() as client:
            done = {"metadata": {"labels": {LABEL_COMPLETED: "true"}}, "status": {"phase": "Succeeded"}}
            await client.patch(WORKFLOWS, "watched", done, "argo")

    asyncio.run(finish())
    assert watching.end() == 0
    last = watching.seen.rpartition("\x1b[2J")[2]
    assert "Succeeded" in last
    assert "approve" in last
