"""The test cluster's own authority, and what it signs: the server's certificate, users, the key of tokens."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_PEM = serialization.Encoding.PEM
_DAY = timedelta(days=1)


class Signed(NamedTuple):
    """PEM texts."""

    certificate: bytes
    key: bytes


def new_key() -> ec.EllipticCurvePrivateKey:
    """A fresh private key."""
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The key as files hold it."""
    return key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def public_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The public half."""
    return key.public_key().public_bytes(_PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


class Authority:
    """Signs certificates that are good for a day, or for as long as a test wants."""

    def __init__(self, name: str) -> None:
        self._key = new_key()
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        basic = x509.BasicConstraints(ca=True, path_length=0)
        signed = self._builder(self._name, self._key, _DAY).add_extension(basic, critical=True)
        self._certificate = signed.sign(self._key, hashes.SHA256())

    @property
    def pem(self) -> bytes:
        """The authority's certificate."""
        return self._certificate.public_bytes(_PEM)

    def server(self, *, life: timedelta = _DAY) -> Signed:
        """For a server on loopback."""
        loopback = [x509.IPAddress(ipaddress.ip_address(address)) for address in ("127.0.0.1", "::1")]
        names = x509.SubjectAlternativeName([x509.DNSName("localhost"), *loopback])
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kube-apiserver")])
        return self._sign(subject, ExtendedKeyUsageOID.SERVER_AUTH, life, names)

    def user(self, name: str, groups: Sequence[str] = (), *, life: timedelta = _DAY) -> Signed:
        """For a client: Kubernetes reads the user from the common name and the groups from the organisations."""
        parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
        subject = x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, name)])
        return self._sign(subject, ExtendedKeyUsageOID.CLIENT_AUTH, life)

    def _sign(
        self, subject: x509.Name, usage: x509.ObjectIdentifier, life: timedelta, *extensions: x509.ExtensionType
    ) -> Signed:
        key = new_key()
        builder = self._builder(subject, key, life)
        for extension in (x509.ExtendedKeyUsage([usage]), *extensions):
            builder = builder.add_extension(extension, critical=False)
        return Signed(builder.sign(self._key, hashes.SHA256()).public_bytes(_PEM), key_pem(key))

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, life: timedelta) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + life)
        )
