"""Smaller parts: logs, the socket, ending, tidying, inotify."""

import asyncio
import json
import os
import struct
from datetime import UTC, datetime
from pathlib import Path

import pytest

from argotui.local.inotify import MODIFIED, Inotify
from argotui.local.kubelet import sockets
from argotui.local.kubelet.logindex import LogIndex
from argotui.local.kubelet.stopping import Stopping, Verdict
from argotui.local.kubelet.tidy import Tidy
from argotui.local.logfiles import NoLog, note_growth, noted, read_log, stamp
from argotui.local.runtime.beside import Beside
from argotui.local.runtime.types import Refused

SECOND = 10**9
BASE = 1_795_000_000


def folder(pods: Path) -> Path:
    directory = pods / "u" / "containers" / "main"
    directory.mkdir(parents=True)
    return directory


async def read(pods: Path, **options: object) -> bytes:
    options.setdefault("ended", lambda: True)
    return b"".join([chunk async for chunk in read_log(pods, "u", "main", **options)])  # type: ignore[arg-type]


def timed(directory: Path, *parts: tuple[int, bytes]) -> None:
    """A log whose parts were written at these seconds."""
    size = 0
    with (directory / "log").open("wb") as log, (directory / "log.times").open("wb") as times:
        for moment, data in parts:
            log.write(data)
            size += len(data)
            times.write(struct.pack("<QQ", size, (BASE + moment) * SECOND))
    os.utime(directory / "log", (BASE + parts[-1][0], BASE + parts[-1][0]))


async def test_tail_and_limit(tmp_path: Path) -> None:
    log = folder(tmp_path) / "log"
    lines = [f"line {number}\n".encode() for number in range(30_000)]
    log.write_bytes(b"".join(lines))
    assert await read(tmp_path) == b"".join(lines)
    assert await read(tmp_path, tail_lines=3) == b"".join(lines[-3:])
    assert await read(tmp_path, tail_lines=25_000) == b"".join(lines[-25_000:])
    assert await read(tmp_path, tail_lines=10**6) == b"".join(lines)
    assert await read(tmp_path, tail_lines=0) == b""
    assert await read(tmp_path, limit_bytes=10) == b"line 0\nlin"
    log.write_bytes(b"a\nb")
    assert await read(tmp_path, tail_lines=1) == b"b"


async def test_times_of_lines(tmp_path: Path) -> None:
    directory = folder(tmp_path)
    timed(directory, (0, b"one\ntw"), (5, b"o\nthree\n"), (9, b"four"))
    stamps = [stamp((BASE + moment) * SECOND) for moment in (0, 0, 5, 9)]
    expected = b"".join(a + b for a, b in zip(stamps, (b"one\n", b"two\n", b"three\n", b"four"), strict=True))
    assert await read(tmp_path, timestamps=True) == expected
    since = datetime.fromtimestamp(BASE + 5, UTC)
    assert await read(tmp_path, since_time=since) == b"three\nfour"
    assert await read(tmp_path, since_time=since, timestamps=True, tail_lines=1) == stamps[3] + b"four"
    assert await read(tmp_path, since_time=datetime.fromtimestamp(BASE + 10, UTC)) == b""
    assert stamps[0].startswith(b"2026-")


async def test_carriage_returns_begin_no_lines(tmp_path: Path) -> None:
    timed(folder(tmp_path), (0, b"10%\r20%\r\nend\n"))
    text = await read(tmp_path, timestamps=True)
    assert text.count(b"Z ") == 2


async def test_what_has_no_log(tmp_path: Path) -> None:
    with pytest.raises(NoLog, match="no log yet"):
        await read(tmp_path)
    (folder(tmp_path) / "log").touch()
    with pytest.raises(NoLog, match="previous"):
        await read(tmp_path, previous=True)


async def test_following_until_the_end(tmp_path: Path) -> None:
    log, over, seen = folder(tmp_path) / "log", asyncio.Event(), bytearray()
    log.write_bytes(b"old\n")
    got = asyncio.Event()

    async def follow() -> None:
        async for chunk in read_log(tmp_path, "u", "main", follow=True, ended=over.is_set, tail_lines=0):
            seen.extend(chunk)
            got.set()

    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(follow())
        await asyncio.sleep(0)
        for text in (b"a\n", b"b"):
            got.clear()
            with log.open("ab") as file:
                file.write(text)
            await got.wait()
        with log.open("ab") as file:
            file.write(b"last")
        over.set()
    assert bytes(seen) == b"a\nblast"


async def test_a_follower_is_told_the_time_that_stays(tmp_path: Path) -> None:
    directory = folder(tmp_path)
    (directory / "log").write_bytes(b"early\n")
    os.utime(directory / "log", (BASE, BASE))
    reader = asyncio.create_task(read(tmp_path, follow=True, timestamps=True))
    await asyncio.sleep(0)  # the reader stands before a line whose time the kubelet has not noted yet
    timed(directory, (3, b"early\nlate\n"))
    async with asyncio.timeout(20):
        followed = await reader
    assert followed.startswith(stamp((BASE + 3) * SECOND))
    assert followed == (await read(tmp_path, timestamps=True))[: len(followed)]


async def test_a_follower_does_not_wait_for_ever_for_the_kubelet(tmp_path: Path) -> None:
    (folder(tmp_path) / "log").write_bytes(b"alone\n")
    async with asyncio.timeout(20):
        assert (await read(tmp_path, follow=True, timestamps=True)).endswith(b"Z alone\n")


async def test_the_index_notes_growth_and_goes_on_after_a_restart(tmp_path: Path) -> None:
    directory = folder(tmp_path)
    log = directory / "log"
    log.write_bytes(b"one\n")
    index = LogIndex()
    followed = index.follow(directory)
    assert noted(directory) == 4
    with log.open("ab") as file:
        file.write(b"two\n")
    async with asyncio.timeout(20):
        while noted(directory) < 8:
            await asyncio.sleep(0.005)
    index.finish(followed)
    index.close()
    assert note_growth(directory, noted(directory)) == 8
    assert (directory / "log.times").stat().st_size == 32


async def test_two_watches_of_one_file(tmp_path: Path) -> None:
    path, calls = tmp_path / "f", []
    path.touch()
    news = Inotify()
    first = news.watch(path, MODIFIED, lambda: calls.append(1))
    second = news.watch(path, MODIFIED, lambda: calls.append(2))
    news.forget(first)
    path.write_text("x")
    async with asyncio.timeout(20):
        while not calls:
            await asyncio.sleep(0.005)
    assert set(calls) == {2}
    news.forget(second)
    assert news.is_idle
    news.close()


async def test_signals_come_over_a_socket_of_any_length(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 90) / ("y" * 90)
    deep.mkdir(parents=True)
    asked = []

    class Containers:
        async def signal(self, uid: str, container: str, number: int) -> str:
            asked.append((uid, container, number))
            return "" if container == "main" else "no such container"

        async def execution(self, uid: str, container: str, command: list[str], *, tty: bool) -> Beside:
            raise Refused(f"{container} has nothing to enter")

    async with sockets.serving(deep, Containers()):
        directory = os.open(deep, os.O_PATH)
        reader, writer = await asyncio.open_unix_connection(f"/proc/self/fd/{directory}/kubelet.sock")
        answers = []
        for request in (
            {"op": "signal", "uid": "u", "container": "main", "signal": 15},
            {"op": "signal", "uid": "u", "container": "x", "signal": 9},
            {"op": "shell", "uid": "u", "container": "x", "signal": 9},
            {"op": "signal", "uid": "u", "container": "x", "signal": 999},
            {"op": "exec", "uid": "u", "container": "x", "command": ["sh"], "stdout": True},
            {"op": "exec", "uid": "u", "container": "x"},
        ):
            writer.write(json.dumps(request).encode() + b"\n")
            answers.append(json.loads(await reader.readline()))
        writer.write(b"rubbish\n")
        answers.append(json.loads(await reader.readline()))
        writer.close()
        os.close(directory)
    assert asked == [("u", "main", 15), ("u", "x", 9)]
    assert answers[:2] == [{"ok": True}, {"error": "no such container"}]
    assert all("error" in answer for answer in answers[2:])


class Containers:
    """Records what is sent; `deaf` ones end only by SIGKILL, `gone` ones at once."""

    def __init__(self, *deaf: str) -> None:
        self.sent: list[tuple[str, int]] = []
        self.deaf = deaf
        self.stopping = Stopping(self.send)

    async def send(self, name: str, number: int) -> None:
        self.sent.append((name, number))
        if number == 9 or name not in self.deaf:
            self.stopping.ran(name)


async def test_ending_politely_and_otherwise() -> None:
    containers = Containers("deaf")
    for name in ("main", "deaf"):
        containers.stopping.runs(name)
    containers.stopping.begin(Verdict("Why"), 0.05)
    await containers.stopping.done()
    assert containers.sent == [("main", 15), ("deaf", 15), ("deaf", 9)]


async def test_a_shorter_grace_counts_and_the_first_verdict_stands() -> None:
    containers = Containers("deaf")
    containers.stopping.runs("deaf")
    containers.stopping.begin(Verdict("First"), 60)
    await asyncio.sleep(0)
    containers.stopping.begin(Verdict("Second"), 0)
    await asyncio.wait_for(containers.stopping.done(), 20)
    assert containers.stopping.verdict == Verdict("First")
    assert containers.sent == [("deaf", 15), ("deaf", 9)]


async def test_what_starts_while_the_pod_ends_is_ended() -> None:
    containers = Containers()
    containers.stopping.begin(Verdict(), 5)
    containers.stopping.runs("late")
    await containers.stopping.done()
    assert containers.sent == [("late", 15)]


async def test_tidying_keeps_logs_and_copes_with_closed_directories(tmp_path: Path) -> None:
    pod = tmp_path / "pods" / "u"
    main = pod / "containers" / "main"
    closed = main / "root" / "a" / "b"
    closed.mkdir(parents=True)
    (closed / "f").touch()
    for path in (closed, closed.parent):
        path.chmod(0)
    (pod / "volumes" / "v").mkdir(parents=True)
    for name in ("log", "exit", "started", "args", "run"):
        (main / name).touch()
    tidy = Tidy(tmp_path / "trash")
    tidy.strip(pod)
    await tidy.empty()
    assert sorted(os.listdir(main)) == ["exit", "log", "started"]
    assert os.listdir(pod) == ["containers"]
    tidy.discard(pod)
    assert not pod.exists()
    await tidy.empty()
    assert os.listdir(tmp_path / "trash") == []


async def test_what_an_earlier_kubelet_left_in_the_trash_goes(tmp_path: Path) -> None:
    (tmp_path / "trash" / "old").mkdir(parents=True)
    task = asyncio.create_task(Tidy(tmp_path / "trash").run())
    async with asyncio.timeout(20):
        while os.listdir(tmp_path / "trash"):
            await asyncio.sleep(0.01)
    task.cancel()
