"""Artifacts: where they lie in a container, and where they are stored (§4.9)."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any, Final

from argotui.engine.validate.finding import Finding, problem

_COMPLETE: Final[Mapping[str, tuple[str, ...]]] = {
    "s3": ("endpoint", "bucket", "key"),
    "gcs": ("bucket", "key"),
    "oss": ("endpoint", "bucket", "key"),
    "azure": ("endpoint", "container", "blob"),
    "hdfs": ("addresses",),
    "git": ("repo",),
    "http": ("url",),
    "artifactory": ("url",),
    "plugin": ("name", "configuration", "key"),
}
_KEYS: Final = {"s3": "key", "gcs": "key", "oss": "key", "azure": "blob", "hdfs": "path", "plugin": "key"}


def has_location_or_key(artifact: Mapping[str, Any]) -> bool:
    """Whether the artifact says where its data is, at least within a repository."""
    if artifact.get("raw") is not None:
        return True
    for backend, fields in _COMPLETE.items():
        location = artifact.get(backend) or {}
        if all(location.get(field) for field in fields):
            return True
    return any((artifact.get(backend) or {}).get(key) for backend, key in _KEYS.items())


def path_fault(artifact: Mapping[str, Any]) -> str:
    """Why the path of an artifact in a container will not do; empty when it will."""
    name, path = artifact.get("name") or "", artifact.get("path") or ""
    if not path:
        return f"Artifact '{name}' did not specify a path"
    cleaned, start = posixpath.normpath(path), _before_upward_step(path)
    if start and (not cleaned.startswith(f"{start}/") or len(cleaned) <= len(start) + 1):
        return f"Artifact '{name}' attempted to use a path containing '..'. Directory traversal is not permitted"
    return ""


def _before_upward_step(path: str) -> str:
    """The directory that a `..` in the path must not leave."""
    before, upward, _ = path.partition("/../")
    if upward:
        return before
    return path[:-3] if path.endswith("/..") else ""


def check_location(artifact: Mapping[str, Any], path: str, at: str) -> Iterator[Finding]:
    """What git and HDFS locations cannot do without."""
    git, hdfs = artifact.get("git"), artifact.get("hdfs")
    if git is not None and not git.get("repo"):
        yield problem(f"{path}.git.repo", "git.repo is required", at=f"{at}.")
    if hdfs is not None:
        yield from _check_hdfs(hdfs, f"{path}.hdfs", f"{at}.hdfs")


def _check_hdfs(hdfs: Mapping[str, Any], path: str, at: str) -> Iterator[Finding]:
    if not hdfs.get("addresses"):
        yield problem(f"{path}.addresses", "addresses is required", at=f"{at}.")
    if not hdfs.get("path"):
        yield problem(f"{path}.path", "path is required", at=f"{at}.")
    elif not hdfs.get("hdfsUser") and not hdfs.get("krbCCacheSecret") and not hdfs.get("krbKeytabSecret"):
        reason = f"either {at}.hdfsUser, {at}.krbCCacheSecret or {at}.krbKeytabSecret is required"
        yield problem(path, reason)
    elif not str(hdfs["path"]).startswith("/"):
        yield problem(f"{path}.path", "path must be a absolute file path", at=f"{at}.")
