"""The agent: requests to a server on the loopback, success conditions, and results that get where they belong."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from argotui.executor.agent.request import MAX_BODY, RequestFailed, perform
from argotui.executor.agent.work import Agent
from argotui.kube.client import ListPage, WatchEvent
from argotui.kube.errors import ApiError, Unreachable
from argotui.model.documents import Document, clone
from argotui.model.mergepatch import merge_patch
from argotui.model.resources import SECRETS, WORKFLOW_TASK_SETS, Resource


async def echo(request: web.Request) -> web.Response:
    body = await request.text()
    seen = {"method": request.method, "body": body, "headers": dict(request.headers)}
    return web.json_response(seen, status=int(request.query.get("status", "200")), headers={"x-multi": "1"})


async def hang(_request: web.Request) -> web.Response:
    await asyncio.Event().wait()
    return web.Response()


async def large(_request: web.Request) -> web.Response:
    return web.Response(body=b"x" * (MAX_BODY + 1))


async def bytes_(_request: web.Request) -> web.Response:
    return web.Response(body=b"a\xffb")


async def elsewhere(_request: web.Request) -> web.Response:
    raise web.HTTPFound("/echo")


@pytest.fixture
async def server() -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/echo", echo)
    for path, handler in (("/hang", hang), ("/large", large), ("/bytes", bytes_), ("/moved", elsewhere)):
        app.router.add_get(path, handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def no_secret(name: str, _key: str) -> str:
    raise RequestFailed(f'secrets "{name}" not found')


async def result(url: str, **http: Any) -> Document:
    return await perform({"http": {"url": url, **http}}, no_secret)


async def test_the_body_is_the_result(server: str) -> None:
    found = await result(f"{server}/echo", method="POST", body="hello", headers=[{"name": "X-A", "value": "1"}])
    assert found["phase"] == "Succeeded"
    text = found["outputs"]["result"]
    assert '"method": "POST"' in text
    assert '"body": "hello"' in text
    assert '"X-A": "1"' in text
    assert '"Content-Type"' not in text
    moved = await result(f"{server}/moved")
    assert '"method": "GET"' in moved["outputs"]["result"]
    encoded = base64.b64encode(b"from bytes").decode()
    assert (
        "from bytes" in (await result(f"{server}/echo", method="PUT", bodyFrom={"bytes": encoded}))["outputs"]["result"]
    )
    assert (await result(f"{server}/bytes"))["outputs"]["result"] == "a\ufffdb"


@pytest.mark.parametrize(
    ("query", "condition", "phase", "message"),
    [
        ("?status=201", "", "Succeeded", None),
        ("?status=404", "", "Failed", "received non-2xx response code: 404"),
        ("?status=404", "response.statusCode == 404", "Succeeded", None),
        ("", "response.statusCode == 201", "Failed", "successCondition 'response.statusCode == 201' evaluated false"),
        ("", 'response.headers["X-Multi"][0] == "1" && request.method == "GET"', "Succeeded", None),
        ("", 'response.body contains "GET" and len(request.bodyBytes) == 0', "Succeeded", None),
        ("", "response.statusCode", "Failed", "unable to cast expression result '%!s(int=200)' to bool"),
    ],
)
async def test_success(server: str, query: str, condition: str, phase: str, message: str | None) -> None:
    found = await result(f"{server}/echo{query}", method="GET", successCondition=condition)
    assert (found["phase"], found.get("message")) == (phase, message)


async def test_conditions_that_cannot_be_read(server: str) -> None:
    found = await result(f"{server}/echo", successCondition="response.statusCode ==")
    assert found["phase"] == "Failed"
    assert "unexpected token" in found["message"]


async def test_no_answer(server: str) -> None:
    found = await result(f"{server}/hang", timeoutSeconds=1, method="GET")
    assert found["message"] == f'Get "{server}/hang": context deadline exceeded'
    found = await result("http://127.0.0.1:1/x")
    assert found["message"] == 'Get "http://127.0.0.1:1/x": dial tcp 127.0.0.1:1: connect: connection refused'
    assert "secret" not in (await result("http://u:secret@127.0.0.1:1/x"))["message"]
    assert "larger than" in (await result(f"{server}/large"))["message"]


@pytest.mark.parametrize(
    "http",
    [
        {"url": ""},
        {"url": "no-scheme"},
        {"url": "http://[::"},
        {"url": "ftp://x/"},
        {"url": "http://127.0.0.1:1/", "headers": [{"name": "a\nb", "value": "c\r\nd: e"}]},
        {"url": "http://127.0.0.1:1/", "bodyFrom": {"bytes": "***"}},
        {"url": "http://127.0.0.1:1/", "method": "BAD METHOD\n"},
        {
            "url": "http://127.0.0.1:1/",
            "headers": [{"name": "a", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
        },
    ],
)
async def test_requests_that_cannot_be(http: Document) -> None:
    found = await perform({"http": http}, no_secret)
    assert found["phase"] == "Failed"
    assert found["message"]


async def test_other_templates_are_errors() -> None:
    assert (await perform({"plugin": {"x": {}}}, no_secret))["phase"] == "Error"


# --- the loop ---------------------------------------------------------------------------------


class Tasks:
    """One TaskSet in memory. `broken`: how many patches fail, and how."""

    def __init__(self, tasks: Document) -> None:
        self.document: Document = {"metadata": {"name": "w", "labels": {}}, "spec": {"tasks": tasks}}
        self.secret: Document = {"data": {"token": base64.b64encode(b"s3cret").decode()}}
        self.patches: list[Document] = []
        self.broken: list[Exception] = []
        self.changed = asyncio.Condition()
        self._queue: asyncio.Queue[WatchEvent] = asyncio.Queue()

    async def get(self, res: Resource, name: str, namespace: str | None = None) -> Document:
        if res is SECRETS:
            if name != "s":
                raise ApiError(404, "NotFound", f'secrets "{name}" not found')
            return self.secret
        raise ApiError(403, "Forbidden", f"{res.plural} may only be listed")

    async def list(self, res: Resource, namespace: str | None = None, *, field_selector: str = "") -> ListPage:
        assert (res, field_selector) == (WORKFLOW_TASK_SETS, "metadata.name=w")
        return ListPage([clone(self.document)], "0", "")

    async def patch(
        self, res: Resource, name: str, body: Any, namespace: str | None = None, *, subresource: str = ""
    ) -> Document:
        assert subresource == "status"
        if self.broken:
            raise self.broken.pop(0)
        self.patches.append(body)
        await self.change(body)
        return self.document

    async def watch(self, res: Resource, namespace: str | None = None, **_: Any) -> AsyncIterator[WatchEvent]:
        while True:
            yield await self._queue.get()

    async def change(self, patch: Document) -> None:
        self.document = merge_patch(self.document, patch)
        self._queue.put_nowait(WatchEvent("MODIFIED", clone(self.document)))
        async with self.changed:
            self.changed.notify_all()

    @property
    def results(self) -> Document:
        found: Document = (self.document.get("status") or {}).get("nodes") or {}
        return found

    async def until(self, count: int) -> None:
        async with asyncio.timeout(30), self.changed:
            await self.changed.wait_for(lambda: len(self.results) >= count)


class Marks:
    def __init__(self, *marked: str) -> None:
        self.marked = set(marked)

    def mark(self, node_id: str) -> bool:
        fresh = node_id not in self.marked
        self.marked.add(node_id)
        return fresh


def agent(tasks: Tasks, marks: Marks | None = None) -> asyncio.Task[None]:
    lines: list[str] = []
    return asyncio.create_task(Agent(tasks, "argo", "w", marks or Marks(), lines.append).run())  # type: ignore[arg-type]


COMPLETE = {"metadata": {"labels": {"workflows.argoproj.io/completed": "true"}}}


async def test_serves_until_the_workflow_is_complete(server: str) -> None:
    tasks = Tasks({"a": {"http": {"url": f"{server}/echo"}}})
    running = agent(tasks)
    await tasks.until(1)
    await tasks.change({"spec": {"tasks": {"b": {"http": {"url": f"{server}/echo?status=500"}}}}})
    await tasks.until(2)
    await tasks.change(COMPLETE)
    await asyncio.wait_for(running, 20)
    assert {key: value["phase"] for key, value in tasks.results.items()} == {"a": "Succeeded", "b": "Failed"}
    assert len(tasks.patches) == 2


async def test_headers_from_secrets(server: str) -> None:
    def task(name: str, key: str) -> Document:
        source = {"secretKeyRef": {"name": name, "key": key}}
        return {"http": {"url": f"{server}/echo", "headers": [{"name": "X-Token", "valueFrom": source}]}}

    tasks = Tasks({"good": task("s", "token"), "no-key": task("s", "nope"), "no-secret": task("t", "token")})
    running = agent(tasks)
    await tasks.until(3)
    await tasks.change(COMPLETE)
    await asyncio.wait_for(running, 20)
    assert "s3cret" in tasks.results["good"]["outputs"]["result"]
    assert tasks.results["no-key"]["message"] == "secret 's' does not have the key 'nope'"
    assert tasks.results["no-secret"]["message"] == 'secrets "t" not found'


async def test_what_was_begun_by_a_dead_agent_is_not_done_again(server: str) -> None:
    tasks = Tasks({"a": {"http": {"url": f"{server}/echo"}}, "b": {"http": {"url": f"{server}/echo"}}})
    tasks.document["status"] = {"nodes": {"b": {"phase": "Succeeded"}}}
    running = agent(tasks, Marks("a", "b"))
    await tasks.until(2)
    await tasks.change(COMPLETE)
    await asyncio.wait_for(running, 20)
    assert tasks.results["a"]["phase"] == "Error"
    assert "is not known" in tasks.results["a"]["message"]
    assert tasks.results["b"] == {"phase": "Succeeded"}


async def test_reports_that_do_not_get_through(server: str) -> None:
    tasks = Tasks({"a": {"http": {"url": f"{server}/echo"}}})
    tasks.broken = [Unreachable("cut"), ApiError(413, "RequestEntityTooLarge", "request is too large")]
    running = agent(tasks)
    await tasks.until(1)
    assert "an error occurred when patching its result: request is too large" in tasks.results["a"]["message"]
    await tasks.change(COMPLETE)
    await asyncio.wait_for(running, 20)


async def test_an_agent_without_rights_ends() -> None:
    tasks = Tasks({"a": {"plugin": {}}})
    forbidden = ApiError(403, "Forbidden", "workflowtasksets/status is forbidden")
    tasks.broken = [forbidden, forbidden]
    with pytest.raises(ApiError, match="forbidden"):
        await asyncio.wait_for(agent(tasks), 20)
