"""A container's file system, read from outside exactly as the command saw it.

Symbolic links are followed within the container only: a step that leaves /tmp/out -> /etc/shadow must not get the
host's file. Every directory on the way is opened without following links, so that another container of the pod that
still runs cannot swap one in between.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from argotui.executor import gotext
from argotui.local.runtime.types import Mount, StartFailure

_MAX_LINKS = 40
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WALK = os.O_PATH | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC


@dataclass(frozen=True)
class Layer:
    """Host directories (or one file) that make up one path of the container, the uppermost first.

    It begins `below` them: every name of that is looked up anew, and none may be a link.
    """

    container_path: str
    hosts: tuple[Path, ...]
    below: tuple[str, ...] = ()

    @classmethod
    def of(cls, mount: Mount) -> Layer:
        """A volume at its path."""
        if mount.root is None:
            return cls(mount.container_path, (mount.host_path,))
        return cls(mount.container_path, (mount.root,), mount.host_path.relative_to(mount.root).parts)


@dataclass(frozen=True)
class _Found:
    """Where a path of the container lies on the host: a directory to start from and the way below it."""

    base: Path
    below: tuple[str, ...]
    fixed: int = 0
    """How many of these names the kubelet has chosen."""


class ContainerFiles:
    """The layers of one container; the layer with the longest matching path holds a file."""

    def __init__(
        self,
        layers: Sequence[Layer],
        links: Mapping[str, str] | None = None,
        programs: dict[tuple[str, str], str] | None = None,
    ) -> None:
        """`links`: top-level links (`bin` -> `usr/bin`) that are made when the command starts.

        `programs` is kept by whoever makes many of these, for programs that were found in the host's directories.
        """
        self._links = links or {}
        self._programs = {} if programs is None else programs
        self._layers = sorted(layers, key=lambda layer: len(_parts(layer.container_path)), reverse=True)

    def read(self, path: str, limit: int) -> bytes:
        """At most `limit` bytes of a regular file. Raises OSError as the command would have seen it."""
        found = self._resolve(path)
        descriptor = _open(found, _OPEN)
        with open(descriptor, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if stat.S_ISDIR(mode):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
            if not stat.S_ISREG(mode):
                raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), path)
            return file.read(limit)

    def find_program(self, name: str, search_path: str, directory: str) -> str:
        """The program's path. Raises StartFailure with the text of Go's exec.LookPath."""
        if "/" in name:
            self._check_named(name, directory)
            return name
        known = self._programs.get((search_path, name))
        if known is not None and os.access(known, os.X_OK) and not self._is_covered(search_path):
            return known
        found = self._search(name, search_path, directory)
        if not self._is_covered(search_path):
            self._programs[search_path, name] = found
        return found

    def _is_covered(self, search_path: str) -> bool:
        """Whether a volume lies over, or is, a directory of PATH: then programs are looked up each time."""
        folders = search_path.split(":")
        mounts = [layer.container_path for layer in self._layers if len(layer.hosts) == 1]
        return any(
            _is_below(folder, path) or _is_below(path, folder) for folder in folders for path in mounts if path != "/"
        )

    def _search(self, name: str, search_path: str, directory: str) -> str:
        for folder in search_path.split(":"):
            candidate = f"{folder or '.'}/{name}"
            if self._is_program(candidate if folder.startswith("/") else f"{directory}/{candidate}"):
                return candidate
        raise StartFailure(gotext.not_in_path(name))

    def _check_named(self, name: str, directory: str) -> None:
        try:
            mode = self._mode(name if name.startswith("/") else f"{directory}/{name}")
        except OSError as error:
            raise StartFailure(gotext.not_runnable(name, error.errno or errno.ENOENT, "stat")) from None
        if stat.S_ISDIR(mode):
            raise StartFailure(gotext.not_runnable(name, errno.EISDIR))
        if not mode & 0o111:
            raise StartFailure(gotext.not_runnable(name, errno.EACCES))

    def _is_program(self, path: str) -> bool:
        try:
            mode = self._mode(path)
        except OSError:
            return False
        return not stat.S_ISDIR(mode) and bool(mode & 0o111)

    def _mode(self, path: str) -> int:
        descriptor = _open(self._resolve(path), os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            return os.fstat(descriptor).st_mode
        finally:
            os.close(descriptor)

    def _resolve(self, path: str) -> _Found:
        """Follows the links of a path within the container. Raises OSError (ENOENT, ENOTDIR, ELOOP)."""
        rest = list(reversed(_parts(path)))
        done: list[str] = []
        links = 0
        found = self._locate(done)
        while rest:
            part = rest.pop()
            if part == "..":
                del done[-1:]
                continue
            done.append(part)
            found = self._locate(done)
            target = _link_target(found) or (self._links.get(part) if len(done) == 1 else None)
            if target is None:
                continue
            links += 1
            if links > _MAX_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
            done = [] if target.startswith("/") else done[:-1]
            rest += reversed(_parts(target))
            found = self._locate(done)
        return found

    def _locate(self, parts: Sequence[str]) -> _Found:
        first: _Found | None = None
        for candidate in self._candidates(parts):
            first = first or candidate
            state = _state(candidate)
            if state == _State.PRESENT:
                return candidate
            if state == _State.DELETED:
                break
        if first is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), "/" + "/".join(parts))
        return first

    def _candidates(self, parts: Sequence[str]) -> Iterator[_Found]:
        for layer in self._layers:
            prefix = _parts(layer.container_path)
            if list(parts[: len(prefix)]) == prefix:
                below = (*layer.below, *parts[len(prefix) :])
                yield from (_Found(host, below, len(layer.below)) for host in layer.hosts)
                return


class _State:
    PRESENT, ABSENT, DELETED = range(3)


def _state(found: _Found) -> int:
    """Whether a layer has the path, or hides it from the layers below (overlay's opaque directories).

    Raises FileNotFoundError for what was deleted from the layers below (overlay's whiteouts).
    """
    place = found.base
    if not place.is_symlink() and not place.exists():
        return _State.ABSENT
    for part in found.below:
        place = place / part
        try:
            status = os.lstat(place)
        except NotADirectoryError:
            return _State.DELETED
        except OSError:
            return _State.DELETED if _is_hidden_below(found.base, place) else _State.ABSENT
        if stat.S_ISCHR(status.st_mode) and status.st_rdev == 0:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(place))
        if stat.S_ISLNK(status.st_mode) and place != found.base.joinpath(*found.below):
            return _State.ABSENT
    return _State.PRESENT


def _is_hidden_below(base: Path, missing: Path) -> bool:
    """Whether a directory on the way, made anew in this layer, hides what the lower layers hold."""
    directory = missing.parent
    while directory != base:
        if _is_opaque(directory):
            return True
        directory = directory.parent
    return False


def _is_opaque(directory: Path) -> bool:
    for name in ("user.overlay.opaque", "trusted.overlay.opaque"):
        try:
            if os.getxattr(directory, name) == b"y":
                return True
        except OSError:
            continue
    return False


def _link_target(found: _Found) -> str | None:
    if len(found.below) == found.fixed:
        return None  # what is mounted there was chosen by the kubelet
    place = found.base.joinpath(*found.below)
    try:
        return os.readlink(place)
    except OSError:
        return None


def _open(found: _Found, flags: int) -> int:
    """Opens the file, one directory at a time."""
    if not found.below:
        return os.open(found.base, flags & ~os.O_NOFOLLOW)
    directory = os.open(found.base, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in found.below[:-1]:
            inner = os.open(part, _WALK, dir_fd=directory)
            os.close(directory)
            directory = inner
        return os.open(found.below[-1], flags, dir_fd=directory)
    finally:
        os.close(directory)


def _is_below(path: str, parent: str) -> bool:
    return path == parent or path.startswith(f"{parent}/")


def _parts(path: str) -> list[str]:
    """The names of a path, without empty ones and dots; `..` is kept, since it depends on links."""
    return [part for part in path.split("/") if part not in ("", ".")]
