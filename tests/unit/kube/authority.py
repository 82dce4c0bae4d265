"""Certificates for tests, made on the spot."""

import datetime
import ipaddress
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PEM = serialization.Encoding.PEM
HOUR = datetime.timedelta(hours=1)


class Authority:
    """Signs certificates. Two of them have the same name and different keys."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ca")])
        self.pem = self._sign("ca", self.key.public_key(), ca=True).public_bytes(PEM)

    def _sign(
        self, name: str, public: ec.EllipticCurvePublicKey, *, ca: bool = False, host: str = "127.0.0.1", shift: int = 0
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC) + shift * HOUR
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(public)
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - HOUR)
        builder = builder.not_valid_after(now + HOUR)
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        names = [x509.DNSName(host) if host[0].isalpha() else x509.IPAddress(ipaddress.ip_address(host))]
        return builder.add_extension(x509.SubjectAlternativeName(names), critical=False).sign(self.key, hashes.SHA256())

    def issue(self, name: str, *, host: str = "127.0.0.1", shift: int = 0) -> tuple[bytes, bytes]:
        """A certificate and its key. It is good for an hour around now, moved by `shift` hours."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(name, key.public_key(), host=host, shift=shift)
        private = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return certificate.public_bytes(PEM), private

    def server(self, folder: Path, *, host: str = "127.0.0.1", shift: int = 0) -> ssl.SSLContext:
        """What a server needs. It asks for a client certificate and does without."""
        certificate, key = self.issue("server", host=host, shift=shift)
        (folder / "server.pem").write_bytes(certificate + key)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cadata=self.pem.decode())
        context.load_cert_chain(str(folder / "server.pem"))
        context.verify_mode = ssl.CERT_OPTIONAL
        return context
