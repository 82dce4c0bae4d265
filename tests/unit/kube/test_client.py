import asyncio
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from argotui.kube.client import Client, PatchKind, WatchEvent
from argotui.kube.config import ClusterConfig
from argotui.kube.errors import ApiError, BrokenStream, Unreachable
from argotui.model.resources import NODES, PODS, WORKFLOWS
from tests.unit.kube.fake import FakeApi, cut, event, exec_server, page, pod, refuse, reply, stream

LIST = "/api/v1/namespaces/ns/pods"
ONE = "/api/v1/namespaces/ns/pods/a"


async def test_get_sends_the_token_and_drops_managed_fields(api: FakeApi, client: Client) -> None:
    api.script("GET", ONE, reply(pod("a", 1, managedFields=[{"manager": "x"}])))
    found = await client.get(PODS, "a", "ns")
    assert found == pod("a", 1)
    assert api.requests[0].headers["Authorization"] == "Bearer s3cret"


async def test_a_refusal_carries_everything_the_server_said(api: FakeApi, client: Client) -> None:
    api.script("GET", ONE, refuse(403, "Forbidden", 'pods "a" is forbidden'))
    with pytest.raises(ApiError, match="is forbidden") as caught:
        await client.get(PODS, "a", "ns")
    assert (caught.value.status, caught.value.reason, caught.value.is_forbidden) == (403, "Forbidden", True)


async def test_a_refusal_that_is_not_json_is_still_told(api: FakeApi, client: Client) -> None:
    async def proxy_page(request: web.Request) -> web.StreamResponse:
        return web.Response(status=502, text="<html>bad gateway</html>")

    api.script("GET", ONE, proxy_page)
    with pytest.raises(ApiError, match="HTTP 502: <html>bad gateway"):
        await client.get(PODS, "a", "ns")


@pytest.mark.parametrize("status", [429, 503])
async def test_it_asks_again_when_told_to_wait(api: FakeApi, client: Client, status: int) -> None:
    busy = refuse(status, "TooManyRequests", headers={"Retry-After": "0"})
    api.script("POST", LIST, busy, busy, reply(pod("a", 1), 201))
    assert await client.create(PODS, {"metadata": {"name": "a"}}, "ns") == pod("a", 1)
    assert len(api.requests) == 3


async def test_it_gives_up_asking_again_and_says_how_long_to_wait(api: FakeApi, client: Client) -> None:
    api.script("GET", ONE, refuse(429, "TooManyRequests", headers={"Retry-After": "0"}))
    with pytest.raises(ApiError) as caught:
        await client.get(PODS, "a", "ns")
    assert caught.value.is_overload
    assert caught.value.retry_after == 0
    assert 2 <= len(api.requests) <= 10


async def test_a_500_is_not_repeated_because_it_may_have_been_carried_out(api: FakeApi, client: Client) -> None:
    api.script("POST", LIST, refuse(500, "InternalError"))
    with pytest.raises(ApiError):
        await client.create(PODS, {"metadata": {"name": "a"}}, "ns")
    assert len(api.requests) == 1


async def test_list_gives_items_their_kind_and_the_next_page(api: FakeApi, client: Client) -> None:
    api.script("GET", LIST, page(pod("a", 1), version=7, token="next"))
    found = await client.list(PODS, "ns", limit=1, label_selector="x=y", field_selector="f=g")
    assert (found.resource_version, found.continue_token) == ("7", "next")
    assert found.items[0]["kind"] == "Pod"
    assert found.items[0]["apiVersion"] == "v1"
    assert dict(api.requests[0].query) == {"limit": "1", "labelSelector": "x=y", "fieldSelector": "f=g"}


async def test_table_asks_for_the_servers_columns(api: FakeApi, client: Client) -> None:
    api.script("GET", LIST, reply({"kind": "Table", "rows": []}))
    assert (await client.table(PODS, "ns", include_object="Metadata"))["kind"] == "Table"
    assert "as=Table" in api.requests[0].headers["Accept"]
    assert api.requests[0].query["includeObject"] == "Metadata"


async def test_every_request_but_streams_waits_at_the_gate(api: FakeApi, client: Client) -> None:
    asked: list[str] = []

    async def gate(method: str, path: str) -> None:
        asked.append(f"{method} {path}")

    client.gate(gate)
    api.script("GET", LIST, page(version=1))
    api.script("POST", LIST, reply(pod("a", 1)))
    api.script("WATCH", LIST, stream())
    await client.list(PODS, "ns")
    await client.table(PODS, "ns")
    await client.create(PODS, pod("a", 0))
    assert [event async for event in client.watch(PODS, "ns", resource_version="1")] == []
    assert asked == [f"GET {LIST}", f"GET {LIST}", f"POST {LIST}"]


async def test_patch_says_which_kind(api: FakeApi, client: Client) -> None:
    api.script("PATCH", f"{ONE}/status", reply(pod("a", 2)))
    await client.patch(PODS, "a", {"x": None}, "ns", kind=PatchKind.STRATEGIC, subresource="status")
    assert api.requests[0].content_type == "application/strategic-merge-patch+json"
    assert json.loads(api.bodies[0]) == {"x": None}


async def test_replace_takes_place_and_name_from_the_object(api: FakeApi, client: Client) -> None:
    api.script("PUT", ONE, reply(pod("a", 2)))
    assert await client.replace(PODS, pod("a", 1)) == pod("a", 2)


async def test_delete_sends_its_preconditions(api: FakeApi, client: Client) -> None:
    api.script("DELETE", ONE, reply({}))
    await client.delete(PODS, "a", "ns", uid="u", resource_version="9", grace_seconds=0, propagation="Background")
    body = json.loads(api.bodies[0])
    assert body["preconditions"] == {"uid": "u", "resourceVersion": "9"}
    assert body["gracePeriodSeconds"] == 0
    assert body["propagationPolicy"] == "Background"


async def test_delete_collection_never_takes_everything(api: FakeApi, client: Client) -> None:
    with pytest.raises(ValueError, match="selector"):
        await client.delete_collection(PODS, "ns", label_selector="")
    api.script("DELETE", LIST, reply({}))
    await client.delete_collection(PODS, "ns", label_selector="a=b")
    assert api.requests[0].query["labelSelector"] == "a=b"


async def test_create_needs_a_namespace_only_where_there_are_any(api: FakeApi, client: Client) -> None:
    api.script("POST", "/api/v1/nodes", reply({"metadata": {"name": "n"}}, 201))
    await client.create(NODES, {"metadata": {"name": "n"}})
    with pytest.raises(ValueError, match="Workflow needs a namespace"):
        await client.create(WORKFLOWS, {"metadata": {"name": "w"}})


async def test_watch_yields_events_and_bookmarks(api: FakeApi, client: Client) -> None:
    bookmark = event("BOOKMARK", {"metadata": {"resourceVersion": "9"}})
    api.script("WATCH", LIST, stream(event("ADDED", pod("a", 2, managedFields=[])), bookmark))
    opened: list[bool] = []
    found = [e async for e in client.watch(PODS, "ns", resource_version="1", opened=lambda: opened.append(True))]
    assert [(e.type, e.object["metadata"]["resourceVersion"]) for e in found] == [
        ("ADDED", "2"),
        ("BOOKMARK", "9"),
    ]
    assert found[0].object == pod("a", 2)
    assert opened == [True]
    assert api.requests[0].query["resourceVersion"] == "1"
    assert api.requests[0].query["allowWatchBookmarks"] == "true"


async def test_watch_takes_lines_of_any_size_in_any_pieces(api: FakeApi, client: Client) -> None:
    big = json.dumps(event("ADDED", {"metadata": {"name": "a"}, "text": "x" * 6_000_000})).encode()
    half = len(big) // 2
    small = json.dumps(event("ADDED", pod("b", 1))).encode()
    api.script("WATCH", LIST, stream(big[:half], big[half:] + b"\n" + small + b"\n\n" + small, b"\n"))
    found = [e.object["metadata"]["name"] async for e in client.watch(PODS, "ns", resource_version="1")]
    assert found == ["a", "b", "b"]


async def test_watch_error_event_is_raised(api: FakeApi, client: Client) -> None:
    gone = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"}
    api.script("WATCH", LIST, stream(event("ERROR", gone)))
    with pytest.raises(ApiError) as caught:
        _ = [e async for e in client.watch(PODS, "ns", resource_version="1")]
    assert caught.value.is_gone


async def test_watch_garbage_cut_and_silence_are_three_different_things(api: FakeApi, client: Client) -> None:
    first = event("ADDED", pod("a", 1))
    api.script("WATCH", LIST, stream(first, b"{oops\n"), stream(first, then="cut"), stream(first, then="silence"))
    for expected, text in ((BrokenStream, "oops"), (Unreachable, "cut"), (Unreachable, "silent for 0.1 s")):
        found: list[str] = []
        with pytest.raises(expected, match=text):
            await _collect(found, client.watch(PODS, "ns", resource_version="1", silence=0.1))
        assert found == ["ADDED"]


async def _collect(found: list[str], events: AsyncIterator[WatchEvent]) -> None:
    async for e in events:
        found.append(e.type)


async def test_logs_come_in_chunks_with_the_options_asked_for(api: FakeApi, client: Client) -> None:
    api.script("GET", f"{ONE}/log", stream(b"one\n", b"tw\xff\x00", b"o"))
    parts = [c async for c in client.logs("ns", "a", container="main", follow=True, tail_lines=0, timestamps=True)]
    assert b"".join(parts) == b"one\ntw\xff\x00o"
    assert dict(api.requests[0].query) == {
        "container": "main",
        "follow": "true",
        "tailLines": "0",
        "timestamps": "true",
    }


async def test_unreachable_says_why(api: FakeApi, client: Client, unused_tcp_port: int) -> None:
    api.script("PATCH", ONE, cut())
    with pytest.raises(Unreachable, match="closed before an answer"):
        await client.patch(PODS, "a", {}, "ns")
    async with Client(ClusterConfig(server=f"http://127.0.0.1:{unused_tcp_port}")) as nobody:
        with pytest.raises(Unreachable, match="connection refused"):
            await nobody.server_version()
    async with Client(ClusterConfig(server="http://no-such-host.invalid")) as unknown:
        with pytest.raises(Unreachable, match="cannot be resolved"):
            await unknown.server_version()


async def test_an_answer_that_stops_halfway_is_unreachable(api: FakeApi, client: Client) -> None:
    async def half(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b'{"a":')
        assert request.transport is not None
        request.transport.abort()
        return response

    api.script("GET", ONE, half)
    with pytest.raises(Unreachable):
        await client.get(PODS, "a", "ns")


async def test_a_token_file_is_used(api: FakeApi, tmp_path) -> None:
    (tmp_path / "token").write_text("fresh\n")
    api.script("GET", "/version", reply({"gitVersion": "v1"}))
    async with Client(ClusterConfig(server=api.url, token_file=tmp_path / "token")) as client:
        await client.server_version()
    assert api.requests[0].headers["Authorization"] == "Bearer fresh"


async def test_exec_collects_output_and_exit_code(api: FakeApi, client: Client) -> None:
    failure = {
        "status": "Failure",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": "3"}]},
    }
    success = json.dumps({"status": "Success"}).encode()
    api.script(
        "GET",
        f"{ONE}/exec",
        exec_server(b"\x01out", b"\x02err", b"\x01put", b"\x03" + success),
        exec_server(b"\x03" + json.dumps(failure).encode()),
    )
    done = await client.exec("ns", "a", "main", ["argoexec", "kill", "15", "1"])
    assert (done.exit_code, done.stdout, done.stderr) == (0, b"output", b"err")
    assert api.requests[0].query.getall("command") == ["argoexec", "kill", "15", "1"]
    assert (await client.exec("ns", "a", "main", ["false"])).exit_code == 3


async def test_exec_that_is_refused_or_cut_off_is_an_error(api: FakeApi, client: Client) -> None:
    gone = json.dumps({"status": "Failure", "code": 500, "reason": "InternalError", "message": "container not found"})
    api.script(
        "GET",
        f"{ONE}/exec",
        exec_server(status=403),
        exec_server(b"\x01a"),
        exec_server(b"\x03" + gone.encode()),
    )
    with pytest.raises(ApiError) as caught:
        await client.exec("ns", "a", "main", ["x"])
    assert caught.value.is_forbidden
    with pytest.raises(Unreachable, match="without saying how"):
        await client.exec("ns", "a", "main", ["x"])
    with pytest.raises(ApiError, match="container not found"):
        await client.exec("ns", "a", "main", ["x"])


async def test_many_requests_share_few_connections(api: FakeApi, client: Client) -> None:
    api.script("GET", ONE, reply(pod("a", 1)))
    for _ in range(20):
        await client.get(PODS, "a", "ns")
    peers = {r.transport.get_extra_info("peername") if r.transport else r.remote for r in api.requests}
    assert len(peers) <= 2


async def test_cancelling_a_watch_closes_its_connection(api: FakeApi, client: Client) -> None:
    api.script("WATCH", LIST, stream(event("ADDED", pod("a", 1)), then="silence"))
    seen = asyncio.Event()

    async def follow() -> None:
        async for _ in client.watch(PODS, "ns", resource_version="1"):
            seen.set()

    task = asyncio.create_task(follow())
    await asyncio.wait_for(seen.wait(), 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(5):
        while not (api.requests[0].transport is None or api.requests[0].transport.is_closing()):
            await asyncio.sleep(0.01)


def test_the_client_imports_no_heavy_package() -> None:
    import subprocess
    import sys

    code = (
        "import sys, argotui.kube.client, argotui.kube.reflector;"
        "print([m for m in ('kubernetes', 'pydantic', 'yaml', 'textual', 'cryptography') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
    assert aiohttp  # the one that it is allowed
