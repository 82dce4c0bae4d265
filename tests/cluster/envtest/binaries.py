"""Where etcd and kube-apiserver come from.

`KUBEBUILDER_ASSETS`, the convention of envtest, names a directory that holds both. Without it they are built from
their Go modules, whose versions tests/cluster/go.mod says, and kept in the user's cache directory.
"""

from __future__ import annotations

import fcntl
import os
import platform
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

MODULE = Path(__file__).parents[1]
ETCD, KUBERNETES = "go.etcd.io/etcd/server/v3", "k8s.io/kubernetes"
_STAMPED = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")


class MissingBinaries(Exception):
    """There are none; the message says in one line how to get them."""


@dataclass(frozen=True)
class Binaries:
    """One directory with both programs."""

    folder: Path

    @property
    def etcd(self) -> Path:
        return self.folder / "etcd"

    @property
    def apiserver(self) -> Path:
        return self.folder / "kube-apiserver"

    def are_there(self) -> bool:
        return all(os.access(program, os.X_OK) for program in (self.etcd, self.apiserver))


def find() -> Binaries:
    """The programs that are there already; MissingBinaries when there are none. Nothing is built."""
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    found = Binaries(Path(assets) if assets else cache())
    if found.are_there():
        return found
    if assets:
        raise MissingBinaries(f"KUBEBUILDER_ASSETS={assets} holds no etcd and kube-apiserver that can be executed")
    raise MissingBinaries("no kube-apiserver: `make test-cluster` builds one with Go, or set KUBEBUILDER_ASSETS")


def find_or_build() -> Binaries:
    """The programs; built first, which takes some ten minutes, when they are not there. Only one process builds."""
    if os.environ.get("KUBEBUILDER_ASSETS") or Binaries(cache()).are_there():
        return find()
    go = _go()
    cache().parent.mkdir(parents=True, exist_ok=True)
    with cache().with_name(f"{cache().name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not Binaries(cache()).are_there():
            _build(go)
    return find()


def cache() -> Path:
    """The directory of these versions on this kind of machine."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    versions = f"kubernetes-{version(KUBERNETES)}-etcd-{version(ETCD)}"
    return home / "argotui" / "envtest" / f"{versions}-{platform.system().lower()}-{platform.machine()}"


def version(module: str) -> str:
    """What go.mod asks for, such as v1.34.4."""
    found = re.search(rf"^\s*{re.escape(module)} (v\S+)", (MODULE / "go.mod").read_text(), re.MULTILINE)
    assert found, f"go.mod does not name {module}"
    return found[1]


def _go() -> str:
    """The path of a Go that is new enough."""
    needed = re.search(r"^go (\d+)\.(\d+)", (MODULE / "go.mod").read_text(), re.MULTILINE)
    assert needed
    go = shutil.which("go")
    said = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=True).stdout if go else ""
    present = re.match(r"go(\d+)\.(\d+)", said)
    if go and present and tuple(map(int, present.groups())) >= tuple(map(int, needed.groups())):
        return go
    has = f"this Go is {said.strip()}" if go else "there is no Go"
    raise MissingBinaries(
        f"no kube-apiserver, and {has}: install Go {needed[1]}.{needed[2]} or newer, or set KUBEBUILDER_ASSETS"
    )


def _build(go: str) -> None:
    """Builds both into a directory beside the cache and moves it there when they are whole."""
    with tempfile.TemporaryDirectory(dir=cache().parent, prefix=".building-") as folder:
        made = Binaries(Path(folder) / "bin")
        _compile(go, made.etcd, ETCD, "-s -w")
        _compile(go, made.apiserver, f"{KUBERNETES}/cmd/kube-apiserver", f"-s -w {_stamps()}")
        shutil.rmtree(cache(), ignore_errors=True)  # one without its programs is of no use
        made.folder.rename(cache())


def _compile(go: str, target: Path, package: str, flags: str) -> None:
    command = [go, "build", "-trimpath", "-ldflags", flags, "-o", str(target), package]
    environment = {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local"}
    if code := subprocess.run(command, cwd=MODULE, env=environment, check=False).returncode:
        raise MissingBinaries(f"no kube-apiserver: go build {package} failed ({code}); or set KUBEBUILDER_ASSETS")


def _stamps() -> str:
    """Linker flags by which the server tells its version, as the release's own build sets them."""
    stamped = version(KUBERNETES)
    major, minor, _ = stamped.removeprefix("v").split(".", 2)
    values = {"gitVersion": stamped, "gitMajor": major, "gitMinor": minor, "gitCommit": "", "gitTreeState": "archive"}
    return " ".join(f"-X {package}.{key}={value}" for package in _STAMPED for key, value in values.items())
