"""tools/install.sh says in one line what is missing, and makes nothing then."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "tools" / "install.sh"


def _install(folder: Path, python: str, answers: dict[str, int]) -> subprocess.CompletedProcess[str]:
    """Runs the script with a stand-in for Python that answers by exit codes; no uv on the PATH."""
    stand_in = folder / python
    cases = "\n".join(f'*"{word}"*) exit {code};;' for word, code in answers.items())
    stand_in.write_text(f'#!/bin/sh\ncase "$*" in\n{cases}\n*-V*) echo Python 3.9.2;;\n*print*) echo 3.13;;\nesac\n')
    stand_in.chmod(0o755)
    path = f"{folder}:/usr/bin:/bin"
    command = ["sh", str(SCRIPT), python, str(folder / "venv")]
    return subprocess.run(command, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False)


@pytest.mark.skipif(os.path.exists("/usr/bin/uv") or os.path.exists("/bin/uv"), reason="uv lies beside sh here")
def test_without_ensurepip_it_names_the_package(tmp_path: Path) -> None:
    done = _install(tmp_path, "python-bare", {"version_info < ": 0, "import ensurepip": 1})
    assert done.returncode == 1
    assert "apt install python3.13-venv" in done.stderr
    assert not (tmp_path / "venv").exists()


def test_an_old_python_is_refused(tmp_path: Path) -> None:
    done = _install(tmp_path, "python-old", {"version_info < ": 1})
    assert done.returncode == 1
    assert "argotui needs Python 3.11 or newer; 'python-old' is Python 3.9.2" in done.stderr


def test_a_missing_python_is_named(tmp_path: Path) -> None:
    done = subprocess.run(
        ["sh", str(SCRIPT), "python-nowhere", str(tmp_path / "venv")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "'python-nowhere' is not on this machine" in done.stderr
