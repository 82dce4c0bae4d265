"""Copying over SSH: OSC 52, wrapped for tmux, with a limit. What is too long goes to a file instead."""

from __future__ import annotations

import base64
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

LIMIT = 74_994
"""Characters of base64 that terminals are known to take."""


def osc52(text: str, environ: Mapping[str, str]) -> str | None:
    """The sequence that puts a text on the terminal's clipboard; None when it is too long for that."""
    packed = base64.b64encode(text.encode("utf-8", "replace")).decode("ascii")
    if len(packed) > LIMIT:
        return None
    sequence = f"\x1b]52;c;{packed}\x07"
    if not environ.get("TMUX"):
        return sequence
    return "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + "\x1b\\"


def to_file(text: str) -> Path:
    """Writes the text to a file of its own, readable by its owner only."""
    handle, name = tempfile.mkstemp(prefix="argotui-copy-", suffix=".txt")
    with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
        file.write(text)
    return Path(name)
