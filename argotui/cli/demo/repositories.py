"""The two bare git repositories that the demo's steps work with: an application and its GitOps folder."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

ENVIRONMENTS = ("dev", "staging", "production")

_APPLICATION = {
    "app.py": '''"""A very small application."""


def price(amount: int, discount: int = 0) -> int:
    """Cents to pay after a discount in percent."""
    return amount - amount * discount // 100
''',
    "test_app.py": """import unittest

from app import price


class PriceTest(unittest.TestCase):
    def test_without_discount(self) -> None:
        self.assertEqual(price(1000), 1000)

    def test_with_discount(self) -> None:
        self.assertEqual(price(1000, 15), 850)


if __name__ == "__main__":
    unittest.main()
""",
}
_OVERLAY = "images:\n- name: myregistry/myapp\n  image: myregistry/myapp:v1.2.2\n"
_GITOPS = {f"overlays/{name}/kustomization.yaml": _OVERLAY for name in ENVIRONMENTS}


class GitMissing(Exception):
    """The demo's steps run git, and this machine has none."""


def make_repositories(folder: Path) -> Path:
    """Makes `myapp.git` and `gitops.git` below `folder` unless they are there already; returns `folder`.

    Raises GitMissing without git.
    """
    if shutil.which("git") is None:
        raise GitMissing(
            "the demo runs git, which is not on this machine; install it (Debian: apt install git), "
            "or open the console without the demo: argotui --local"
        )
    folder.mkdir(parents=True, exist_ok=True)
    _make(folder / "myapp.git", _APPLICATION, "Price with discount")
    _make(folder / "gitops.git", _GITOPS, "Deploy v1.2.2 everywhere")
    return folder


def _make(target: Path, files: Mapping[str, str], message: str) -> None:
    """Makes one bare repository with one commit; it appears under its name only when it is whole."""
    if target.exists():
        return
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        work, bare = Path(scratch) / "work", Path(scratch) / "bare.git"
        for name, content in files.items():
            path = work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        _git("init", "--quiet", "--initial-branch=main", str(work))
        _git("-C", str(work), "add", ".")
        _git("-C", str(work), "commit", "--quiet", "--message", message)
        _git("clone", "--quiet", "--bare", str(work), str(bare))
        bare.rename(target)


def _git(*arguments: str) -> None:
    identity = {"GIT_AUTHOR_NAME": "Demo", "GIT_AUTHOR_EMAIL": "demo@example.com"}
    identity |= {name.replace("AUTHOR", "COMMITTER"): value for name, value in identity.items()}
    # the user's own git configuration (hooks, signing, templates) has no say here
    isolated = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    environment = {**os.environ, **identity, **isolated}
    subprocess.run(["git", *arguments], check=True, env=environment, stdin=subprocess.DEVNULL)
