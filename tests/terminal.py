"""A terminal of our own: a program in a real pty, and the screen that it draws, as pyte sees it."""

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyte

KEYS = {"enter": "\r", "esc": "\x1b", "tab": "\t", "up": "\x1b[A", "down": "\x1b[B", "backspace": "\x7f"}
KEYS |= {f"ctrl+{letter}": chr(ord(letter) - 96) for letter in "abcdefghijklmnopqrstuvwxyz"}


class ScreenTimeout(AssertionError):
    """What was waited for did not appear; the message holds the screen."""


class Terminal:
    """Runs a program in a pty of `columns` × `rows`. Everything it ever wrote is in `written`."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], *, columns: int = 120, rows: int = 40
    ) -> None:
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.written = bytearray()
        self.exit_code: int | None = None
        self.started = time.monotonic()
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.execvpe(command[0], list(command), {**environment, "TERM": "xterm-256color", "COLORTERM": "truecolor"})
        self.resize(columns, rows)
        self.modes: list[Any] = termios.tcgetattr(self._fd)

    def resize(self, columns: int, rows: int) -> None:
        """Changes the window's size, as a user who drags its corner does."""
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.screen.resize(rows, columns)

    def read(self, seconds: float) -> int:
        """Takes what the program writes within `seconds`; returns after the first piece, with its length."""
        ready, _, _ = select.select([self._fd], [], [], seconds)
        if not ready:
            return 0
        try:
            piece = os.read(self._fd, 65536)
        except OSError:  # the other side is closed
            piece = b""
        if not piece and self.exit_code is None:
            self._reap()
        self.written += piece
        self._stream.feed(piece)
        return len(piece)

    def press(self, *keys: str) -> None:
        """Types keys by name (`enter`, `esc`, …) or as text."""
        for key in keys:
            os.write(self._fd, KEYS.get(key, key).encode())

    @property
    def text(self) -> str:
        """The screen as it is now."""
        return "\n".join(line.rstrip() for line in self.screen.display)

    def wait(self, what: str | Callable[[str], bool], seconds: float = 20) -> str:
        """Reads until the screen holds `what`. Raises ScreenTimeout."""
        check = what if callable(what) else (lambda screen: what in screen)
        deadline = time.monotonic() + seconds
        while not check(self.text):
            left = deadline - time.monotonic()
            if left <= 0 or (self.exit_code is not None and not self.read(0)):
                raise ScreenTimeout(f"not on the screen: {what!r} ({self._state()})\n{self.text}")
            self.read(min(left, 0.5))
        return self.text

    def _state(self) -> str:
        """For the message of a failed test: an empty screen alone says nothing."""
        last = bytes(self.written[-200:])
        size = f"{self.screen.columns}x{self.screen.lines}"
        return f"exit code {self.exit_code}, {size}, {len(self.written)} bytes written, the last: {last!r}"

    def wait_for_exit(self, seconds: float = 10) -> int:
        """Reads until the program has ended; returns its exit code."""
        deadline = time.monotonic() + seconds
        while self.exit_code is None:
            if time.monotonic() > deadline:
                raise ScreenTimeout(f"the program has not ended\n{self.text}")
            self.read(0.2)
        return self.exit_code

    def close(self) -> None:
        """Ends the program if it still runs."""
        if self.exit_code is None:
            os.kill(self.pid, signal.SIGKILL)
            self._reap()
        os.close(self._fd)

    def _reap(self) -> None:
        _, status = os.waitpid(self.pid, 0)
        self.exit_code = os.waitstatus_to_exitcode(status)
