"""Sizes that the kernel and the API server allow (§4.7)."""

from __future__ import annotations

from argotui.engine.pods.request import PodBuildError
from argotui.model.documents import Document, compact_json

MAX_VALUE_BYTES = 131072
"""The longest single environment variable or argument that Linux passes to a process."""


def check_sizes(pod: Document, template: str) -> None:
    """Refuses what would have to travel beside the pod, in a ConfigMap, to reach the process.

    Raises PodBuildError that names what is too large, and by how much.
    """
    _check("the template, with its inputs filled in,", template)
    for container in pod["spec"]["containers"]:
        if container.get("args"):
            _check(f"container '{container['name']}': the list of arguments", compact_json(container["args"]))


def _check(what: str, text: str) -> None:
    size = len(text.encode())
    if size > MAX_VALUE_BYTES:
        raise PodBuildError(
            f"{what} is {size} bytes long; more than {MAX_VALUE_BYTES} is not supported by this version of "
            "argotui: pass large data through a file in a volume"
        )
