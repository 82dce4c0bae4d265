"""The address at which Prometheus reads the metrics; on loopback unless the command line says otherwise."""

from __future__ import annotations

import logging
import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from argotui.controller.metrics.exposition import CONTENT_TYPE
from argotui.controller.metrics.registry import Registry
from argotui.engine.metricsconfig import MetricsSettings

log = logging.getLogger(__name__)

_VALID = timedelta(days=365)


class MetricsServer:
    """`apply` it to every new configuration. `where` is the address, `problem` why there is none."""

    def __init__(self, registry: Registry, host: str) -> None:
        self.where = ""
        self.problem = ""
        self._registry = registry
        self._host = host
        self._applied: MetricsSettings | None = None
        self._runner: web.AppRunner | None = None

    async def apply(self, settings: MetricsSettings) -> None:
        """Serves as the settings say; what cannot be served is told and tried again with the next configuration."""
        if settings == self._applied:
            return
        await self.stop()
        self._applied = settings
        if not settings.enabled:
            self.problem = "switched off by metricsConfig.enabled"
            return
        try:
            await self._start(settings)
        except OSError as error:
            self.problem = f"port {settings.port} cannot be had: {error.strerror or error}"
            log.log(logging.INFO if settings.ignore_errors else logging.WARNING, "metrics: %s", self.problem)
            await self._close()
            return
        scheme = "https" if settings.secure else "http"
        self.where = f"{scheme}://{self._host}:{settings.port}{settings.path}"
        log.info("metrics are served at %s", self.where)

    async def stop(self) -> None:
        """Serves no more."""
        self.where = self.problem = ""
        self._applied = None
        await self._close()

    async def _start(self, settings: MetricsSettings) -> None:
        application = web.Application()
        application.router.add_get(settings.path, self._answer)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        context = _self_signed(self._host) if settings.secure else None
        await web.TCPSite(self._runner, self._host, settings.port, ssl_context=context).start()

    async def _close(self) -> None:
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def _answer(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._registry.text().encode(), headers={"Content-Type": CONTENT_TYPE})


def _self_signed(host: str) -> ssl.SSLContext:
    """TLS with a certificate that nobody has signed, made for this process, as upstream does."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "argotui-controller")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _VALID)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:  # only this user may enter it, and it is gone in a moment
        path = Path(folder) / "certificate.pem"
        path.write_bytes(pem)
        context.load_cert_chain(path)
    return context
