import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from argotui.kube.client import Client
from argotui.kube.config import ClusterConfig, Origins
from argotui.kube.errors import ApiError, ConfigError, Unreachable
from tests.unit.kube.authority import Authority
from tests.unit.kube.fake import FakeApi, refuse, reply

ORIGINS = Origins(server="k:3: cluster 'c': server", ca="k:4: cluster 'c': ca-data", user="k:9: user 'me'")


async def _whoami(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    peer = request.transport.get_extra_info("peercert") or {}
    return web.json_response({"peer": str(peer.get("subject"))})


@asynccontextmanager
async def serving(context: ssl.SSLContext | None) -> AsyncIterator[str]:
    async with FakeApi(context) as api:
        api.script("GET", "/version", _whoami)
        yield api.url


async def version(server: str, **config: Any) -> dict[str, Any]:
    async with Client(ClusterConfig(server=server, origins=ORIGINS, **config)) as client:
        return await client.server_version()


async def test_server_and_client_certificates_from_memory(tmp_path: Path) -> None:
    authority = Authority()
    mine, key = authority.issue("alice")
    async with serving(authority.server(tmp_path)) as server:
        known = await version(server, ca_data=authority.pem, client_cert_data=mine, client_key_data=key)
        assert "alice" in known["peer"]
        assert await version(server, insecure=True)


async def test_what_the_file_names_is_trusted_even_when_it_is_no_authority(tmp_path: Path) -> None:
    context = Authority().server(tmp_path)
    async with serving(context) as server:
        assert await version(server, ca_data=(tmp_path / "server.pem").read_bytes())


async def test_an_authority_that_did_not_sign(tmp_path: Path) -> None:
    async with serving(Authority().server(tmp_path)) as server:
        with pytest.raises(Unreachable, match=r"not trusted: .*; it was not signed by k:4: .*get a new kubeconfig"):
            await version(server, ca_data=Authority().pem)
        with pytest.raises(Unreachable, match=r"not trusted: .*; no certificate-authority is set for this cluster"):
            await version(server)


@pytest.mark.parametrize(("shift", "told"), [(-5, "has expired"), (5, "is not valid yet")])
async def test_a_certificate_out_of_its_time_and_the_clock(tmp_path: Path, shift: int, told: str) -> None:
    authority = Authority()
    async with serving(authority.server(tmp_path, shift=shift)) as server:
        with pytest.raises(Unreachable, match=rf"{told} \(this computer's clock says 20.*UTC\); correct the clock"):
            await version(server, ca_data=authority.pem)


async def test_a_certificate_for_another_host(tmp_path: Path) -> None:
    authority = Authority()
    async with serving(authority.server(tmp_path, host="api.example.org")) as server:
        with pytest.raises(Unreachable, match=r"for another host name \(k:3: .*\); .* tls-server-name"):
            await version(server, ca_data=authority.pem)
        with pytest.raises(Unreachable, match=r"another host name \(tls-server-name 'x.example.org'\)"):
            await version(server, ca_data=authority.pem, tls_server_name="x.example.org")
        assert await version(server, ca_data=authority.pem, tls_server_name="api.example.org")


async def test_a_port_that_speaks_something_else(tmp_path: Path) -> None:
    async with serving(None) as server:
        with pytest.raises(Unreachable, match=r"does not speak TLS; .*http:// \(k:3: "):
            await version(server.replace("http:", "https:"))

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.org ESMTP\r\n")
        await reader.read(1)
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        with pytest.raises(Unreachable, match=r"does not speak HTTP"):
            await version(f"http://127.0.0.1:{port}")


async def test_a_server_that_hangs_up_before_it_is_known(tmp_path: Path) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        with pytest.raises(Unreachable, match=r"closed while it was being made"):
            await version(f"https://127.0.0.1:{port}", insecure=True)


async def test_a_server_that_only_speaks_https_says_so_in_go() -> None:
    async with FakeApi() as api:

        async def answer(request: web.Request) -> web.StreamResponse:
            return web.Response(status=400, text="Client sent an HTTP request to an HTTPS server.\n")

        api.script("GET", "/version", answer)
        with pytest.raises(ApiError, match="server must begin with https://"):
            await version(api.url)


def _refuse_in_handshake(listening: socket.socket, context: ssl.SSLContext) -> None:
    """Blocking, because asyncio's server closes without saying why it refuses. A GET is tried twice."""
    for _ in range(2):
        connection, _ = listening.accept()
        connection.settimeout(5)
        with connection.dup() as kept:  # a socket that closes with bytes unread takes back what it has sent
            with contextlib.suppress(OSError):
                context.wrap_socket(connection, server_side=True)
            with contextlib.suppress(OSError):
                while kept.recv(4096):
                    pass


@pytest.mark.parametrize(
    ("shown", "told"),
    [
        (False, r"wants a client certificate \(.*\), and the kubeconfig gives none \(k:9: user 'me'\)"),
        (True, r"does not accept our client certificate \(.*\) \(k:9: user 'me'\)"),
    ],
)
async def test_a_client_certificate_that_is_wanted_or_refused(tmp_path: Path, shown: bool, told: str) -> None:
    authority = Authority()
    context = authority.server(tmp_path)
    context.verify_mode = ssl.CERT_REQUIRED
    stranger, key = Authority().issue("mallory")
    proof = {"client_cert_data": stranger, "client_key_data": key} if shown else {}
    with socket.create_server(("127.0.0.1", 0)) as listening:
        answering = asyncio.create_task(asyncio.to_thread(_refuse_in_handshake, listening, context))
        with pytest.raises(Unreachable, match=told):
            await version(f"https://127.0.0.1:{listening.getsockname()[1]}", ca_data=authority.pem, **proof)
        await answering


async def test_a_client_certificate_that_expired_is_named_when_it_is_refused() -> None:
    mine, key = Authority().issue("alice", shift=-5)
    async with FakeApi() as api:
        api.script("GET", "/version", refuse(401, "Unauthorized", "Unauthorized"))
        with pytest.raises(ApiError, match=r"client certificate expired on 20.* UTC \(k:9: user 'me'\); log in again"):
            await version(api.url, client_cert_data=mine, client_key_data=key)


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"ca_data": b"nonsense"}, "k:4: .*not a certificate authority: .*PEM"),
        ({"ca_data": b""}, "k:4: .*not a certificate authority"),
        ({"client_cert_data": b"x", "client_key_data": b"y"}, "k:9: user 'me': the client certificate or its key"),
    ],
)
async def test_a_certificate_that_cannot_be_read_is_a_configuration_error(config: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        await version("https://h", **config)


async def test_impersonation_goes_with_each_request(api: FakeApi) -> None:
    from argotui.kube.user import Impersonation

    api.script("GET", "/version", reply({}))
    acting = Impersonation("root", groups=("a", "b"))
    await version(api.url, username="u", password="p", impersonation=acting)
    headers = api.requests[0].headers
    assert headers["Authorization"] == "Basic dTpw"
    assert headers.getall("Impersonate-Group") == ["a", "b"]
