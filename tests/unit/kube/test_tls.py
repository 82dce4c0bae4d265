import datetime
import ipaddress
import ssl
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from argotui.kube.client import Client
from argotui.kube.config import ClusterConfig
from argotui.kube.errors import ConfigError, Unreachable


class Authority:
    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ca")])
        self.pem = self._sign(self.name, self.key.public_key(), ca=True).public_bytes(serialization.Encoding.PEM)

    def _sign(self, subject: x509.Name, public: ec.EllipticCurvePublicKey, *, ca: bool = False) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(public)
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - datetime.timedelta(hours=1))
        builder = builder.not_valid_after(now + datetime.timedelta(hours=1))
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        return builder.add_extension(x509.SubjectAlternativeName(names), critical=False).sign(self.key, hashes.SHA256())

    def issue(self, name: str) -> tuple[bytes, bytes]:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), key.public_key())
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return certificate.public_bytes(serialization.Encoding.PEM), private


async def _whoami(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    peer = request.transport.get_extra_info("peercert") or {}
    return web.json_response({"peer": str(peer.get("subject"))})


async def test_server_and_client_certificates_from_memory(tmp_path: Path) -> None:
    authority, stranger = Authority(), Authority()
    certificate, key = authority.issue("server")
    (tmp_path / "server.pem").write_bytes(certificate + key)
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(tmp_path / "ca.pem"))
    context.load_cert_chain(str(tmp_path / "server.pem"))
    context.verify_mode = ssl.CERT_OPTIONAL
    app = web.Application()
    app.router.add_get("/version", _whoami)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    server = f"https://127.0.0.1:{runner.addresses[0][1]}"
    try:
        mine, my_key = authority.issue("alice")
        known = ClusterConfig(server=server, ca_data=authority.pem, client_cert_data=mine, client_key_data=my_key)
        async with Client(known) as client:
            assert "alice" in (await client.server_version())["peer"]
        async with Client(ClusterConfig(server=server, ca_data=stranger.pem)) as client:
            with pytest.raises(Unreachable, match="not trusted"):
                await client.server_version()
        async with Client(ClusterConfig(server=server, insecure=True)) as client:
            assert await client.server_version()
    finally:
        await runner.cleanup()


async def test_a_certificate_that_cannot_be_read_is_a_configuration_error() -> None:
    with pytest.raises(ConfigError, match="context 'x'"):
        await Client(ClusterConfig(server="https://h", ca_data=b"nonsense", context_name="x")).__aenter__()
