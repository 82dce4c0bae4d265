"""Which proxy is used: Go's rules, which kubectl follows."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from argotui.kube.client import Client
from argotui.kube.config import ClusterConfig
from argotui.kube.errors import ConfigError, Unreachable
from argotui.kube.proxies import proxy_for
from argotui.model.resources import PODS
from tests.unit.kube.authority import Authority
from tests.unit.kube.fake import FakeApi, event, exec_server, page, pod, reply, stream
from tests.unit.kube.relay import ConnectProxy

PODS_PATH = "/api/v1/namespaces/ns/pods"

P = "http://proxy:3128"


@pytest.mark.parametrize(
    ("server", "environ", "found"),
    [
        ("https://api", {"HTTPS_PROXY": P}, P),
        ("https://api", {"https_proxy": P}, P),
        ("https://api", {"HTTPS_PROXY": P, "https_proxy": "http://other"}, P),
        ("https://api", {"HTTP_PROXY": P}, ""),
        ("http://api", {"HTTP_PROXY": P}, P),
        ("https://api", {"ALL_PROXY": P}, ""),
        ("https://api", {"HTTPS_PROXY": "proxy:3128"}, P),
        ("https://localhost", {"HTTPS_PROXY": P}, ""),
        ("https://127.8.8.8", {"HTTPS_PROXY": P}, ""),
        ("https://[::1]:6443", {"HTTPS_PROXY": P}, ""),
        ("https://api", {"HTTPS_PROXY": P, "NO_PROXY": "*"}, ""),
        ("https://a.example.com", {"HTTPS_PROXY": P, "NO_PROXY": "x, example.com"}, ""),
        ("https://example.com", {"HTTPS_PROXY": P, "no_proxy": "example.com"}, ""),
        ("https://example.com", {"HTTPS_PROXY": P, "NO_PROXY": ".example.com"}, P),
        ("https://a.EXAMPLE.com.", {"HTTPS_PROXY": P, "NO_PROXY": "*.example.com"}, ""),
        ("https://badexample.com", {"HTTPS_PROXY": P, "NO_PROXY": "example.com"}, P),
        ("https://example.com:6443", {"HTTPS_PROXY": P, "NO_PROXY": "example.com:6443"}, ""),
        ("https://example.com", {"HTTPS_PROXY": P, "NO_PROXY": "example.com:6443"}, P),
        ("https://example.com", {"HTTPS_PROXY": P, "NO_PROXY": "example.com:443"}, ""),
        ("https://10.1.2.3", {"HTTPS_PROXY": P, "NO_PROXY": "10.0.0.0/8"}, ""),
        ("https://11.1.2.3", {"HTTPS_PROXY": P, "NO_PROXY": "10.0.0.0/8,10.0.0.0/99,:,/"}, P),
        ("https://10.1.2.3:6443", {"HTTPS_PROXY": P, "NO_PROXY": "10.1.2.3"}, ""),
        ("https://[fd00::1]:6443", {"HTTPS_PROXY": P, "NO_PROXY": "[fd00::1]:6443"}, ""),
        ("https://[fd00::1]:6443", {"HTTPS_PROXY": P, "NO_PROXY": "fd00::/8"}, ""),
        ("https://api", {}, ""),
    ],
)
def test_from_the_environment(server: str, environ: dict[str, str], found: str) -> None:
    assert proxy_for(server, "", environ) == found


def test_the_kubeconfigs_own_wins() -> None:
    assert proxy_for("https://localhost", "http://own", {"HTTPS_PROXY": P, "NO_PROXY": "*"}) == "http://own"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("socks5://p:1", "HTTPS_PROXY: SOCKS proxies are not supported"),
        ("http://p:port", "HTTPS_PROXY: not the address of a proxy"),
        ("http://", "must be given as http://host:port"),
        ("ftp://p", "must be given as"),
    ],
)
def test_what_cannot_be_used_is_refused(value: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        proxy_for("https://api", "", {"HTTPS_PROXY": value})


@pytest.fixture
def authority() -> Authority:
    return Authority()


@pytest.fixture
async def far(authority: Authority, tmp_path: Path) -> AsyncIterator[FakeApi]:
    """A server whose name nobody here can resolve."""
    async with FakeApi(authority.server(tmp_path, host="api.example.org")) as api:
        api.script("GET", "/version", reply({"gitVersion": "v1"}))
        yield api


def proxy_to(api: FakeApi, **options: Any) -> ConnectProxy:
    return ConnectProxy("127.0.0.1", urlsplit(api.url).port or 0, **options)


async def test_every_kind_of_call_goes_through_the_proxy(far: FakeApi, authority: Authority) -> None:
    far.script("GET", PODS_PATH, page(pod("a", 1), version=1))
    far.script("WATCH", PODS_PATH, stream(event("ADDED", pod("b", 2))))
    far.script("GET", f"{PODS_PATH}/a/log", reply({}))
    far.script("GET", f"{PODS_PATH}/a/exec", exec_server(b"\x03" + json.dumps({"status": "Success"}).encode()))
    async with proxy_to(far, password="me:secret") as proxy:
        config = ClusterConfig(
            server="https://api.example.org:6443",
            ca_data=authority.pem,
            proxy_url=f"http://me:secret@127.0.0.1:{proxy.port}",
        )
        async with Client(config) as client:
            assert len((await client.list(PODS, "ns")).items) == 1
            assert [e.type async for e in client.watch(PODS, "ns", resource_version="1")] == ["ADDED"]
            assert b"".join([chunk async for chunk in client.logs("ns", "a", container="c")]) == b"{}"
            assert (await client.exec("ns", "a", "c", ["x"])).exit_code == 0
    assert set(proxy.asked) == {"CONNECT api.example.org:6443"}
    assert "secret" not in repr(config)


async def test_the_environments_proxy_and_its_exceptions(
    far: FakeApi, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = ClusterConfig(server="https://api.example.org:6443", ca_data=authority.pem)
    async with proxy_to(far) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"127.0.0.1:{proxy.port}")
        async with Client(config) as client:
            assert (await client.server_version())["gitVersion"] == "v1"
        monkeypatch.setenv("NO_PROXY", "example.org")
        async with Client(config) as client:
            with pytest.raises(Unreachable, match="cannot be resolved"):
                await client.server_version()
    assert len(proxy.asked) == 1


async def test_plain_http_goes_through_a_proxy_as_well(api: FakeApi) -> None:
    api.script("GET", "/version", reply({}))
    async with Client(ClusterConfig(server="http://api.example.org", proxy_url=api.url)) as client:
        await client.server_version()
    assert api.requests[0].headers["Host"] == "api.example.org"


async def test_a_proxy_that_refuses_is_named_without_its_password(
    far: FakeApi, authority: Authority, unused_tcp_port: int
) -> None:
    async def told(address: str) -> str:
        config = ClusterConfig(server="https://api.example.org", ca_data=authority.pem, proxy_url=address)
        async with Client(config) as client:
            with pytest.raises(Unreachable) as caught:
                await client.server_version()
        assert "secret" not in str(caught.value)
        return str(caught.value)

    async with proxy_to(far, password="me:other") as proxy:
        assert "wants a name and password" in await told(f"http://me:secret@127.0.0.1:{proxy.port}")
    async with proxy_to(far) as proxy:
        proxy.answer = b"403 Forbidden by policy"
        assert f"the proxy http://127.0.0.1:{proxy.port} does not let us through: 403" in await told(
            f"http://127.0.0.1:{proxy.port}"
        )
        proxy.answer = b"200 fine"
        assert "not trusted" in await _wrong_authority(proxy.port)
    assert "proxy http://127.0.0.1:" in await told(f"http://127.0.0.1:{unused_tcp_port}")


async def _wrong_authority(port: int) -> str:
    config = ClusterConfig(
        server="https://api.example.org", ca_data=Authority().pem, proxy_url=f"http://127.0.0.1:{port}"
    )
    async with Client(config) as client:
        with pytest.raises(Unreachable, match=r"through the proxy") as caught:
            await client.server_version()
    return str(caught.value)
