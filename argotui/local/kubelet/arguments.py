"""Arguments that were too large for the pod: the emissary reads them from a file (§4.7)."""

from __future__ import annotations

import json
from collections.abc import Mapping

from argotui.local.kubelet.executors import read_mounted, variable
from argotui.local.kubelet.volumes import Volume
from argotui.local.runtime.records import ContainerRecord
from argotui.local.runtime.types import Mount, Refused
from argotui.model.documents import Document

ARGS_FILE = "ARGO_CONTAINER_ARGS_FILE"
_LONGEST = 128 * 1024
"""Bytes of one argument; what is longer becomes a file, and `@` with its path takes its place."""


def offloaded_arguments(
    container: Document, volumes: Mapping[str, Volume], record: ContainerRecord
) -> tuple[list[str], list[Mount]]:
    """The arguments, and files to mount for them; empty where the pod has its arguments itself. Raises Refused."""
    path = variable(container, ARGS_FILE)
    if not path:
        return [], []
    try:
        found = json.loads(read_mounted(path, [container], volumes))
    except (OSError, ValueError) as error:
        raise Refused(f"{ARGS_FILE}: {error}") from None
    if not isinstance(found, list) or not all(isinstance(word, str) for word in found):
        raise Refused(f"{ARGS_FILE}: {path} is not a list of texts")
    words, mounts = [], []
    for number, word in enumerate(found):
        content = word.encode("utf-8", "surrogatepass")
        if len(content) >= _LONGEST:
            file = record.path(f"argo_arg_{number}.txt")
            file.write_bytes(content)
            file.chmod(0o644)
            place = f"/tmp/argo_arg_{number}.txt"
            mounts.append(Mount(place, file, read_only=True, volume="arguments"))
            word = f"@{place}"
        words.append(word)
    return words, mounts
