"""A plain HTTP client for the tests of an API server, whichever it is."""

from __future__ import annotations

import http.client
import json
import os
import ssl
import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from argotui.model.resources import CRDS

JSON = "application/json"
MERGE = "application/merge-patch+json"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
METADATA = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json"
METADATA_LIST = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json"

Document = dict[str, Any]


class ApiClient:
    """Talks to the server whose directory holds `ca.pem` and an administrator's `kubeconfig`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.home = directory.parent
        self._connection: http.client.HTTPSConnection | None = None

    @property
    def url(self) -> str:
        """https://127.0.0.1:PORT"""
        raise NotImplementedError

    @property
    def token(self) -> str:
        """An administrator's bearer token."""
        raise NotImplementedError

    def hang_up(self) -> None:
        """Closes the kept connection: the next request makes a new one."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

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
        kept = self._connection is not None
        if self._connection is None:
            self._connection = self.connect()
        try:
            answer = self.raw(method, path, data, content_type=content_type, accept=accept, connection=self._connection)
            text = answer.read()
        except http.client.RemoteDisconnected:
            self.hang_up()
            if not kept:
                raise
            # a server may close a connection that was kept, and then has not read the request
            return self.ask(method, path, body, content_type=content_type, accept=accept)
        except (OSError, http.client.HTTPException):
            self.hang_up()
            raise
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

    def define(self, definitions: Iterable[Document]) -> None:
        """Creates CustomResourceDefinitions; returns when their objects are served."""
        names = [self.ok("POST", CRDS.path(), each)["metadata"]["name"] for each in definitions]
        for name in names:
            until(lambda name=name: self._is_established(name), 60)

    def _is_established(self, name: str) -> bool:
        conditions = self.ok("GET", CRDS.path(name=name)).get("status", {}).get("conditions") or ()
        return any(each["type"] == "Established" and each["status"] == "True" for each in conditions)

    def until_gone(self, path: str, seconds: float = 30) -> None:
        """Waits until the path is not found."""
        until(lambda: self.ask("GET", path)[0] == 404, seconds)

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
        """What kubectl needs; its caches go into `home`."""
        return {**os.environ, "KUBECONFIG": str(self.directory / "kubeconfig"), "HOME": str(self.home)}


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


def until(condition: Callable[[], Any], seconds: float = 15.0) -> Any:
    """Waits until `condition` is true; returns what it gave."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)  # the condition is another process's; there is no event to wait for


def names(listing: Document) -> list[str]:
    """The names of a list's objects, in its order."""
    return [item["metadata"]["name"] for item in listing["items"]]


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
