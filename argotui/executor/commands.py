"""Which containers are the executor's, told by their command and image (§4.4, §4.6)."""

from __future__ import annotations

from enum import StrEnum
from posixpath import basename

from argotui.model.documents import Document

RUN_PATH = "/var/run/argo"
WRAPPER = f"{RUN_PATH}/argoexec"
_PROGRAM = "argoexec"


class Role(StrEnum):
    """What a container is to the executor."""

    PLAIN = "plain"
    """None of its business: runs as it is."""
    INIT = "init"
    WAIT = "wait"
    WRAPPED = "emissary"
    """A user's command with the emissary around it."""
    UNKNOWN = "unknown"
    """A verb of the executor that this version does not do."""


def role_of(container: Document) -> Role:
    """Tells from `command` and, for the executor's own containers, from the image's name."""
    command = container.get("command") or []
    if len(command) < 2 or basename(command[0]) != _PROGRAM:
        return Role.PLAIN
    verb = command[1]
    if verb == Role.WRAPPED and "--" in command:
        return Role.WRAPPED
    if not _is_executor_image(str(container.get("image") or "")):
        return Role.PLAIN if command[0] != WRAPPER else Role.UNKNOWN
    return Role(verb) if verb in (Role.INIT, Role.WAIT) else Role.UNKNOWN


def user_command(container: Document) -> list[str]:
    """The argv of a container, without the emissary before it."""
    command = [str(word) for word in container.get("command") or ()]
    if role_of(container) is Role.WRAPPED:
        command = command[command.index("--") + 1 :]
    return command + [str(word) for word in container.get("args") or ()]


def verb_of(container: Document) -> str:
    """The verb of an executor container (`agent`, `resource`, …)."""
    return str((container.get("command") or ["", ""])[1])


def _is_executor_image(image: str) -> bool:
    name = image.partition("@")[0].rpartition("/")[2]
    return name.partition(":")[0] == _PROGRAM
