"""Makes the lock files from pyproject.toml, with uv. The first line says from which requirements they were made.

deploy/requirements.lock is the part of requirements.lock that runs; images are made from it.
"""

import hashlib
import json
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "requirements.lock"
RUNTIME_LOCK = ROOT / "deploy" / "requirements.lock"


def header(pyproject: Path = ROOT / "pyproject.toml") -> str:
    """The first line of a lock file that matches `pyproject`."""
    tables = tomllib.loads(pyproject.read_text())
    wanted = {
        "dependencies": sorted(tables["project"]["dependencies"]),
        "dev": sorted(tables["dependency-groups"]["dev"]),
        "python": tables["project"]["requires-python"],
    }
    digest = hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()
    return f"# from pyproject.toml {digest[:16]}; make it again with: make lock"


def main() -> int:
    """Runs uv for both; returns its exit code."""
    return _compile(LOCK, "--group", "dev") or _compile(RUNTIME_LOCK, "--constraint", str(LOCK))


def _compile(lock: Path, *options: str) -> int:
    command = ["uv", "pip", "compile", "--universal", "--generate-hashes", "--no-emit-index-url", "--no-header"]
    command += ["--no-annotate", "--python-version", "3.11", *options, "pyproject.toml"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode == 0:
        lock.write_text(header() + "\n" + done.stdout)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
