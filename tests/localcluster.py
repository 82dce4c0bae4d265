"""A real local cluster for tests: API server, kubelet and controller as processes, in a directory of its own."""

import asyncio
import atexit
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from argotui.local.supervisor import lifecycle
from argotui.local.supervisor.process import ProcessIdentity

ROOT = Path(__file__).parents[1]
# shorter leases than usual, but not so short that a machine under load loses them; and the executor image under
# which upstream's runs were recorded
ENVIRONMENT = {
    "LEADER_ELECTION_LEASE_DURATION": "10s",
    "LEADER_ELECTION_RENEW_DEADLINE": "8s",
    "LEADER_ELECTION_RETRY_PERIOD": "1s",
    "ARGO_EXECUTOR_IMAGE": "argoexec:v4.1.2",
}


def environment() -> dict[str, str]:
    """The environment as a user has it: where byte code may not be kept, every process start costs a second."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


@cache
def command() -> list[str]:
    """The command line as a program that starts at once; see tests/commandline.py."""
    folder = tempfile.mkdtemp(prefix="argotui-cli-")
    address = f"{folder}/socket"
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.commandline", "serve", address],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,  # a pipe as well: a stream remembers whether it could seek
        env=environment(),
        cwd=ROOT,
    )
    assert server.stdout is not None
    assert server.stdout.readline() == b"ready\n"
    atexit.register(_end, server, folder)
    return [sys.executable, "-S", "-E", str(ROOT / "tests" / "commandline.py"), "call", address]


def _end(server: "subprocess.Popen[bytes]", folder: str) -> None:
    assert server.stdin is not None
    server.stdin.close()
    server.wait()
    shutil.rmtree(folder)


class LocalCluster:
    """One cluster. `environment` is what every process started here sees."""

    def __init__(self, directory: Path, runtime: str = "auto") -> None:
        self.directory = directory
        self.runtime = runtime
        self.environment: Mapping[str, str] = {
            **environment(),
            **ENVIRONMENT,
            "ARGOTUI_LOCAL_DIR": str(directory),
            "KUBECONFIG": str(directory / "kubeconfig"),
            "NO_COLOR": "1",
        }

    def argotui(
        self, *arguments: str, check: bool = True, timeout: float = 120, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Runs the CLI. With `check`, a failure shows what it printed."""
        # what leaves processes behind is started as users start it
        start = [sys.executable, "-m", "argotui"] if arguments[0] in ("local", "demo") else command()
        done = subprocess.run(
            [*start, *arguments],
            env=dict(self.environment),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            input=stdin,
        )
        if check and done.returncode != 0:
            said = f"{done.returncode}\n{done.stdout}{done.stderr}{self.words()}"
            raise AssertionError(f"argotui {' '.join(arguments)}: {said}")
        return done

    def start(self) -> None:
        """Starts the cluster; returns when it is ready."""
        self.argotui("local", "start", "--runtime", self.runtime)

    def stop(self) -> None:
        """Kills the steps, ends the processes and removes the directory."""
        if os.environ.get("ARGOTUI_TEST_KEEP"):
            self.argotui("local", "stop", check=False)
            return
        self.argotui("local", "reset", "--yes", check=False)

    def status(self) -> dict[str, Any]:
        """`argotui local status -o json`."""
        state: dict[str, Any] = json.loads(self.argotui("local", "status", "-o", "json", check=False).stdout)
        return state

    def kill(self, part: str) -> bool:
        """kill -9 of apiserver, kubelet, controller or supervisor, and its end; False when it does not run just now."""
        if part == "supervisor":
            pid = int((self.directory / "run" / "supervisor.lock").read_text())
            os.kill(pid, signal.SIGKILL)
            return True
        identity = ProcessIdentity.read(self.directory / "run" / f"{part}.json")
        if identity is None or not identity.send(signal.SIGKILL):
            return False
        while identity.is_alive():  # until the supervisor has taken note of its end
            time.sleep(0.002)
        return True

    def ready(self) -> None:
        """Waits until every process is ready again, also when the supervisor does not know yet that one was killed."""

        async def wait() -> None:
            host, port = self.endpoint().removeprefix("https://").split(":")
            while True:
                await lifecycle.start(self.directory)
                with contextlib.suppress(ConnectionRefusedError):
                    _, writer = await asyncio.open_connection(host, int(port))
                    writer.close()
                    return

        asyncio.run(wait())

    def kubectl(self, *arguments: str, check: bool = True, stdin: str | None = None) -> str:
        """Runs kubectl in the namespace argo and returns what it printed."""
        done = subprocess.run(
            ["kubectl", "-n", "argo", *arguments],
            env=dict(self.environment),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            input=stdin,
        )
        if check and done.returncode != 0:
            raise AssertionError(f"kubectl {' '.join(arguments)}: {done.stderr}")
        return done.stdout

    def workflow(self, name: str) -> dict[str, Any]:
        """The object as the API server has it."""
        document: dict[str, Any] = json.loads(self.argotui("get", name, "-n", "argo", "-o", "json").stdout)
        return document

    def token(self) -> str:
        return (self.directory / "token").read_text().strip()

    def endpoint(self) -> str:
        return (self.directory / "endpoint").read_text().strip()

    def words(self, lines: int = 15) -> str:
        """The last words of each process, for the message of a failed test."""
        text = ""
        for log in sorted((self.directory / "logs").glob("*.log")):
            text += f"\n--- {log.name}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
        return text
