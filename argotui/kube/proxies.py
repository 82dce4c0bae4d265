"""Which proxy stands between us and the server, by Go's rules, so that what works for kubectl works here.

Source: golang.org/x/net/http/httpproxy. ALL_PROXY is not looked at, and loopback addresses are never reached by way
of a proxy from the environment; the kubeconfig's `proxy-url` overrides all of that for its cluster.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

from argotui.kube.errors import ConfigError

_PORTS = {"http": 80, "https": 443}


def proxy_for(server: str, stated: str, environ: Mapping[str, str]) -> str:
    """The proxy for an API server, "" for none. `stated` is the kubeconfig's own. Raises ConfigError."""
    return stated or environment_proxy(server, environ)[0]


def environment_proxy(server: str, environ: Mapping[str, str]) -> tuple[str, str]:
    """The proxy that the environment names for `server`, and the variable; two empty texts for none."""
    target = urlsplit(server)
    name = f"{target.scheme.upper()}_PROXY"
    for variable in (name, name.lower()):
        value = environ.get(variable, "")
        if value and _wanted(target, environ.get("NO_PROXY") or environ.get("no_proxy") or ""):
            return proxy_url(value, variable, guess=True), variable
        if value:
            break
    return "", ""


def proxy_url(value: str, where: str, *, guess: bool) -> str:
    """A proxy address that can be used. With `guess`, http:// is put before a bare host. Raises ConfigError."""
    address = f"http://{value}" if guess and "://" not in value else value
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ConfigError(f"{where}: not the address of a proxy: {error}") from error
    if parts.scheme in ("socks5", "socks5h"):
        raise ConfigError(
            f"{where}: SOCKS proxies are not supported; name an HTTP proxy (http://host:port) that passes CONNECT on"
        )
    if parts.scheme not in _PORTS or not host:
        raise ConfigError(f"{where}: a proxy must be given as http://host:port or https://host:port")
    return address


def _wanted(target: SplitResult, exceptions: str) -> bool:
    """Whether a target is reached by way of a proxy at all."""
    host = (target.hostname or "").rstrip(".")
    address = _address(host)
    if not host or host == "localhost" or (address is not None and address.is_loopback):
        return False
    port = target.port or _PORTS[target.scheme]
    parts = (part.strip().lower() for part in exceptions.split(","))
    return not any(_excepted(part, host, address, port) for part in parts if part)


_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def _excepted(rule: str, host: str, address: _Address | None, port: int) -> bool:
    if rule == "*":
        return True
    if "/" in rule:
        return address is not None and _in_network(address, rule)
    name, wanted = _split_port(rule)
    if wanted not in (None, port) or not name:
        return False
    literal = _address(name)
    if literal is not None:
        return literal == address
    suffix = name.removeprefix("*")
    # `.example.com` and `*.example.com` mean names below, `example.com` means itself as well
    return host.endswith(suffix) if suffix.startswith(".") else host == suffix or host.endswith(f".{suffix}")


def _split_port(rule: str) -> tuple[str, int | None]:
    if rule.startswith("["):
        inside, _, rest = rule[1:].partition("]")
        return inside, int(rest[1:]) if rest.startswith(":") and rest[1:].isdecimal() else None
    name, colon, port = rule.rpartition(":")
    if colon and port.isdecimal() and ":" not in name:
        return name, int(port)
    return rule, None


def _in_network(address: _Address, rule: str) -> bool:
    try:
        return address in ipaddress.ip_network(rule, strict=False)
    except ValueError:
        return False


def _address(text: str) -> _Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
