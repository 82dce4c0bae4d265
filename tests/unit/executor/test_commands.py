"""Which containers are the executor's."""

import pytest

from argotui.executor.commands import Role, resource_action, role_of, user_command, verb_of

FLAGS = ["--loglevel", "info", "--log-format", "text", "--gloglevel", "0"]
EMISSARY = ["/var/run/argo/argoexec", "emissary", *FLAGS, "--"]


@pytest.mark.parametrize(
    ("container", "role"),
    [
        ({"image": "quay.io/argoproj/argoexec:v4.1.2", "command": ["argoexec", "init", *FLAGS]}, Role.INIT),
        ({"image": "argoexec:v4.1.2", "command": ["argoexec", "wait"]}, Role.WAIT),
        ({"image": "host:5000/x/argoexec@sha256:00", "command": ["argoexec", "wait"]}, Role.WAIT),
        ({"image": "busybox", "command": [*EMISSARY, "sh"]}, Role.WRAPPED),
        ({"image": "argoexec:v1", "command": ["argoexec", "agent", "main"]}, Role.AGENT),
        ({"image": "argoexec:v1", "command": ["argoexec"], "args": ["agent", "init", *FLAGS]}, Role.AGENT),
        ({"image": "busybox", "command": ["argoexec"], "args": ["agent", "main"]}, Role.PLAIN),
        ({"image": "argoexec:v1", "command": [*EMISSARY, "argoexec", "resource", "get", *FLAGS]}, Role.RESOURCE),
        ({"image": "argoexec:v1", "command": [*EMISSARY, "argoexec", "data", "{}"]}, Role.UNKNOWN),
        ({"image": "busybox", "command": [*EMISSARY, "argoexec", "resource", "get"]}, Role.WRAPPED),
        ({"image": "argoexec:v1", "command": [*EMISSARY, "sh"]}, Role.WRAPPED),
        ({"image": "argoexec:v1", "command": ["argoexec"]}, Role.PLAIN),
        ({"image": "busybox", "command": ["/var/run/argo/argoexec", "emissary"]}, Role.UNKNOWN),
        ({"image": "my/argoexecutor:1", "command": ["argoexec", "init"]}, Role.PLAIN),
        ({"image": "busybox", "command": ["sh", "-c"]}, Role.PLAIN),
        ({"image": "busybox"}, Role.PLAIN),
    ],
)
def test_role(container: dict[str, object], role: Role) -> None:
    assert role_of(container) is role


def test_the_words_of_the_executors_own_commands() -> None:
    resource = {"image": "argoexec:v1", "command": [*EMISSARY, "argoexec", "resource", "patch", *FLAGS]}
    assert (resource_action(resource), verb_of(resource)) == ("patch", "resource")
    assert verb_of({"image": "argoexec:v1", "command": ["argoexec"], "args": ["artifact", "delete"]}) == "artifact"


def test_the_emissary_is_taken_off_the_command() -> None:
    container = {"image": "b", "command": [*EMISSARY, "sh", "-c", "--"], "args": ["echo", "--"]}
    assert user_command(container) == ["sh", "-c", "--", "echo", "--"]


def test_a_plain_command_is_left_alone() -> None:
    assert user_command({"command": ["cat", "--"], "args": ["x"]}) == ["cat", "--", "x"]
