"""etcd and kube-apiserver for one test session: started, killed, started again, ended for sure.

There is no controller-manager, no scheduler and no kubelet: nothing collects garbage, creates ServiceAccounts or binds
pods, unless a test does.
"""

from __future__ import annotations

import base64
import contextlib
import json
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from argotui.model import schema
from tests.cluster.apiclient import ApiClient, until
from tests.cluster.envtest import certificates
from tests.cluster.envtest.binaries import Binaries, find

ADMIN = "admin"
STEADY = (
    "--bind-address=127.0.0.1",
    "--advertise-address=127.0.0.1",
    "--authorization-mode=RBAC",
    "--service-cluster-ip-range=10.0.0.0/24",
    "--service-account-issuer=https://kubernetes.default.svc",
    "--endpoint-reconciler-type=none",  # there is no node that the service `kubernetes` could lead to
    "--allow-privileged=true",
    # commands in containers reach the node's endpoint over WebSockets, which is what the scripted kubelet speaks
    "--feature-gates=TranslateStreamCloseWebsocketRequests=false",
    "--profiling=false",
)


@contextlib.contextmanager
def running(*options: str) -> Iterator[ControlPlane]:
    """A started control plane with our CustomResourceDefinitions, ended for sure."""
    made = ControlPlane(*options)
    try:
        made.start()
        made.define(schema.crds())
        yield made
    finally:
        made.stop()


def free_port() -> int:
    """A port of loopback that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class ControlPlane(ApiClient):
    """One cluster. `options` go on kube-apiserver's command line and win over the usual ones."""

    def __init__(self, *options: str, binaries: Binaries | None = None) -> None:
        self.binaries = binaries or find()
        super().__init__(Path(tempfile.mkdtemp(prefix="argotui-envtest-")))
        self.home = self.directory
        self.authority = certificates.Authority("argotui-test-authority")
        self._options = options
        self._admin_token = secrets.token_hex(16)
        self._port, self._etcd_port = free_port(), free_port()
        self._write_files()
        self._keeper = subprocess.Popen(
            [sys.executable, "-S", "-E", str(Path(__file__).with_name("keeper.py")), str(self.directory)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip

    def start(self) -> ControlPlane:
        """Starts both; returns when the API server is ready, `argo` exists and pods may be created in it."""
        self.start_etcd()
        self.start_apiserver()
        self.namespace("argo")
        until(lambda: self.ask("GET", "/api/v1/namespaces/default")[0] == 200)
        self._account("default")
        return self

    def stop(self) -> None:
        """Kills both and removes the directory."""
        assert self._keeper.stdin is not None
        assert self._keeper.stdout is not None
        self.hang_up()
        self._keeper.stdin.close()
        self._keeper.wait(timeout=30)
        self._keeper.stdout.close()

    # --- the processes ------------------------------------------------------------------------

    def start_etcd(self) -> None:
        """Returns when it answers."""
        url = self.etcd_url
        self._tell(
            start="etcd",
            log=str(self.directory / "etcd.log"),
            command=[
                str(self.binaries.etcd), f"--data-dir={self.directory / 'etcd'}", f"--listen-client-urls={url}",
                f"--advertise-client-urls={url}", "--listen-peer-urls=http://127.0.0.1:0", "--log-level=warn",
                "--unsafe-no-fsync",  # a machine that loses power loses the test as well
            ],
        )  # fmt: skip
        until(self._etcd_is_healthy, 30)

    def start_apiserver(self) -> None:
        """Returns when it is ready."""
        self.hang_up()
        log = str(self.directory / "kube-apiserver.log")
        self._tell(start="apiserver", log=log, command=[str(self.binaries.apiserver), *self._flags()])
        until(self._is_ready, 90)

    def kill_apiserver(self, number: signal.Signals = signal.SIGKILL) -> None:
        """It is gone when this returns."""
        self.hang_up()
        self._tell(signal=number, to="apiserver", wait=True)

    def signal(self, name: str, number: signal.Signals) -> None:
        """Sends a signal to `etcd` or `apiserver`, as SIGSTOP and SIGCONT."""
        self._tell(signal=number, to=name)

    def compact(self) -> None:
        """Forgets etcd's history up to now, as the API server itself does every five minutes."""
        newest = int(self._etcd("/v3/kv/range", {"key": base64.b64encode(b"/").decode()})["header"]["revision"])
        self._etcd("/v3/kv/compaction", {"revision": newest})

    def words(self, lines: int = 30) -> str:
        """The last words of the API server, for the message of a failed test."""
        log = self.directory / "kube-apiserver.log"
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""

    # --- who and where ------------------------------------------------------------------------

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._port}"

    @property
    def etcd_url(self) -> str:
        return f"http://127.0.0.1:{self._etcd_port}"

    @property
    def token(self) -> str:
        """The bearer token of a cluster administrator."""
        return self._admin_token

    def user(self, name: str, groups: Sequence[str] = ()) -> Path:
        """A kubeconfig of somebody who shows a client certificate; RBAC knows nothing of them yet."""
        signed = self.authority.user(name, groups)
        shown = {"client-certificate-data": _base64(signed.certificate), "client-key-data": _base64(signed.key)}
        return self.write_kubeconfig(name, shown)

    def service_account(self, name: str, namespace: str = "argo") -> Path:
        """A kubeconfig with a token of a ServiceAccount, which has to exist."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
        issued = self.ok("POST", path, {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}})
        return self.write_kubeconfig(f"{namespace}-{name}", {"token": issued["status"]["token"]}, namespace)

    def write_kubeconfig(self, name: str, user: dict[str, Any], namespace: str = "argo") -> Path:
        """A kubeconfig file of that name beside the others; `user` is its entry."""
        cluster = {"server": self.url, "certificate-authority-data": _base64(self.authority.pem)}
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "envtest", "cluster": cluster}],
            "users": [{"name": name, "user": user}],
            "contexts": [{"name": name, "context": {"cluster": "envtest", "user": name, "namespace": namespace}}],
            "current-context": name,
        }
        path = self.directory / ("kubeconfig" if name == ADMIN else f"{name}.kubeconfig")
        path.write_text(json.dumps(document))  # JSON is YAML
        path.chmod(0o600)
        return path

    def namespace(self, name: str) -> str:
        """Creates a namespace with its `default` ServiceAccount, which no controller creates here."""
        self.ok("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        self._account(name)
        return name

    def _account(self, namespace: str) -> None:
        self.ok("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": "default"}})

    # --- how --------------------------------------------------------------------------------

    def _write_files(self) -> None:
        server, tokens = self.authority.server(), certificates.new_key()
        files = {
            "ca.pem": self.authority.pem,
            "server.pem": server.certificate,
            "server.key": server.key,
            "tokens.key": certificates.key_pem(tokens),
            "tokens.pub": certificates.public_pem(tokens),
            "tokens.csv": f"{self._admin_token},{ADMIN},{ADMIN},system:masters\n".encode(),
        }
        for name, content in files.items():
            (self.directory / name).write_bytes(content)
        self.write_kubeconfig(ADMIN, {"token": self._admin_token})

    def _flags(self) -> list[str]:
        at = self.directory
        return [
            *STEADY,
            f"--secure-port={self._port}",
            f"--etcd-servers={self.etcd_url}",
            f"--cert-dir={at}",
            f"--tls-cert-file={at / 'server.pem'}",
            f"--tls-private-key-file={at / 'server.key'}",
            f"--client-ca-file={at / 'ca.pem'}",
            f"--token-auth-file={at / 'tokens.csv'}",
            f"--kubelet-certificate-authority={at / 'ca.pem'}",
            f"--service-account-key-file={at / 'tokens.pub'}",
            f"--service-account-signing-key-file={at / 'tokens.key'}",
            *self._options,
        ]

    def _is_ready(self) -> bool:
        ended = self._tell(ask="apiserver")["code"]
        assert ended is None, f"kube-apiserver ended with {ended}\n{self.words()}"
        try:
            return self.ask("GET", "/readyz")[0] == 200
        except OSError:
            self.hang_up()
            time.sleep(0.05)
            return False

    def _etcd_is_healthy(self) -> bool:
        ended = self._tell(ask="etcd")["code"]
        assert ended is None, f"etcd ended with {ended}\n{(self.directory / 'etcd.log').read_text()}"
        try:
            with urllib.request.urlopen(f"{self.etcd_url}/health", timeout=5) as answer:
                return bool(json.load(answer)["health"] == "true")
        except OSError:
            return False

    def _etcd(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        request = urllib.request.Request(f"{self.etcd_url}{path}", json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=30) as answer:
            return dict(json.load(answer))

    def _tell(self, **what: Any) -> dict[str, Any]:
        assert self._keeper.stdin is not None
        assert self._keeper.stdout is not None
        self._keeper.stdin.write(json.dumps(what) + "\n")
        self._keeper.stdin.flush()
        return dict(json.loads(self._keeper.stdout.readline()))


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
