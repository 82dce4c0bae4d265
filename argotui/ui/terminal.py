"""What is set before Textual is imported, and what restores the terminal when the connection drops."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, MutableMapping
from pathlib import Path

from argotui.config.paths import state_dir

FRAMES = {"local": "30", "ssh": "10"}
"""Frames per second at most."""
ESCAPE_WAIT = {"local": "100", "ssh": "300"}
"""Milliseconds to wait for the rest of a sequence after ESC; on a jittery link it may come in pieces."""
GRACE = 3.0
"""Seconds for the console to end by itself after SIGHUP or SIGTERM; writing to a terminal that is gone may block."""
_OLD_MODES = "\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l"
"""Mouse reporting off: a program before us may have left it on."""


def prepare_environment(environ: MutableMapping[str, str]) -> None:
    """Settings that Textual reads when it is imported. What a person has set stays."""
    link = "ssh" if environ.get("SSH_CONNECTION") or environ.get("SSH_TTY") else "local"
    settings = {
        "TEXTUAL_FPS": FRAMES[link],
        "ESCDELAY": ESCAPE_WAIT[link],
        "TEXTUAL_ANIMATIONS": "none",
        "TEXTUAL_SMOOTH_SCROLL": "0",
        "TEXTUAL_DISABLE_KITTY_KEY": "1",  # only classic keys are bound, so that they work everywhere
    }
    for name, value in settings.items():
        environ.setdefault(name, value)
    for name in ("COLUMNS", "LINES"):
        environ.pop(name, None)  # exported once, they would hold against every change of the window's size
    if "NO_COLOR" in environ:
        environ.setdefault("TEXTUAL_THEME", "ansi-dark")  # else Textual turns colours into grey ones


def log_to_file() -> Path:
    """Sends all logging to a file: a line on stderr would be drawn across the screen."""
    path = state_dir() / "console.log"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handler = logging.FileHandler(path, mode="w", encoding="utf-8", errors="replace", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.captureWarnings(True)
    return path


def reset_modes() -> None:
    """Ends modes that a program before us may have left behind."""
    sys.__stderr__.write(_OLD_MODES) if sys.__stderr__ and sys.__stderr__.isatty() else None


def on_hangup(leave: Callable[[], None]) -> None:
    """Calls `leave` on SIGHUP and SIGTERM, and ends the process for good if that takes too long."""
    loop = asyncio.get_running_loop()

    def left() -> None:
        watchdog = threading.Timer(GRACE, os._exit, (129,))
        watchdog.daemon = True
        watchdog.start()
        leave()

    for number in (signal.SIGHUP, signal.SIGTERM):
        loop.add_signal_handler(number, left)
