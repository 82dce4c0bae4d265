"""Log lines as text: raw bytes into a pipe, safe and coloured on a terminal."""

from __future__ import annotations

import re
import sys

from argotui.cli.terminal import Terminal
from argotui.services.log_stream import LogLine
from argotui.store.ansi import PLAIN, Style, parse_ansi, with_escapes


class LogPrinter:
    """Prints `pod: text`. `grep` keeps the lines that match; on a terminal colours survive and nothing else does."""

    def __init__(self, terminal: Terminal, *, timestamps: bool = False, grep: re.Pattern[bytes] | None = None) -> None:
        self._terminal = terminal
        self._timestamps = timestamps
        self._grep = grep
        self._styles: dict[str, Style] = {}

    def print(self, line: LogLine) -> bool:
        """Prints one line; False when it was filtered out."""
        if self._grep and not self._grep.search(line.text):
            return False
        stamp = f"{line.time} " if self._timestamps else ""
        if self._terminal.is_tty:
            print(self._shown(line, stamp), flush=True)
        else:
            sys.stdout.buffer.write(f"{line.source.pod}: {stamp}".encode() + line.text + b"\n")
            sys.stdout.buffer.flush()
        return True

    def _shown(self, line: LogLine, stamp: str) -> str:
        pod = line.source.pod
        text = line.text.decode("utf-8", "replace").removesuffix("\r")
        parsed = parse_ansi(text, self._styles.get(pod, PLAIN))
        self._styles[pod] = parsed.after
        shown = with_escapes(parsed) if self._terminal.color else parsed.text
        return f"{self._terminal.of_pod(f'{self._terminal.safe(pod)}:', pod)} {stamp}{shown}"
