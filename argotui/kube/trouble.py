"""Why there was no answer: what happened, which setting it has to do with and where that stands, what to do."""

from __future__ import annotations

import errno
import re
import ssl
from datetime import UTC, datetime

import aiohttp

from argotui.kube.config import ClusterConfig

CONNECT_SECONDS = 10.0

# what OpenSSL calls the results of a verification (x509_vfy.h)
_NOT_YET_VALID, _EXPIRED = 9, 10
_HOST_MISMATCH, _ADDRESS_MISMATCH = 62, 64
_NO_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG", "UNKNOWN_PROTOCOL")
_ALERT = re.compile(r"ALERT_|CERTIFICATE_REQUIRED|_BAD_CERTIFICATE|_UNKNOWN_CA|CERTIFICATE_(EXPIRED|REVOKED|UNKNOWN)")


def explain(config: ClusterConfig, error: BaseException, silence: float | None = None, proxy: str = "") -> str:
    """One line about a connection that failed. `proxy` is the one that was in between, "" for none."""
    found = _tls(config, error) or (_proxy(error, proxy) if proxy else "") or _network(error, silence)
    via = f" (through the proxy {shown_proxy(proxy)})" if proxy and "proxy" not in found else ""
    return f"{config.server}{via}: {found}"


def shown_proxy(address: str) -> str:
    """The address without the name and password that it may hold."""
    scheme, separator, rest = address.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"


def _network(error: BaseException, silence: float | None) -> str:
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "the host name cannot be resolved; is the VPN up?"
    if isinstance(error, aiohttp.ClientConnectorError):
        return _connecting(error.os_error)
    if isinstance(error, aiohttp.ClientResponseError):
        return f"what answers there does not speak HTTP ({error.message}); must server begin with https://?"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "the connection was closed before an answer came"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "the connection was cut in the middle of an answer"
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return f"no connection within {CONNECT_SECONDS:g} s; is the VPN up?"
    if isinstance(error, TimeoutError):
        return f"silent for {silence or 0:g} s"
    if isinstance(error, OSError) and error.errno in (errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.ENETUNREACH):
        return f"the connection was lost: {error.strerror}; is the VPN up?"
    if isinstance(error, OSError) and error.errno in (errno.ECONNRESET, errno.EPIPE):
        return "the connection was cut"
    return str(error) or type(error).__name__


def _connecting(cause: OSError) -> str:
    if isinstance(cause, ConnectionRefusedError):
        return "connection refused; nothing listens there"
    if isinstance(cause, ConnectionError) or not str(cause):
        return "the connection was closed while it was being made; is the server starting, or is something in between?"
    return f"cannot connect: {cause.strerror or cause}"


def _proxy(error: BaseException, proxy: str) -> str:
    shown = shown_proxy(proxy)
    if isinstance(error, aiohttp.ClientHttpProxyError):
        if error.status == 407:
            return f"the proxy {shown} wants a name and password: write them into its address (http://name:password@…)"
        return f"the proxy {shown} does not let us through: {error.status} {error.message}"
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return f"the proxy {shown} cannot be reached: {error.os_error.strerror or error.os_error}"
    return ""


def _tls(config: ClusterConfig, error: BaseException) -> str:
    cause = _ssl_cause(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return _untrusted(config, cause)
    reason = (getattr(cause, "reason", None) or "") if cause is not None else ""
    if reason in _NO_TLS:
        where = _at(config.origins.server)
        return f"what answers there does not speak TLS; is the port wrong, or must server begin with http://{where}?"
    if _ALERT.search(reason):
        return _identity_refused(config, reason)
    return f"TLS failed: {cause.strerror or cause}" if isinstance(cause, ssl.SSLError) and reason else ""


def _ssl_cause(error: BaseException) -> BaseException | None:
    """The first TLS error on the way down to the cause."""
    seen: BaseException | None = error
    for _ in range(8):
        # aiohttp's own classes are TLS errors by name only
        if seen is None or (isinstance(seen, ssl.SSLError) and not isinstance(seen, aiohttp.ClientError)):
            return seen
        inner = getattr(seen, "certificate_error", None) or getattr(seen, "os_error", None)
        seen = inner or seen.__cause__ or seen.__context__
    return None


def _untrusted(config: ClusterConfig, error: ssl.SSLCertVerificationError) -> str:
    clock = f"this computer's clock says {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    if error.verify_code == _EXPIRED:
        return f"its certificate has expired ({clock}); correct the clock, or have the certificate renewed"
    if error.verify_code == _NOT_YET_VALID:
        return f"its certificate is not valid yet ({clock}); correct the clock of this computer or of the server"
    if error.verify_code in (_HOST_MISMATCH, _ADDRESS_MISMATCH):
        wanted = f" (tls-server-name {config.tls_server_name!r})" if config.tls_server_name else ""
        return (
            f"its certificate is for another host name{wanted}{_at(config.origins.server)}; use the name that the "
            "certificate has, or state it as tls-server-name of the cluster"
        )
    return f"its certificate is not trusted: {error.verify_message}; {_authority_advice(config)}"


def _authority_advice(config: ClusterConfig) -> str:
    if config.ca_data is None:
        return "no certificate-authority is set for this cluster, so only the system's authorities count; set it"
    source = config.origins.ca or "the certificate authority that was given"
    return f"it was not signed by {source}; get a new kubeconfig, or correct certificate-authority (wrong cluster?)"


def _identity_refused(config: ClusterConfig, reason: str) -> str:
    word = reason.lower().replace("_", " ").removeprefix("sslv3 alert ").removeprefix("tlsv1 alert ")
    if config.client_cert_data is None and (config.plugin is None):
        return f"it wants a client certificate ({word}), and the kubeconfig gives none{_at(config.origins.user)}"
    return f"it does not accept our client certificate ({word}){_at(config.origins.user)}; log in again"


def _at(origin: str) -> str:
    return f" ({origin})" if origin else ""
