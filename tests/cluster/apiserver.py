"""A real API server process for tests, and a plain HTTP client for it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

JSON = "application/json"
MERGE = "application/merge-patch+json"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
METADATA = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json"
METADATA_LIST = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json"

Document = dict[str, Any]
# a start takes three times as long when Python may not keep what it has compiled
_COMPILED = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


class ApiServer:
    """The server of one directory. `options` go on its command line."""

    def __init__(self, directory: Path, *options: str) -> None:
        self.directory = directory
        self.options = options
        self.process: subprocess.Popen[str] | None = None
        self._connection: http.client.HTTPSConnection | None = None

    def start(self) -> ApiServer:
        """Starts it; returns when it is ready."""
        with (self.directory.parent / "apiserver.log").open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "argotui.local.apiserver", "--dir", str(self.directory), *self.options],
                stdout=subprocess.PIPE, stderr=log, text=True, env=_COMPILED,
            )  # fmt: skip
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n", (self.directory.parent / "apiserver.log").read_text()
        self._connection = None
        return self

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Sends a signal and waits; returns the exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        code = self.process.wait(timeout=20)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code

    def kill(self) -> None:
        """kill -9."""
        self.end(signal.SIGKILL)

    @property
    def url(self) -> str:
        """https://127.0.0.1:PORT"""
        return (self.directory / "endpoint").read_text().strip()

    @property
    def token(self) -> str:
        """The bearer token."""
        return (self.directory / "token").read_text().strip()

    def connect(self) -> http.client.HTTPSConnection:
        """A new connection that trusts the cluster's own authority only."""
        trust = ssl.create_default_context(cafile=str(self.directory / "ca.pem"))
        parts = urlsplit(self.url)
        return http.client.HTTPSConnection(parts.hostname or "", parts.port, context=trust, timeout=30)

    def raw(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        content_type: str = JSON,
        accept: str = JSON,
        headers: dict[str, str] | None = None,
        connection: http.client.HTTPSConnection | None = None,
    ) -> http.client.HTTPResponse:
        """A request with bytes; the answer is not read yet."""
        used = connection or self.connect()
        sent = {"Authorization": f"Bearer {self.token}", "Accept": accept}
        if body is not None:
            sent["Content-Type"] = content_type
        used.request(method, path, body=body, headers=sent | (headers or {}))
        return used.getresponse()

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content_type: str = JSON,
        accept: str = JSON,
        **query: str | int,
    ) -> tuple[int, Any]:
        """(status code, decoded answer) of a request with JSON, over one kept connection."""
        if query:
            path += "?" + urlencode(query)
        data = None if body is None else json.dumps(body).encode()
        if self._connection is None:
            self._connection = self.connect()
        answer = self.raw(method, path, data, content_type=content_type, accept=accept, connection=self._connection)
        text = answer.read()
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, text.decode(errors="replace")

    def ok(self, method: str, path: str, body: Any = None, **more: Any) -> Document:
        """The answer of a request that has to succeed."""
        code, answer = self.ask(method, path, body, **more)
        assert code < 300, answer
        return dict(answer)

    def watch(self, path: str, *, accept: str = JSON, **query: str | int) -> Watch:
        """A watch from now on, or from `resourceVersion`."""
        connection = self.connect()
        path += "?" + urlencode({"watch": "true", **query})
        return Watch(self.raw("GET", path, accept=accept, connection=connection), connection)

    def kubectl(
        self, *arguments: str, stdin: str | None = None, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Runs kubectl in the namespace of the kubeconfig."""
        done = subprocess.run(
            ["kubectl", *arguments], env=self.environment(), capture_output=True, text=True, input=stdin,
            timeout=60, check=False,
        )  # fmt: skip
        if check and done.returncode:
            raise AssertionError(f"kubectl {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def environment(self) -> dict[str, str]:
        """What kubectl needs; its caches go into the directory above the cluster's."""
        home = str(self.directory.parent)
        return {**os.environ, "KUBECONFIG": str(self.directory / "kubeconfig"), "HOME": home}


class Watch:
    """The events of one watch, as they come."""

    def __init__(self, answer: http.client.HTTPResponse, connection: http.client.HTTPSConnection) -> None:
        self.answer = answer
        self._connection = connection

    def next(self) -> Document:
        """The next event; waits for it."""
        line = self.answer.readline()
        assert line, "the watch has ended"
        return dict(json.loads(line))

    def take(self, count: int) -> list[Document]:
        """The next `count` events."""
        return [self.next() for _ in range(count)]

    def rest(self) -> list[Document]:
        """All events until the server ends the watch."""
        return [json.loads(line) for line in self.answer.read().splitlines()]

    def close(self) -> None:
        """Hangs up."""
        self.answer.close()
        self._connection.close()


@contextlib.contextmanager
def running(directory: Path, *options: str) -> Iterator[ApiServer]:
    """A started server that is ended afterwards."""
    server = ApiServer(directory / "local", *options).start()
    try:
        yield server
    finally:
        if server.process is not None and server.process.poll() is None:
            server.end()


def until(condition: Callable[[], Any], seconds: float = 15.0) -> Any:
    """Waits until `condition` is true; returns what it gave."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)  # the condition is another process's; there is no event to wait for


def configmap(name: str, data: dict[str, str] | None = None, **metadata: Any) -> Document:
    """A ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **metadata}, "data": data or {}}


def pod(name: str, **metadata: Any) -> Document:
    """A pod with one container."""
    container = {"name": "main", "image": "busybox:1", "command": ["true"]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, **metadata},
        "spec": {"containers": [container]},
    }


CONFIGMAPS = "/api/v1/namespaces/argo/configmaps"
PODS = "/api/v1/namespaces/argo/pods"
WORKFLOWS = "/apis/argoproj.io/v1alpha1/namespaces/argo/workflows"
