"""Credential plugins: programs that a kubeconfig names, run to get a token or a client certificate.

Protocol: client.authentication.k8s.io v1 and v1beta1 (an ExecCredential as JSON on standard output). What a plugin
prints there is never repeated in a message; its standard error is, as far as it explains a failure.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from argotui.kube.errors import NoCredentials

API_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
RUN_SECONDS = 60.0
"""Longest run of a plugin that asks nobody; one that may ask a person is waited for."""

_ESCAPES = re.compile(r"\x1b(\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|.)?")
_SHOWN = 400


class InteractiveMode(StrEnum):
    """Whether a plugin wants to ask a person on standard input."""

    NEVER = "Never"
    IF_AVAILABLE = "IfAvailable"
    ALWAYS = "Always"


@dataclass(frozen=True)
class ExecPlugin:
    """The `exec` of a user. `cluster` is what it is told about the server, None for nothing; `where` is for messages.

    interactive: a person can answer on our standard input.
    """

    command: str
    args: tuple[str, ...] = field(default=(), repr=False)
    env: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    api_version: str = API_VERSIONS[0]
    install_hint: str = ""
    mode: InteractiveMode = InteractiveMode.IF_AVAILABLE
    cluster: dict[str, Any] | None = field(default=None, repr=False, hash=False)
    where: str = ""
    interactive: bool = False

    @property
    def asks(self) -> bool:
        """Whether it gets our standard input."""
        return self.interactive and self.mode is not InteractiveMode.NEVER

    def environment(self) -> dict[str, str]:
        """Ours, the plugin's own, and KUBERNETES_EXEC_INFO."""
        spec: dict[str, Any] = {"interactive": self.asks}
        if self.cluster is not None:
            spec["cluster"] = self.cluster
        info = {"kind": "ExecCredential", "apiVersion": self.api_version, "spec": spec}
        return {**os.environ, **dict(self.env), "KUBERNETES_EXEC_INFO": json.dumps(info)}


@dataclass(frozen=True, repr=False)
class Issued:
    """What a plugin gave. `expires` is in seconds since 1970, None for never."""

    token: str = ""
    certificate: tuple[bytes, bytes] | None = None
    expires: float | None = None


async def run_plugin(plugin: ExecPlugin, seconds: float = RUN_SECONDS) -> Issued:
    """Runs it once, without holding up the event loop. Raises NoCredentials that says what to do."""
    if plugin.mode is InteractiveMode.ALWAYS and not plugin.interactive:
        raise NoCredentials(
            f"{plugin.where}: {plugin.command} must ask a person (interactiveMode: Always), and there is no "
            "terminal to ask on here; choose a way to log in that keeps its own session, such as a browser or an "
            "environment variable, or use another --context"
        )
    return _issued(plugin, await _output(plugin, seconds))


async def _output(plugin: ExecPlugin, seconds: float) -> bytes:
    process = await _start(plugin)
    try:
        async with asyncio.timeout(None if plugin.asks else seconds):
            output, errors = await process.communicate()
    except TimeoutError:
        raise NoCredentials(
            f"{plugin.where}: {plugin.command} gave no credentials within {seconds:g} s; run it in a shell to see "
            "what it waits for"
        ) from None
    finally:
        await _end(process, plugin)
    if process.returncode != 0:
        raise NoCredentials(f"{plugin.where}: {plugin.command} {_ending(process.returncode)}{_said(errors)}")
    return output


async def _start(plugin: ExecPlugin) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            plugin.command,
            *plugin.args,
            env=plugin.environment(),
            stdin=None if plugin.asks else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=None if plugin.asks else asyncio.subprocess.PIPE,
            # one that may not ask must not find our terminal by another way and write into the picture
            start_new_session=not plugin.asks,
        )
    except FileNotFoundError:
        hint = f": {_clean(plugin.install_hint)}" if plugin.install_hint else "; install it, or put it on the PATH"
        raise NoCredentials(f"{plugin.where}: the program {plugin.command!r} is not found{hint}") from None
    except (OSError, ValueError) as error:
        raise NoCredentials(f"{plugin.where}: {plugin.command} cannot be run: {error}") from error


async def _end(process: asyncio.subprocess.Process, plugin: ExecPlugin) -> None:
    """Ends what still runs: the plugin, and where it has a session of its own also what it started."""
    if process.returncode is not None:
        return
    try:
        if plugin.asks:
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass  # it ended by itself in this moment
    await process.wait()


def _ending(code: int | None) -> str:
    return f"was ended by signal {-code}" if code is not None and code < 0 else f"failed with exit code {code}"


def _said(errors: bytes | None) -> str:
    """The end of standard error, which is where programs say why."""
    text = _clean((errors or b"").decode("utf-8", "replace"))
    if not text:
        return ""
    return f": {text}" if len(text) <= _SHOWN else f": … {text[-_SHOWN:]}"


def _clean(text: str) -> str:
    """One line without what terminals obey."""
    plain = " ".join(_ESCAPES.sub("", text).split())
    return "".join(c for c in plain if c.isprintable())


def _issued(plugin: ExecPlugin, output: bytes) -> Issued:
    try:
        document = json.loads(output)
    except ValueError:
        raise _unusable(plugin, "printed something that is not JSON") from None
    if not isinstance(document, dict) or document.get("kind") != "ExecCredential":
        raise _unusable(plugin, "printed something that is no ExecCredential")
    version = document.get("apiVersion")
    if version != plugin.api_version:
        raise _unusable(plugin, f"answers as {_clean(str(version))}, the kubeconfig says {plugin.api_version}")
    status = document.get("status")
    if not isinstance(status, dict):
        raise _unusable(plugin, "printed an ExecCredential without a status")
    return _read_status(plugin, status)


def _read_status(plugin: ExecPlugin, status: dict[str, Any]) -> Issued:
    keys = ("token", "clientCertificateData", "clientKeyData", "expirationTimestamp")
    token, certificate, key, expires = (status.get(name) or "" for name in keys)
    if not all(isinstance(value, str) for value in (token, certificate, key, expires)):
        raise _unusable(plugin, f"printed a status in which {', '.join(keys)} are not all text")
    if bool(certificate) != bool(key):
        raise _unusable(plugin, "gave only one of clientCertificateData and clientKeyData")
    if not token and not certificate:
        raise _unusable(plugin, "gave neither a token nor a client certificate")
    pair = (certificate.encode(), key.encode()) if certificate else None
    return Issued(token, pair, _seconds(plugin, expires))


def _seconds(plugin: ExecPlugin, text: str) -> float | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise _unusable(plugin, f"gave an expirationTimestamp that is no RFC 3339 time: {_clean(text)[:60]!r}")
    return moment.timestamp()


def _unusable(plugin: ExecPlugin, what: str) -> NoCredentials:
    return NoCredentials(f"{plugin.where}: {plugin.command} {what}")
