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
    RESOURCE = "resource"
    """Works on objects of the cluster; its command is the executor's own, behind the emissary."""
    AGENT = "agent"
    """Serves a workflow's TaskSet, or prepares that."""
    UNKNOWN = "unknown"
    """A verb of the executor that this version does not do."""


def role_of(container: Document) -> Role:
    """Tells from `command` and, for the executor's own containers, from the image's name."""
    command = container.get("command") or []
    is_executor = _is_executor_image(str(container.get("image") or ""))
    words = [*command, *(container.get("args") or ())] if is_executor else command
    if len(words) < 2 or basename(words[0]) != _PROGRAM:
        return Role.PLAIN
    verb = words[1]
    if verb == Role.WRAPPED and "--" in command:
        return _role_behind_emissary(inner_command(container)) if is_executor else Role.WRAPPED
    if not is_executor:
        return Role.PLAIN if command[0] != WRAPPER else Role.UNKNOWN
    return Role(verb) if verb in (Role.INIT, Role.WAIT, Role.AGENT) else Role.UNKNOWN


def _role_behind_emissary(command: list[str]) -> Role:
    if len(command) < 2 or basename(command[0]) != _PROGRAM:
        return Role.WRAPPED
    return Role.RESOURCE if command[1] == Role.RESOURCE else Role.UNKNOWN


def inner_command(container: Document) -> list[str]:
    """What follows the emissary in the command; the whole command where there is none."""
    command = [str(word) for word in container.get("command") or ()]
    return command[command.index("--") + 1 :] if "--" in command else command


def user_command(container: Document) -> list[str]:
    """The argv of a container, without the emissary before it."""
    command = [str(word) for word in container.get("command") or ()]
    if role_of(container) is Role.WRAPPED:
        command = inner_command(container)
    return command + [str(word) for word in container.get("args") or ()]


def verb_of(container: Document) -> str:
    """The verb of an executor container (`data`, `artifact`, …)."""
    words = [*inner_command(container), *(container.get("args") or ()), "", ""]
    return str(words[1])


def resource_action(container: Document) -> str:
    """`get`, `create`, … of a container whose role is RESOURCE."""
    return (*inner_command(container), "", "")[2]


def _is_executor_image(image: str) -> bool:
    name = image.partition("@")[0].rpartition("/")[2]
    return name.partition(":")[0] == _PROGRAM
