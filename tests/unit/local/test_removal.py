"""Removing trees as hostile steps leave them."""

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from argotui.local.removal import remove

_NOBODY = 65534
_PLANT = """
import os
os.makedirs("tree/closed"); open("tree/closed/file", "w").close(); os.chmod("tree/closed", 0)
os.symlink(os.path.abspath("outside"), "tree/link"); os.chdir("tree")
for _ in range(1500):
    os.mkdir("d"); os.chdir("d")
open("file", "w").close(); os.chmod(".", 0)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A directory that belongs to somebody to whom permissions matter, that is, not to root."""
    made = Path(tempfile.mkdtemp())
    yield made
    subprocess.run(["rm", "-rf", made], check=True)


@contextmanager
def without_root(folder: Path) -> Iterator[None]:
    if os.geteuid() != 0:
        yield
        return
    subprocess.run(["chown", "-Rh", str(_NOBODY), folder], check=True)
    os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_deep_tree_with_closed_directories(folder: Path) -> None:
    outside = folder / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    mode = outside.stat().st_mode
    subprocess.run([sys.executable, "-c", _PLANT], cwd=folder, check=True)
    with without_root(folder):
        assert asyncio.run(remove([str(folder / "tree")])) == ""
    assert os.listdir(folder) == ["outside"]
    assert os.listdir(outside) == ["kept"]
    assert outside.stat().st_mode == mode


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make what others cannot remove")
def test_what_is_left_is_told(folder: Path) -> None:
    locked = folder / "locked"
    locked.mkdir(mode=0o700)
    with without_root(folder):
        os.seteuid(0)
        os.chown(locked, 0, 0)
        (locked / "file").touch()
        os.seteuid(_NOBODY)
        assert "locked" in asyncio.run(remove([str(locked)]))
    assert (locked / "file").exists()
