"""Signed tokens of ServiceAccounts: JSON Web Tokens with the claims that Kubernetes puts into them (ES256)."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from argotui.local.certificates import write_private
from argotui.model.documents import Document

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

ISSUER = "https://kubernetes.default.svc.cluster.local"
LEGACY_ISSUER = "kubernetes/serviceaccount"
_FILE = "sa.key"
_HALF = 32
_LONGEST = 16 * 1024


class BadToken(Exception):
    """A token that is not valid; the message says why."""


def is_signed(token: str) -> bool:
    """Whether a token looks like one of these at all."""
    return token.count(".") == 2 and token.startswith("ey")


@dataclass
class Signer:
    """The key of one cluster. It is made at the first use, since importing the library takes a tenth of a second."""

    directory: Path
    _key: EllipticCurvePrivateKey | None = None
    _header: bytes = b""

    def sign(self, claims: Document) -> str:
        """A token with these claims."""
        from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

        key = self._private()
        content = self._header + b"." + _text(msgspec.json.encode(claims))
        r, s = decode_dss_signature(key.sign(content, _algorithm()))
        signature = r.to_bytes(_HALF, "big") + s.to_bytes(_HALF, "big")
        return (content + b"." + _text(signature)).decode()

    def claims(self, token: str) -> Document:
        """The claims of a token that this key has signed; its time is not looked at. Raises BadToken."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

        if len(token) > _LONGEST:
            raise BadToken("the token is too long")
        content, _, mark = token.encode().rpartition(b".")
        try:
            header, _, body = content.partition(b".")
            if _object(header).get("alg") != "ES256":
                raise BadToken("the token is not signed with ES256")
            signature = _bytes(mark)
            if len(signature) != 2 * _HALF:
                raise BadToken("the token's signature has not the right length")
            numbers = (int.from_bytes(half, "big") for half in (signature[:_HALF], signature[_HALF:]))
            self._private().public_key().verify(encode_dss_signature(*numbers), content, _algorithm())
            return _object(body)
        except (InvalidSignature, binascii.Error, msgspec.DecodeError) as error:
            raise BadToken("the token was not signed by this cluster") from error

    def _private(self) -> EllipticCurvePrivateKey:
        if self._key is None:
            self._key = _key_of(self.directory / _FILE)
            head = {"alg": "ES256", "kid": _key_id(self._key)}
            self._header = _text(msgspec.json.encode(head))
        return self._key


def _key_of(path: Path) -> EllipticCurvePrivateKey:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    if not path.exists():
        made = ec.generate_private_key(ec.SECP256R1())
        pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        write_private(path, made.private_bytes(pem, form, serialization.NoEncryption()))
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise OSError(f"{path} is not a key for signing tokens")
    return key


def _key_id(key: EllipticCurvePrivateKey) -> str:
    from cryptography.hazmat.primitives import serialization

    encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    return _text(hashlib.sha256(key.public_key().public_bytes(encoding, form)).digest()).decode()


def _algorithm() -> Any:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.ECDSA(hashes.SHA256())


def _text(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _bytes(text: bytes) -> bytes:
    return base64.b64decode(text + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _object(text: bytes) -> Document:
    found = msgspec.json.decode(_bytes(text))
    if not isinstance(found, dict):
        raise BadToken("the token's parts are not objects")
    return found


Clock = Callable[[], float]
"""Seconds since 1970."""


def check_time(claims: Document, now: float) -> None:
    """Raises BadToken before a token's time and after it."""
    expires, begins = claims.get("exp"), claims.get("nbf")
    if isinstance(expires, int | float) and now >= expires:
        raise BadToken("the token has expired")
    if isinstance(begins, int | float) and now < begins - 1:
        raise BadToken("the token is not valid yet")
