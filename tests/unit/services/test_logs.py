"""The merged log of a workflow: order, streams that are cut, pods that come and go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from argotui.kube.errors import ApiError, Unreachable
from argotui.model.documents import Document
from argotui.model.resources import PODS, WORKFLOWS
from argotui.services import log_merge, log_stream
from argotui.services.log_stream import MAX_LINE, LogLine, LogRequest, sort_key
from argotui.services.logs import workflow_logs
from argotui.services.streams import closing
from tests.unit.services.fake import FakeClient
from tests.unit.services.workflows import node, pod, workflow

SECONDS = 5
WHOLE = LogRequest()


def stamp(second: int, fraction: str = "") -> str:
    return f"2025-01-01T00:00:{second:02d}{'.' + fraction if fraction else ''}Z"


def log(*lines: tuple[int, str]) -> list[bytes]:
    return ["".join(f"{stamp(second)} {text}\n" for second, text in lines).encode()]


def a_client(flow: Document, *pods: Document) -> FakeClient:
    return FakeClient((WORKFLOWS, flow), *((PODS, item) for item in pods))


def name_of(item: Document) -> str:
    return str(item["metadata"]["name"])


async def texts(client: FakeClient, flow: Document, request: LogRequest = WHOLE, **options: Any) -> list[str]:
    async with asyncio.timeout(SECONDS):
        return [line.text.decode() async for line in workflow_logs(client, flow, request, **options)]  # type: ignore[arg-type]


async def test_pods_are_merged_by_time() -> None:
    flow = workflow(phase="Succeeded")
    a, b = pod("wf", 1), pod("wf", 2, started=stamp(3))
    client = a_client(flow, a, b)
    client.pod_logs = {
        (name_of(a), "main"): log((1, "a1"), (4, "a4"), (6, "a6")),
        (name_of(b), "main"): log((3, "b3"), (5, "b5")),
    }
    assert await texts(client, flow) == ["a1", "b3", "a4", "b5", "a6"]


async def test_a_pod_is_opened_only_when_the_merge_reaches_its_start() -> None:
    flow = workflow(phase="Succeeded")
    pods = [pod("wf", number, started=stamp(number * 2)) for number in range(20)]
    client = a_client(flow, *pods)
    opened: list[str] = []

    def source(item: Document, number: int) -> Callable[..., AsyncIterator[bytes]]:
        async def read(**_: Any) -> AsyncIterator[bytes]:
            opened.append(name_of(item))
            yield f"{stamp(number * 2)} {number}\n".encode()

        return read

    client.pod_logs = {(name_of(item), "main"): source(item, n) for n, item in enumerate(pods)}
    async with closing(workflow_logs(client, flow, LogRequest())) as lines:  # type: ignore[arg-type]
        first = [(await anext(lines)).text for _ in range(3)]
    assert first == [b"0", b"1", b"2"]
    assert len(opened) <= 3 + log_merge.AHEAD


async def test_no_more_than_the_limit_is_open_and_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_merge, "MAX_OPEN", 3)
    flow = workflow(phase="Succeeded")
    pods = [pod("wf", number) for number in range(12)]
    client = a_client(flow, *pods)
    open_now = most = 0

    async def read(**_: Any) -> AsyncIterator[bytes]:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        await asyncio.sleep(0)
        yield f"{stamp(1)} x\n".encode()
        open_now -= 1

    client.pod_logs = {(name_of(item), "main"): read for item in pods}
    assert await texts(client, flow) == ["x"] * 12
    assert most <= 3


async def test_following_waits_for_pods_and_ends_with_the_workflow() -> None:
    flow = workflow()
    client = a_client(flow)
    a = pod("wf", 1, phase="Running")
    go_on = asyncio.Event()

    async def read(follow: bool, **_: Any) -> AsyncIterator[bytes]:
        yield f"{stamp(1)} one\n".encode()
        if follow:
            await go_on.wait()
        yield f"{stamp(2)} two\n".encode()

    client.pod_logs = {(name_of(a), "main"): read}
    async with closing(workflow_logs(client, flow, LogRequest(follow=True))) as lines:  # type: ignore[arg-type]
        waiting = asyncio.ensure_future(anext(lines))
        await asyncio.sleep(0)
        await client.put(PODS, pod("wf", 1, phase="Pending"), "ADDED")
        await client.put(PODS, a)
        async with asyncio.timeout(SECONDS):
            assert (await waiting).text == b"one"
            await client.put(PODS, pod("wf", 1))
            go_on.set()
            assert (await anext(lines)).text == b"two"
            await client.put(WORKFLOWS, workflow(phase="Succeeded"))
            assert [line async for line in lines] == []


async def test_a_pod_that_appears_with_the_end_is_not_missed() -> None:
    flow = workflow()
    client = a_client(flow)
    late = pod("wf", 9)
    client.pod_logs = {(name_of(late), "main"): log((1, "late"))}
    reading = asyncio.create_task(texts(client, flow, LogRequest(follow=True)))
    while client.watches < 2:
        await asyncio.sleep(0)
    client._put("ADDED", PODS, late)
    client.events.pop()  # its watch event is lost
    await client.put(WORKFLOWS, workflow(phase="Succeeded"))
    assert await reading == ["late"]


async def test_a_followed_stream_that_is_cut_goes_on_without_repeating() -> None:
    flow = workflow()
    a = pod("wf", 1, phase="Running")
    client = a_client(flow, a)
    asked: list[Any] = []
    notes: list[str] = []
    beginning = [f"{stamp(1)} a\n", f"{stamp(2, '5')} b\n", f"{stamp(2, '5')} c\n"]

    async def read(**options: Any) -> AsyncIterator[bytes]:
        asked.append(options.get("since_time"))
        if len(asked) == 1:
            yield "".join(beginning).encode()
            raise Unreachable("cut")
        await client.put(PODS, pod("wf", 1))
        yield "".join([*beginning[1:], f"{stamp(2, '5')} d\n", f"{stamp(3)} e"]).encode()

    client.pod_logs = {(name_of(a), "main"): read}
    reading = asyncio.create_task(texts(client, flow, LogRequest(follow=True, tail_lines=7), on_note=notes.append))
    async with asyncio.timeout(SECONDS):
        while len(asked) < 2:
            await asyncio.sleep(0.01)
        await client.put(WORKFLOWS, workflow(phase="Succeeded"))
        assert await reading == ["a", "b", "c", "d", "e"]
    assert asked[:2] == [None, "2025-01-01T00:00:02Z"]
    assert any("cut" in note for note in notes)


async def test_what_came_after_the_stream_ended_is_read() -> None:
    """The server closed the stream cleanly although the container went on."""
    flow = workflow()
    a = pod("wf", 1, phase="Running")
    client = a_client(flow, a)
    times = 0

    async def read(**_: Any) -> AsyncIterator[bytes]:
        nonlocal times
        times += 1
        yield f"{stamp(1)} a\n".encode()
        if times >= 2:
            await client.put(PODS, pod("wf", 1))
            yield f"{stamp(2)} b\n".encode()

    client.pod_logs = {(name_of(a), "main"): read}
    reading = asyncio.create_task(texts(client, flow, LogRequest(follow=True)))
    async with asyncio.timeout(SECONDS):
        while times < 2:
            await asyncio.sleep(0.01)
        await client.put(WORKFLOWS, workflow(phase="Succeeded"))
        assert await reading == ["a", "b"]


async def test_a_silent_followed_pod_does_not_hold_the_others_back() -> None:
    flow = workflow()
    silent, busy = pod("wf", 1, phase="Running"), pod("wf", 2, phase="Running")
    client = a_client(flow, silent, busy)

    async def nothing(**_: Any) -> AsyncIterator[bytes]:
        await asyncio.Event().wait()
        yield b""

    async def something(**_: Any) -> AsyncIterator[bytes]:
        yield "".join(f"{stamp(n)} {n}\n" for n in range(1, 4)).encode()
        await asyncio.Event().wait()

    client.pod_logs = {(name_of(silent), "main"): nothing, (name_of(busy), "main"): something}
    async with (
        asyncio.timeout(SECONDS),
        closing(workflow_logs(client, flow, LogRequest(follow=True))) as lines,  # type: ignore[arg-type]
    ):
        assert [(await anext(lines)).text for _ in range(3)] == [b"1", b"2", b"3"]


async def test_one_pod_alone_ends_when_it_is_over() -> None:
    flow = workflow()
    a, b = pod("wf", 1), pod("wf", 2, phase="Running")
    client = a_client(flow, a, b)
    client.pod_logs = {(name_of(a), "main"): log((1, "mine"))}
    assert await texts(client, flow, LogRequest(follow=True, pod=name_of(a))) == ["mine"]


async def test_a_log_that_cannot_be_read_is_noted_and_the_others_are_read() -> None:
    flow = workflow(phase="Failed")
    a, b, other = pod("wf", 1), pod("wf", 2), pod("wf", 3, container="else")
    client = a_client(flow, a, b, other)
    client.pod_logs = {(name_of(b), "main"): log((1, "b"))}
    notes: list[str] = []
    assert await texts(client, flow, on_note=notes.append) == ["b"]
    assert any(name_of(a) in note and "not found" in note for note in notes)
    assert any("has no container 'main'" in note for note in notes)


@pytest.mark.parametrize("error", [ApiError(403, "Forbidden", "no"), Unreachable("refused")])
async def test_what_stands_in_the_way_of_every_log_is_raised(error: Exception) -> None:
    flow = workflow(phase="Failed")
    a = pod("wf", 1)
    client = a_client(flow, a)
    client.pod_logs = {(name_of(a), "main"): error}
    with pytest.raises(type(error)):
        await texts(client, flow)


async def test_trouble_with_a_followed_log_is_noted_once_and_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_stream, "_FIRST_PAUSE", 0.01)
    flow, running = workflow(), pod("wf", 1, phase="Running")
    client = a_client(flow, running)
    away = Unreachable("no route")
    failures: list[Exception] = [away, away, ApiError(401, "Unauthorized", "expired"), ApiError(503, "", "starting")]

    async def source(**_: Any) -> AsyncIterator[bytes]:
        if failures:
            raise failures.pop(0)
        yield log((1, "still there"))[0]
        await asyncio.Event().wait()

    client.pod_logs = {(name_of(running), "main"): source}
    notes: list[str] = []
    lines = workflow_logs(client, flow, LogRequest(follow=True), on_note=notes.append)  # type: ignore[arg-type]
    async with asyncio.timeout(5), closing(lines) as arriving:
        assert (await anext(arriving)).text == b"still there"
    told = [note.partition(": ")[2] for note in notes]
    assert told == ["no route; trying again", "expired; trying again", "starting; trying again"]


async def test_lines_of_any_kind() -> None:
    flow = workflow(phase="Succeeded")
    a = pod("wf", 1)
    client = a_client(flow, a)
    raw = f"{stamp(1)} \xff\x00 bin\r\n{stamp(1)} \nno stamp here\n{stamp(2)} last".encode("latin-1")
    client.pod_logs = {(name_of(a), "main"): [raw[i : i + 7] for i in range(0, len(raw), 7)]}
    async with asyncio.timeout(SECONDS):
        found = [line async for line in workflow_logs(client, flow, LogRequest())]  # type: ignore[arg-type]
    assert [line.text for line in found] == [b"\xff\x00 bin\r", b"", b"no stamp here", b"last"]
    assert found[2].key == found[1].key


async def test_a_line_without_end_is_handed_on_in_pieces() -> None:
    flow = workflow(phase="Succeeded")
    a = pod("wf", 1)
    client = a_client(flow, a)
    chunk = b"x" * 100_000
    client.pod_logs = {(name_of(a), "main"): [f"{stamp(1)} ".encode(), *([chunk] * 30), b"\n", log((2, "next"))[0]]}
    async with asyncio.timeout(SECONDS):
        found: list[LogLine] = [line async for line in workflow_logs(client, flow, LogRequest())]  # type: ignore[arg-type]
    assert max(len(line.text) for line in found) <= MAX_LINE + len(chunk)
    assert sum(len(line.text) for line in found[:-1]) == 3_000_000
    assert found[-1].text == b"next"


async def test_steps_whose_pods_are_gone_are_counted() -> None:
    ran = [node("wf", ".a", phase="Succeeded"), node("wf", ".b", phase="Failed"), node("wf", ".c", phase="Pending")]
    ran[1]["hostNodeName"] = "n"
    never = [
        node("wf", ".d", phase="Failed"),
        node("wf", ".e", phase="Succeeded") | {"memoizationStatus": {"hit": True}},
    ]
    flow = workflow(nodes=[*ran, *never])
    flow["spec"]["podGC"] = {"strategy": "OnPodCompletion"}
    existing = pod("wf", 1)
    existing["metadata"]["annotations"]["workflows.argoproj.io/node-id"] = ran[0]["id"]
    notes: list[str] = []
    await texts(a_client(flow, existing), flow, on_note=notes.append)
    about_pods = [note for note in notes if "any more" in note]
    assert len(about_pods) == 1
    assert "the pods of 1 steps do not exist any more (podGC: OnPodCompletion); their logs are" in about_pods[0]


@pytest.mark.parametrize(("asked", "said"), [("wf-pod-1", 0), ("elsewhere", 0), ("", 1)])
async def test_one_pod_that_is_gone_says_so(asked: str, said: int) -> None:
    ran = node("wf", ".a", phase="Succeeded")
    flow = workflow(nodes=[ran])
    gone = asked or f"wf-{ran['templateName']}-{ran['id'].removeprefix('wf-')}"
    notes: list[str] = []
    await texts(a_client(flow), flow, LogRequest(pod=gone), on_note=notes.append)
    assert len(notes) == said
    assert all(f"pod {gone} does not exist any more" in note for note in notes)


def test_times_sort_whatever_their_form() -> None:
    times = ["2025-01-01T00:00:01Z", "2025-01-01T00:00:01.1Z", "2025-01-01T00:00:01.123456789Z"]
    times += ["2025-01-01T01:00:02+01:00", "2025-01-01T00:00:03.000001Z"]
    assert sorted(times, key=sort_key) == times
    assert sort_key("hello") == ""


async def test_one_pod_that_is_deleted_ends_its_log() -> None:
    flow = workflow()
    a = pod("wf", 1, phase="Running")
    client = a_client(flow, a)

    async def read(follow: bool, **_: Any) -> AsyncIterator[bytes]:
        yield f"{stamp(1)} one\n".encode()
        if follow:
            await client.delete(PODS, name_of(a), "argo")

    client.pod_logs = {(name_of(a), "main"): read}
    assert await texts(client, flow, LogRequest(follow=True, pod=name_of(a))) == ["one"]
