"""Removing what steps have left, by `rm`: it copes with trees of any depth, and leaves the event loop alone."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Sequence


async def remove(paths: Sequence[str]) -> str:
    """Returns why something is left, "" when nothing is. Links are removed, not followed."""
    code, said = await _run("rm", "-rf", "--one-file-system", "--", *paths)
    if code == 0:
        return ""
    # steps take permissions away, and so does the kernel from an overlay's work directory
    closed = [path for path in paths if os.path.isdir(path) and not os.path.islink(path)]
    if closed:
        await _run("chmod", "-R", "u+rwX", "--", *closed)
    code, said = await _run("rm", "-rf", "--", *paths)
    return "" if code == 0 else said or f"rm ended with code {code}"


async def _run(*words: str) -> tuple[int, str]:
    """Exit code and the last line on stderr."""
    process = await asyncio.create_subprocess_exec(
        *words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    _, said = await process.communicate()
    lines = said.decode(errors="replace").strip().splitlines()
    return process.returncode or 0, lines[-1] if lines else ""
