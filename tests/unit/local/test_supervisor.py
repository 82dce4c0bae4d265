"""The supervisor with stand-in processes: start, restart, adoption, stop, and what it says about each."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from argotui.local.supervisor import parts as parts_module
from argotui.local.supervisor.control import NotRunning, ask
from argotui.local.supervisor.parts import Part, PartCommand, keep_small
from argotui.local.supervisor.process import ProcessIdentity
from argotui.local.supervisor.supervisor import AlreadyRunning, Supervisor, prepare, take_lock


class Cluster:
    """A supervisor of three stand-ins, driven in this process."""

    def __init__(self, directory: Path, behaviour: str = "lives") -> None:
        self.directory = directory
        self.journal = directory / "journal"
        commands = [
            PartCommand(name, ("tests.unit.local.fake_part", str(self.journal) + name, behaviour))
            for name in ("apiserver", "kubelet", "controller")
        ]
        self.supervisor: Supervisor | None = None

        def changed() -> None:
            assert self.supervisor is not None
            self.supervisor.changed()

        self.parts = [Part(command, directory, changed) for command in commands]
        self.supervisor = Supervisor(directory, self.parts, "auto")
        self.task = asyncio.create_task(self.supervisor.run())

    def pids(self, name: str) -> list[int]:
        return [int(line) for line in Path(str(self.journal) + name).read_text().split()]

    async def ready(self) -> dict[str, object]:
        while True:
            try:
                return await asyncio.wait_for(ask(self.directory, "ready"), 10)
            except NotRunning:
                await asyncio.sleep(0)


@pytest.fixture
async def directory(tmp_path: Path) -> AsyncIterator[Path]:
    # deeper than the 107 bytes that the kernel allows for the path of a socket
    path = tmp_path / ("d" * 120) / "local"
    prepare(path)
    yield path
    for name in ("apiserver", "kubelet", "controller"):
        identity = ProcessIdentity.read(path / "run" / f"{name}.json")
        if identity is not None:
            identity.send(signal.SIGKILL)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


async def test_it_starts_all_three_and_stops_them(directory: Path) -> None:
    cluster = Cluster(directory)
    state = await cluster.ready()
    assert state["ready"] is True
    pids = [cluster.pids(part.name)[0] for part in cluster.parts]
    assert await ask(directory, "stop") == {"stopped": True}
    await cluster.task
    assert all(not Path(f"/proc/{pid}").exists() for pid in pids)
    with pytest.raises(NotRunning):
        await ask(directory, "status")


async def test_a_killed_process_is_started_again(directory: Path) -> None:
    cluster = Cluster(directory)
    await cluster.ready()
    os.kill(cluster.pids("kubelet")[0], signal.SIGKILL)
    await until(lambda: len(cluster.pids("kubelet")) == 2)
    state = await cluster.ready()
    assert [part["restarts"] for part in state["parts"]] == [0, 1, 0]  # type: ignore[index,union-attr]
    await ask(directory, "stop")
    await cluster.task


async def test_the_next_supervisor_adopts_what_a_killed_one_left(directory: Path) -> None:
    first = Cluster(directory)
    await first.ready()
    first.task.cancel()
    await asyncio.gather(first.task, return_exceptions=True)
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()  # what kill -9 does to a supervisor: nobody ends its processes
    second = Cluster(directory)
    await second.ready()
    assert [len(second.pids(part.name)) for part in second.parts] == [1, 1, 1]
    # an adopted process is watched like one's own
    os.kill(second.pids("controller")[0], signal.SIGKILL)
    await until(lambda: len(second.pids("controller")) == 2)
    await ask(directory, "stop")
    await second.task


async def test_a_disk_that_cannot_be_written_does_not_end_the_others(directory: Path) -> None:
    cluster = Cluster(directory)
    await cluster.ready()
    log = directory / "logs" / "kubelet.log"
    log.unlink()
    log.mkdir()  # stands for a disk that is full or read-only: the log cannot be opened
    os.kill(cluster.pids("kubelet")[0], signal.SIGKILL)
    await until(lambda: cluster.parts[1].last_error.startswith("cannot be started: "))
    assert cluster.parts[0].ready
    assert cluster.parts[2].ready
    assert not cluster.task.done()
    log.rmdir()
    await until(lambda: len(cluster.pids("kubelet")) == 2)
    assert [len(cluster.pids(name)) for name in ("apiserver", "controller")] == [1, 1]
    await ask(directory, "stop")
    await cluster.task


async def test_a_process_that_cannot_start_is_told_apart(directory: Path) -> None:
    cluster = Cluster(directory, behaviour="dies")
    state = await cluster.ready()
    assert state["ready"] is False
    first = state["parts"][0]  # type: ignore[index]
    assert "ended before it was ready: there is no podman here; see" in first["lastError"]
    assert str(directory / "logs" / "apiserver.log") in first["lastError"]
    await ask(directory, "stop")
    await cluster.task


async def test_a_process_that_ignores_sigterm_is_killed(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts_module, "_STOP_SECONDS", 0.2)
    cluster = Cluster(directory, behaviour="deaf")
    await cluster.ready()
    pid = cluster.pids("kubelet")[0]
    await ask(directory, "stop")
    await cluster.task
    assert not Path(f"/proc/{pid}").exists()


async def test_an_unknown_request_is_answered(directory: Path) -> None:
    cluster = Cluster(directory)
    await cluster.ready()
    assert "known are status, ready, stop" in (await ask(directory, "dance"))["error"]
    await ask(directory, "stop")
    await cluster.task


def test_one_directory_has_one_supervisor(tmp_path: Path) -> None:
    prepare(tmp_path / "local")
    take_lock(tmp_path / "local")
    with pytest.raises(AlreadyRunning):
        take_lock(tmp_path / "local")


def test_a_pid_that_was_handed_out_again_is_somebody_else(tmp_path: Path) -> None:
    mine = ProcessIdentity.of(os.getpid())
    assert mine is not None
    assert mine.is_alive()
    assert not ProcessIdentity(mine.pid, mine.start_ticks + 1, mine.boot_id).is_alive()
    assert not ProcessIdentity(mine.pid, mine.start_ticks, "another boot").is_alive()
    (tmp_path / "x.json").write_text('{"pid": "?"')
    assert ProcessIdentity.read(tmp_path / "x.json") is None


def test_a_log_that_grew_is_moved_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts_module, "_LOG_BYTES", 10)
    log = tmp_path / "kubelet.log"
    log.write_text("x" * 11)
    keep_small(log)
    assert not log.exists()
    assert (tmp_path / "kubelet.log.1").read_text() == "x" * 11
