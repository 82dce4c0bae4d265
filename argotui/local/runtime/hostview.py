"""Which of the host's directories a step sees in the sandbox, and which of their files it must not."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import shutil
import stat
import sys
from dataclasses import dataclass, field
from pathlib import Path

from argotui.local.runtime.waiter import PATH

log = logging.getLogger(__name__)

# top-level directories that hold tools and their settings; what is a link on the host is a link in the sandbox
_SYSTEM = ("usr", "etc", "opt", "bin", "sbin", "lib", "lib32", "lib64", "libx32")
# needed where they exist: certificates on SUSE, the package data base, tools of NixOS and Guix
_EXTRA = ("/var/lib/ca-certificates", "/var/lib/dpkg", "/nix", "/gnu", "/run/current-system")
_MASKED = ("etc", "opt")
_MAX_MASKED_ENTRIES = 50_000


@dataclass(frozen=True)
class HostView:
    """The host as steps see it. Paths of `directories` and `links` are relative to the root."""

    directories: tuple[str, ...]
    links: tuple[tuple[str, str], ...]
    read_only: tuple[Path, ...]
    search_path: str
    """PATH of a step that sets none."""
    masks: dict[str, Path] = field(default_factory=dict)

    def mask_of(self, directory: str) -> Path | None:
        """A layer that hides what other users may not read; None when nothing has to be hidden."""
        return self.masks.get(directory)


def survey(mask_directory: Path) -> HostView:
    """Looks at the host. As root, makes the mask layers below `mask_directory`: steps run as root would see all."""
    directories, links = [], []
    for name in _SYSTEM:
        path = Path("/", name)
        if path.is_symlink():
            links.append((name, os.path.relpath(os.path.realpath(path), "/")))
        elif path.is_dir() and any(path.iterdir()):
            directories.append(name)
    read_only = [Path(extra) for extra in _EXTRA if Path(extra).exists()]
    resolver = Path(os.path.realpath("/etc/resolv.conf"))
    if resolver.exists() and not _inside(resolver, directories):
        read_only.append(resolver)
    search_path = PATH
    if shutil.which("python3", path=PATH) is None:
        read_only.append(Path(sys.base_prefix))
        search_path += f":{sys.base_prefix}/bin"
    masks: dict[str, Path] = {}
    for name in _MASKED:
        layer = _mask(name, mask_directory) if name in directories else None
        if layer is not None:
            masks[name] = layer
    links = [(link, target) for link, target in links if _inside(Path("/", target), directories)]
    return HostView(tuple(directories), tuple(links), tuple(read_only), search_path, masks)


def _inside(path: Path, directories: list[str]) -> bool:
    return any(path.is_relative_to(Path("/", name)) for name in directories)


def _mask(name: str, mask_directory: Path) -> Path | None:
    """A directory in which every file that only root may read is an empty one.

    It is named after what it hides and never changed: it may be a layer of a step that runs.
    """
    if os.geteuid() != 0:
        return None
    source = Path("/", name)
    private = sorted(path.relative_to(source) for path in _private(source))
    if not private:
        return None
    key = hashlib.sha256("\0".join(map(str, private)).encode(errors="surrogateescape")).hexdigest()[:16]
    layer = mask_directory / f"{name}-{key}"
    if not layer.exists():
        unfinished = mask_directory / f"{name}-{key}.{os.getpid()}"
        unfinished.mkdir(parents=True)
        for path in private:
            _copy_directories(source, unfinished / path.parent, unfinished)
            (unfinished / path).touch(mode=0o000)
        unfinished.replace(layer)
    return layer


def _copy_directories(source: Path, directory: Path, layer: Path) -> None:
    """Makes the directories of the layer with the modes of those they lie over."""
    missing = [directory, *directory.parents]
    for path in reversed(missing):
        if path.is_relative_to(layer) and not path.exists():
            path.mkdir()
            path.chmod(stat.S_IMODE((source / path.relative_to(layer)).stat().st_mode))


def _private(directory: Path) -> list[Path]:
    """Files and directories below that other users may not read; what is below such a directory is not looked at."""
    found: list[Path] = []
    pending = [directory]
    seen = 0
    while pending and seen < _MAX_MASKED_ENTRIES:
        folder = pending.pop()
        try:
            entries = list(os.scandir(folder))
        except OSError:  # file systems of other users keep even root out
            found.append(folder)
            continue
        seen += len(entries)
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):  # settings are replaced all the time
                _sort(entry, found, pending)
    if pending:
        log.warning("%s holds very many files; steps see also those of it that only root may read", directory)
    return found


def _sort(entry: os.DirEntry[str], found: list[Path], pending: list[Path]) -> None:
    if entry.is_symlink():
        return
    mode = entry.stat(follow_symlinks=False).st_mode
    if stat.S_ISDIR(mode):
        if mode & 0o005 == 0o005:
            pending.append(Path(entry.path))
        else:
            found.append(Path(entry.path))
    elif stat.S_ISREG(mode) and not mode & 0o004:
        found.append(Path(entry.path))
