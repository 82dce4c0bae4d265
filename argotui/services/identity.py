"""Who acts. argotui has no login: the person is the account on the machine it runs on, and where they came from."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Identity:
    """One person at one machine. `source` is the address that an SSH session came from, empty for a local one."""

    user: str
    host: str
    source: str = ""

    def __str__(self) -> str:
        return f"{self.user}@{self.host}"

    @property
    def full(self) -> str:
        """`ann@bastion (from 192.0.2.7)`, the form that audit entries show."""
        return f"{self} (from {self.source})" if self.source else str(self)


def who(environ: Mapping[str, str] = os.environ) -> Identity:
    """The person behind this process. After `sudo` it is the one who called it, as `root (ann)@host`."""
    return Identity(user=_user(environ), host=socket.gethostname() or "unknown-host", source=_source(environ))


def _user(environ: Mapping[str, str]) -> str:
    account = _account() or environ.get("USER") or environ.get("LOGNAME") or f"uid-{os.getuid()}"
    behind = environ.get("SUDO_USER", "")
    return f"{account} ({behind})" if behind and behind != account else account


def _account() -> str:
    """The account's name; empty where the uid has no entry, as in many containers."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return ""


def _source(environ: Mapping[str, str]) -> str:
    connection = environ.get("SSH_CONNECTION") or environ.get("SSH_CLIENT") or ""
    return connection.split(" ", 1)[0]
