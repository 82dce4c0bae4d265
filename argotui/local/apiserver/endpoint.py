"""Where the server listens and how clients learn of it: port, token, kubeconfig."""

from __future__ import annotations

import base64
import logging
import secrets
import socket
from pathlib import Path
from urllib.parse import urlsplit

from argotui.config.paths import local_kubeconfig
from argotui.local.apiserver.access.policy import CONTROLLER, KUBELET
from argotui.local.apiserver.access.users import AUTHENTICATED, MASTERS, User
from argotui.local.certificates import write_private
from argotui.local.kubeconfigs import CONTEXT, kubeconfig

log = logging.getLogger(__name__)

NAMESPACE = "argo"
_HOST = "127.0.0.1"
ADMINISTRATOR = User("argotui-admin", (MASTERS, AUTHENTICATED))
_PARTS = {"kubelet": KUBELET, "controller": CONTROLLER}


def identities(directory: Path) -> dict[str, User]:
    """The users that the cluster itself makes, by their tokens: the administrator and its own processes."""
    found = {token(directory): ADMINISTRATOR}
    for part, name in _PARTS.items():
        found[token(directory, part)] = User(name, (AUTHENTICATED,))
    return found


def token(directory: Path, part: str = "") -> str:
    """The bearer token of the administrator or of one of the cluster's processes, made at the first start."""
    path = directory / (f"token-{part}" if part else "token")
    if path.exists():
        found = path.read_text().strip()
        if found:
            return found
    made = secrets.token_urlsafe(32)
    write_private(path, made.encode())
    return made


def listen(directory: Path) -> socket.socket:
    """A listening socket on the port of last time, or on a free one when that is taken or unknown."""
    wanted = _last_port(directory)
    for port in (wanted, 0) if wanted else (0,):
        found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((_HOST, port))
        except OSError as error:
            found.close()
            if not port:
                raise
            log.warning("port %d is taken (%s); choosing another one", port, error.strerror)
            continue
        found.listen(1024)
        return found
    raise AssertionError("the loop ends with a bound socket or an error")


def _last_port(directory: Path) -> int:
    try:
        return urlsplit((directory / "endpoint").read_text().strip()).port or 0
    except (FileNotFoundError, ValueError):
        return 0


def announce(directory: Path, port: int) -> str:
    """Writes `endpoint`, `kubeconfig` and the kubeconfigs of the cluster's processes; returns the URL."""
    url = f"https://{_HOST}:{port}"
    write_private(directory / "endpoint", url.encode())
    ca = base64.b64encode((directory / "ca.pem").read_bytes()).decode()
    for part in ("", *_PARTS):
        text = kubeconfig(url, ca, part or CONTEXT, token(directory, part), NAMESPACE)
        write_private(local_kubeconfig(directory, part), text.encode())
    return url
