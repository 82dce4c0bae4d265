"""Volumes of a pod, made as directories of its own; what is mounted where in each container."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from argotui.local.kubelet.environment import field_of, resource_of
from argotui.local.kubelet.expansion import expand
from argotui.local.kubelet.references import References
from argotui.local.runtime.types import Mount, Refused
from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.resources import CONFIG_MAPS, SECRETS

SUPPORTED = ("emptyDir", "configMap", "secret", "hostPath", "projected", "downwardAPI", "persistentVolumeClaim")
_CLAIM = "persistentVolumeClaim"
_DEFAULT_MODE = 0o644
_KINDS = {"configMap": (CONFIG_MAPS, "name"), "secret": (SECRETS, "secretName")}


class MountFailed(Exception):
    """A hostPath that is not as the pod says. Kubernetes tries for ever; so do we, since it may yet appear."""


@dataclass(frozen=True)
class Volume:
    """Where a volume lies on the host."""

    path: Path
    read_only: bool = False
    from_host: bool = False


def kind_of(volume: Document) -> str:
    """The volume's type; an empty volume is an emptyDir."""
    return next((key for key in volume if key != "name"), "emptyDir")


async def make_volumes(pod: Document, directory: Path, references: References, claims: Path) -> dict[str, Volume]:
    """Makes every volume below `directory`; those of claims are links to where these lie, below `claims`.

    Raises Missing, MountFailed, Refused. Doing it twice is harmless.
    """
    made: dict[str, Volume] = {}
    for volume in pod["spec"].get("volumes") or ():
        if kind_of(volume) == _CLAIM:
            made[str(volume.get("name"))] = await _link(volume, directory, references, claims)
        else:
            made[str(volume.get("name"))] = await _make(pod, volume, directory, references)
    return made


async def _link(volume: Document, directory: Path, references: References, claims: Path) -> Volume:
    """The directory of a claim, and a link to it by which a later kubelet finds it again."""
    source = volume.get(_CLAIM) or {}
    claim = await references.claim(str(source.get("claimName") or ""))
    link, target = directory / str(volume.get("name")), claims / documents.uid(claim)
    directory.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(target)
    return Volume(target, read_only=bool(source.get("readOnly")))


def existing_volumes(pod: Document, directory: Path) -> dict[str, Volume]:
    """The volumes of a pod whose containers have started before: nothing is written and nothing asked for."""
    made = {}
    for volume in pod["spec"].get("volumes") or ():
        kind, name = kind_of(volume), str(volume.get("name"))
        if kind == "hostPath":
            made[name] = Volume(Path(str(volume[kind].get("path"))), from_host=True)
        elif kind == _CLAIM:
            made[name] = Volume(_target(directory / name), read_only=bool(volume[kind].get("readOnly")))
        else:
            made[name] = Volume(directory / name, read_only=kind != "emptyDir")
    return made


def _target(link: Path) -> Path:
    """What a link leads to; the link itself when an ended pod has been freed of it."""
    try:
        return link.readlink()
    except OSError:
        return link


async def _make(pod: Document, volume: Document, directory: Path, references: References) -> Volume:
    kind, name = kind_of(volume), str(volume.get("name"))
    source = volume.get(kind) or {}
    if kind == "hostPath":
        return _host_path(name, source)
    path = directory / name
    path.mkdir(parents=True, exist_ok=True)
    if kind == "emptyDir":
        path.chmod(0o777)
        return Volume(path)
    if kind == "projected":
        for one in source.get("sources") or ():
            await _project(pod, one, path, int(source.get("defaultMode") or _DEFAULT_MODE), references, "name")
    elif kind in SUPPORTED:
        await _project(pod, {kind: source}, path, int(source.get("defaultMode") or _DEFAULT_MODE), references)
    else:
        raise Refused(f"volumes: {name}: {kind} is not supported by the local kubelet")
    return Volume(path, read_only=True)


async def _project(
    pod: Document, one: Document, path: Path, mode: int, references: References, name_key: str = ""
) -> None:
    """Writes the files of one source."""
    for kind, source in one.items():
        if kind == "downwardAPI":
            _downward(pod, source or {}, path, mode)
        elif kind == "serviceAccountToken":
            account = str(pod["spec"].get("serviceAccountName") or "default")
            _write(path, str(source.get("path") or "token"), await references.token(account, pod, source), mode)
        elif kind in _KINDS:
            resource, own_key = _KINDS[kind]
            optional = bool(source.get("optional"))
            name = str(source.get(name_key or own_key) or "")
            values = await references.values(resource, name, optional)
            items = source.get("items") or [{"key": key, "path": key} for key in values]
            for item in items:
                content = await references.value(resource, name, str(item.get("key")), optional)
                if content is not None:
                    _write(path, str(item.get("path")), content, int(item.get("mode") or mode))
        else:
            raise Refused(f"volumes: projected source {kind} is not supported by the local kubelet")


def _downward(pod: Document, source: Document, path: Path, mode: int) -> None:
    for item in source.get("items") or ():
        if item.get("resourceFieldRef"):
            text = resource_of(pod, {}, item["resourceFieldRef"])
        else:
            text = field_of(pod, str((item.get("fieldRef") or {}).get("fieldPath")))
        _write(path, str(item.get("path")), text.encode(), int(item.get("mode") or mode))


def _write(directory: Path, name: str, content: bytes, mode: int) -> None:
    if name.startswith("/") or ".." in name.split("/"):
        raise Refused(f"volumes: the path {name!r} leaves the volume")
    if not 0 <= mode <= 0o777:
        raise Refused(f"volumes: the mode {mode} of {name!r} is not between 0 and 0777 (octal)")
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = directory.with_name(f".{directory.name}.new")  # in the volume any name may be another key's
    temporary.unlink(missing_ok=True)
    temporary.write_bytes(content)
    temporary.chmod(mode)
    temporary.replace(path)


def _host_path(name: str, source: Document) -> Volume:
    path, kind = Path(str(source.get("path") or "/")), str(source.get("type") or "")
    if not path.is_absolute() or ".." in path.parts:
        raise Refused(f"volumes: {name}: hostPath {path} is not an absolute path")
    try:
        if kind == "DirectoryOrCreate" and not path.exists():
            path.mkdir(mode=0o755, parents=True)
        if kind == "FileOrCreate" and not path.exists():
            path.touch(mode=0o644)
    except OSError as error:
        raise MountFailed(f"hostPath {path} cannot be made: {error.strerror}") from None
    checks = {"Directory": path.is_dir, "File": path.is_file, "Socket": path.is_socket}
    wanted = kind.removesuffix("OrCreate")
    if wanted in checks and not checks[wanted]():
        raise MountFailed(f"hostPath type check failed: {path} is not a {wanted.lower()}")
    if not path.exists():
        raise MountFailed(f"hostPath {path} does not exist on this machine")
    return Volume(path, from_host=True)


def mounts_of(container: Document, volumes: Mapping[str, Volume], variables: Mapping[str, str]) -> tuple[Mount, ...]:
    """The container's mounts. A hostPath is read-only unless the mount says `readOnly: false`. Raises Refused."""
    found = []
    for entry in container.get("volumeMounts") or ():
        name = str(entry.get("name"))
        if name not in volumes:
            raise Refused(f'volumeMounts: there is no volume "{name}"')
        found.append(_mount(entry, name, volumes[name], variables))
    return tuple(found)


def _mount(entry: Document, name: str, volume: Volume, variables: Mapping[str, str]) -> Mount:
    read_only = entry.get("readOnly")
    if volume.from_host:
        read_only = read_only is not False
    path = posixpath.normpath(str(entry.get("mountPath") or ""))
    if not path.startswith("/"):
        raise Refused(f"volumeMounts: {name}: the mountPath {path!r} is not absolute")
    below = str(entry.get("subPath") or "") or expand(str(entry.get("subPathExpr") or ""), variables)
    read_only = bool(read_only) or volume.read_only
    if not below:
        return Mount(path, volume.path, read_only, name, volume.from_host)
    root = volume.path.resolve()
    return Mount(path, _below(name, volume, below), read_only, name, volume.from_host, root)


def inside(volume: Volume, below: str) -> Path | None:
    """Where a path of the volume really is; None when links lead it out of the volume."""
    real = Path(os.path.realpath(volume.path / below))
    return real if real.is_relative_to(volume.path.resolve()) else None


def _below(name: str, volume: Volume, below: str) -> Path:
    """A subPath, made where it is missing; links that lead out of the volume are refused."""
    if below.startswith("/") or ".." in below.split("/"):
        raise Refused(f"volumeMounts: {name}: the subPath {below!r} leaves the volume")
    real = inside(volume, below)
    if real is None:
        raise Refused(f"volumeMounts: {name}: the subPath {below!r} leads out of the volume")
    if not real.exists() and not volume.read_only:
        real.mkdir(parents=True)
    if not real.exists():
        raise Refused(f"volumeMounts: {name}: there is no {below} in the volume")
    return real
