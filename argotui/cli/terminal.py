"""What may be printed where: colours only on a terminal that wants them, signs that it can show, nothing hostile."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

from argotui.engine.glyphs import ASCII, UNICODE, Glyphs, State
from argotui.store.text import neutralise

_COLORS: Mapping[State, str] = {
    State.PENDING: "33",
    State.RUNNING: "36",
    State.WAITING: "35;1",
    State.SUCCEEDED: "32",
    State.SKIPPED: "2",
    State.OMITTED: "2",
    State.FAILED: "31",
    State.ERROR: "31;1",
    State.PLANNED: "2",
}
_POD_COLORS = ("31", "32", "33", "34", "35", "36", "91", "92", "94", "95", "96")


@dataclass(frozen=True)
class Terminal:
    """How to write to one stream."""

    is_tty: bool
    color: bool
    glyphs: Glyphs
    width: int

    def paint(self, text: str, state: State) -> str:
        """The text in the colour of a state."""
        return self.sgr(text, _COLORS[state])

    def sgr(self, text: str, code: str) -> str:
        """The text with SGR attributes; plain where there are no colours."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.color and text else text

    def of_pod(self, text: str, pod: str) -> str:
        """The text in a colour that stays the same for a pod."""
        return self.sgr(text, _POD_COLORS[sum(pod.encode()) % len(_POD_COLORS)])

    def safe(self, text: str) -> str:
        """Cluster text as part of one line, unable to do anything to a terminal or to the rows of a print-out."""
        return neutralise(text)


def terminal(
    stream: TextIO = sys.stdout,
    *,
    no_color: bool = False,
    no_utf8: bool = False,
    environ: Mapping[str, str] = os.environ,
) -> Terminal:
    """What the stream can show. `NO_COLOR` and `TERM=dumb` are heeded; UTF-8 signs need a UTF-8 stream."""
    is_tty = stream.isatty()
    dumb = environ.get("TERM") == "dumb" or bool(environ.get("NO_COLOR"))
    utf8 = (stream.encoding or "").lower().replace("-", "") == "utf8"
    return Terminal(
        is_tty=is_tty,
        color=is_tty and not no_color and not dumb,
        glyphs=UNICODE if utf8 and not no_utf8 else ASCII,
        width=_width(stream) if is_tty else 0,
    )


def _width(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns
    except OSError:
        return 0


def complain(text: str, prefix: str = "argotui: ") -> None:
    """One line on stderr, made safe when a person reads it there."""
    line = " ".join(text.splitlines())
    print(f"{prefix}{neutralise(line) if sys.stderr.isatty() else line}", file=sys.stderr)


def confirmed(what: str, word: str) -> bool:
    """Whether the person at the terminal types the word; where there is none, `--yes` is asked for."""
    if not sys.stdin.isatty():
        complain(f"{what}; say --yes to confirm")
        return False
    try:
        return input(f"{neutralise(what)}. Type '{word}' to confirm: ").strip() == word
    except EOFError:
        return False
