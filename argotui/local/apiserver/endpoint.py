"""Where the server listens and how clients learn of it: port, token, kubeconfig."""

from __future__ import annotations

import base64
import json
import logging
import secrets
import socket
from pathlib import Path
from urllib.parse import urlsplit

from argotui.local.certificates import write_private

log = logging.getLogger(__name__)

CONTEXT = "argotui-local"
NAMESPACE = "argo"
_HOST = "127.0.0.1"


def token(directory: Path) -> str:
    """The bearer token, made at the first start."""
    path = directory / "token"
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


def announce(directory: Path, port: int, bearer: str) -> str:
    """Writes `endpoint` and `kubeconfig`; returns the URL."""
    url = f"https://{_HOST}:{port}"
    write_private(directory / "endpoint", url.encode())
    ca = base64.b64encode((directory / "ca.pem").read_bytes()).decode()
    write_private(directory / "kubeconfig", _kubeconfig(url, ca, bearer).encode())
    return url


def _kubeconfig(url: str, ca: str, bearer: str) -> str:
    cluster = {"server": url, "certificate-authority-data": ca}
    context = {"cluster": CONTEXT, "user": CONTEXT, "namespace": NAMESPACE}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": CONTEXT, "cluster": cluster}],
        "users": [{"name": CONTEXT, "user": {"token": bearer}}],
        "contexts": [{"name": CONTEXT, "context": context}],
        "current-context": CONTEXT,
    }
    return json.dumps(document, indent=1) + "\n"  # JSON is YAML
