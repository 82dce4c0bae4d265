"""What is installed is what pyproject.toml asks for, and nothing in the tree names where it was made."""

import importlib.util
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text()
RUNTIME = (ROOT / "deploy" / "requirements.lock").read_text()
RECORDED = "tests/conformance/cases/"
"""Upstream's own runs: what stands there is not ours to change."""
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def _locked() -> dict[str, list[Version]]:
    """Versions by name; a package may be locked twice, for different markers."""
    found: dict[str, list[Version]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^ \\;]+)", LOCK, re.MULTILINE):
        found.setdefault(name.lower().replace("_", "-"), []).append(Version(version))
    return found


def test_the_lock_was_made_from_this_pyproject() -> None:
    spec = importlib.util.spec_from_file_location("lock", ROOT / "tools" / "lock.py")
    assert spec is not None
    assert spec.loader is not None
    lock = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(lock)
    assert LOCK.splitlines()[0] == lock.header(), "requirements.lock is not of this pyproject.toml: make lock"


def test_images_are_made_of_the_part_of_the_lock_that_runs() -> None:
    blocks = {lock: set(re.split(r"\n(?=[A-Za-z0-9])", text)[1:]) for lock, text in (("all", LOCK), ("run", RUNTIME))}
    stripped = {lock: {block.strip() for block in found} for lock, found in blocks.items()}
    assert RUNTIME.splitlines()[0] == LOCK.splitlines()[0]
    assert stripped["run"] < stripped["all"]
    assert not [block for block in stripped["run"] if block.startswith(("pytest", "mypy", "ruff"))]


@pytest.mark.parametrize("text", PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["dev"])
def test_every_requirement_is_locked(text: str) -> None:
    requirement = Requirement(text)
    versions = _locked()[requirement.name.lower()]
    assert all(requirement.specifier.contains(version) for version in versions)


def test_the_lock_holds_hashes_and_no_addresses() -> None:
    assert "://" not in LOCK
    assert not re.search(r"^\s*-", LOCK, re.MULTILINE) or all(
        line.strip().startswith("--hash=sha256:") for line in LOCK.splitlines() if line.strip().startswith("-")
    )
    for block in re.split(r"\n(?=[A-Za-z0-9])", LOCK)[1:]:
        assert "--hash=sha256:" in block, block.splitlines()[0]


def test_no_file_names_a_registry_or_a_build_machine() -> None:
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if tracked.returncode != 0:
        pytest.skip("not a git checkout, so which files belong to the tree is not known")
    registries = rb"pythonhosted|pypi\.org/simple|registry\.npmjs|proxy\.golang"
    forbidden = re.compile(registries + rb"|(?:^|[\s\"'=(:])/(?:work|farm)/")
    found = []
    for name in tracked.stdout.decode().split("\0"):
        path = ROOT / name
        if name.startswith(RECORDED) or not path.is_file() or path == Path(__file__):
            continue
        if forbidden.search(path.read_bytes()):
            found.append(name)
    assert found == []
