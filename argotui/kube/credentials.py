"""What proves to the server who we are, kept valid while the program runs.

A transport asks for `current()` before each request. When the server says 401 it calls `refused()` once, which says
whether there is something newer to try: a token file is read again, a plugin is run again.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from argotui.kube.backoff import Backoff
from argotui.kube.config import ClusterConfig
from argotui.kube.errors import NoCredentials
from argotui.kube.plugin import ExecPlugin, Issued, run_plugin
from argotui.kube.tls import belong_together

log = logging.getLogger(__name__)

_EARLY = 30.0
"""Seconds before its end at which an issued credential is replaced, at most a fifth of its life."""
_FIRST_REST = 5.0
_LONGEST_REST = 300.0
"""Bounds of the pause after a plugin that failed or gave what is refused: some open a browser each time."""


@dataclass(frozen=True, repr=False)
class Proof:
    """What one request carries: a header value ("" for none) and a certificate with its key, both PEM."""

    authorization: str = ""
    certificate: tuple[bytes, bytes] | None = None


class Credentials(Protocol):
    """Where proofs come from."""

    async def current(self) -> Proof:
        """What to send now. Raises NoCredentials."""

    async def refused(self, proof: Proof) -> bool:
        """The server does not accept `proof`; True when `current()` now gives another one. Raises NoCredentials."""

    async def close(self) -> None:
        """Ends what runs in the background."""


def credentials_of(config: ClusterConfig) -> Credentials:
    """The right kind for a configuration."""
    certificate = None
    if config.client_cert_data is not None and config.client_key_data is not None:
        certificate = (config.client_cert_data, config.client_key_data)
    if config.plugin is not None and not config.token and config.token_file is None and not config.username:
        return PluginCredentials(config.plugin, Proof(certificate=certificate))
    authorization = f"Bearer {config.token}" if config.token else ""
    if config.username:
        pair = base64.b64encode(f"{config.username}:{config.password}".encode()).decode()
        authorization = f"Basic {pair}"
    return KeptCredentials(Proof(authorization, certificate), config.token_file, config.client_files)


class KeptCredentials:
    """What a kubeconfig states. Its files may be replaced by somebody else: tokens by a kubelet, certificates by
    whatever renews them; a look at them before each request costs microseconds.

    While a file cannot be read, what was read last holds, or at first what the kubeconfig states.
    """

    def __init__(self, proof: Proof, token_file: Path | None, client_files: tuple[Path, Path] | None) -> None:
        self._proof = proof
        self._token_file = token_file
        self._client_files = client_files
        self._seen: dict[Path, tuple[int, ...]] = {}
        self._told = ""

    async def current(self) -> Proof:
        if self._token_file is not None:
            self._read_token(self._token_file)
        if self._client_files is not None:
            self._read_certificate(*self._client_files)
        return self._proof

    def _read_token(self, path: Path) -> None:
        try:
            token = path.read_text().strip() if self._changed(path) else ""
        except (OSError, UnicodeDecodeError) as error:
            if not self._proof.authorization:
                raise NoCredentials(f"the token file {path} cannot be read: {error}") from error
            return
        if token:
            self._proof = replace(self._proof, authorization=f"Bearer {token}")

    def _read_certificate(self, certificate: Path, key: Path) -> None:
        """Both or neither: for a moment one of the files may be older than the other."""
        try:
            if not (self._changed(certificate) | self._changed(key)):
                return
            pair = certificate.read_bytes(), key.read_bytes()
        except OSError as error:
            if str(error) != self._told:
                self._told = str(error)
                log.warning("the client certificate cannot be read again: %s", error)
            return
        if belong_together(*pair):
            self._proof = replace(self._proof, certificate=pair)

    def _changed(self, path: Path) -> bool:
        """Whether it is another file than at the last look."""
        state = path.stat()
        seen = (state.st_mtime_ns, state.st_size, state.st_ino, state.st_dev)
        before, self._seen[path] = self._seen.get(path), seen
        return seen != before

    async def refused(self, proof: Proof) -> bool:
        return await self.current() != proof

    async def close(self) -> None:
        pass


class PluginCredentials:
    """Credentials of a plugin: run at the first request, before they expire, and when they are refused.

    At most one runs at a time; who needs it waits for the one that runs. A plugin that failed is not run again for a
    pause that grows.
    """

    def __init__(self, plugin: ExecPlugin, base: Proof, now: Callable[[], float] = time.time) -> None:
        self._plugin = plugin
        self._base = base
        self._now = now
        self._issued: Issued | None = None
        self._got_at = 0.0
        self._task: asyncio.Task[Issued] | None = None
        self._failure: NoCredentials | None = None
        self._failing = Backoff(_FIRST_REST, _LONGEST_REST)
        self._refusing = Backoff(_FIRST_REST, _LONGEST_REST)
        self._not_before = 0.0
        """When a plugin that failed, or whose credentials were refused, may run again."""

    async def current(self) -> Proof:
        issued = self._issued
        if issued is None or self._ends_by(issued, self._now()):
            return self._proof(await self._renewed())
        if self._ends_by(issued, self._now() + self._early(issued)):
            return self._proof(await self._renewed_early(issued))
        return self._proof(issued)

    async def refused(self, proof: Proof) -> bool:
        """A new one is asked for at once, but when that is refused, too, only after a pause."""
        if self._issued is not None and self._proof(self._issued) != proof:
            return True  # replaced since the request was sent
        if self._now() - self._got_at > _LONGEST_REST:
            self._refusing.reset()  # it was good for a while
        elif self._now() < self._not_before:
            return False
        renewed = self._proof(await self._renewed())
        self._not_before = self._now() + self._refusing.next()
        return renewed != proof

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    @staticmethod
    def _ends_by(issued: Issued, moment: float) -> bool:
        return issued.expires is not None and issued.expires <= moment

    def _early(self, issued: Issued) -> float:
        life = 0.0 if issued.expires is None else issued.expires - self._got_at
        return min(_EARLY, max(0.0, life / 5))

    async def _renewed_early(self, issued: Issued) -> Issued:
        """A new one, or the old one while it is still good."""
        try:
            return await self._renewed()
        except NoCredentials as error:
            log.warning("credentials end soon and cannot be renewed: %s", error)
            return issued

    async def _renewed(self) -> Issued:
        if self._task is None:
            if self._failure is not None and self._now() < self._not_before:
                raise NoCredentials(str(self._failure))
            self._task = asyncio.create_task(self._run())
        # whoever waits may be cancelled; the others still want the answer
        return await asyncio.shield(self._task)

    async def _run(self) -> Issued:
        try:
            issued = await run_plugin(self._plugin)
        except NoCredentials as error:
            self._failure = error
            self._not_before = self._now() + self._failing.next()
            raise
        else:
            self._issued, self._got_at, self._failure = issued, self._now(), None
            self._failing.reset()
            return issued
        finally:
            self._task = None

    def _proof(self, issued: Issued) -> Proof:
        authorization = f"Bearer {issued.token}" if issued.token else self._base.authorization
        return Proof(authorization, issued.certificate or self._base.certificate)


def why_refused(proof: Proof, origin: str, now: float | None = None) -> str:
    """What can be seen about a proof that the server did not accept: whose it is, and that its time is over."""
    moment = time.time() if now is None else now
    source = f" ({origin})" if origin else ""
    if not proof.authorization and proof.certificate is None:
        return f"the kubeconfig gives no credentials{source}; log in, or name a user in its context"
    expired = _expired(proof, moment)
    if expired:
        return f"{expired}{source}; log in again, or get a new kubeconfig"
    return f"the credentials are not accepted (wrong or expired){source}; log in again, or name another --context"


def _expired(proof: Proof, now: float) -> str:
    for what, ends in (("token", _token_end(proof.authorization)), ("client certificate", _certificate_end(proof))):
        if ends is not None and ends < now:
            return f"the {what} expired on {datetime.fromtimestamp(ends, UTC):%Y-%m-%d %H:%M} UTC"
    return ""


def _token_end(authorization: str) -> float | None:
    """The `exp` of a bearer token that is a JWT; not verified, only told."""
    parts = authorization.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return float(claims["exp"])
    except (ValueError, TypeError, KeyError):
        return None


def _certificate_end(proof: Proof) -> float | None:
    if proof.certificate is None:
        return None
    from cryptography import x509  # only when something went wrong: it takes long to import

    try:
        return x509.load_pem_x509_certificate(proof.certificate[0]).not_valid_after_utc.timestamp()
    except ValueError:
        return None
