"""The waiter: starts once, keeps order and cap, outlives whoever started it. Run with plain processes."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from argotui.local.logfiles import cut_line, read_log
from argotui.local.runtime import processes, waiter
from argotui.local.runtime.records import ContainerRecord
from argotui.local.runtime.types import RESULT_BYTES, Launch, StartFailure
from argotui.local.supervisor.process import ProcessIdentity, boot_id
from tests.unit.runtime.containers import TOOLS, bare, log_of, plan, run, start, until


async def test_exit_code_log_and_times(tmp_path: Path) -> None:
    planned = plan(tmp_path, "sh", "-c", "echo out; echo err >&2; exit 42")
    ended = await run(bare(tmp_path), planned)
    assert ended.exit_code == 42
    assert log_of(planned) == "out\nerr\n"
    started = planned.record.started()
    assert started is not None
    assert started.waiter is not None
    assert started.waiter.boot_id == boot_id()
    assert started.at <= ended.at


@pytest.mark.parametrize(("number", "code"), [(9, 137), (15, 143)])
async def test_signals_count_from_128(tmp_path: Path, number: int, code: int) -> None:
    ended = await run(bare(tmp_path), plan(tmp_path, "sh", "-c", f"kill -{number} $$"))
    assert ended.exit_code == code


async def test_of_many_waiters_one_starts_the_command(tmp_path: Path) -> None:
    runtime = bare(tmp_path)
    planned = plan(tmp_path, "sh", "-c", f"echo ran >> {tmp_path}/effects; sleep 0.2; exit 3")
    pids = [await start(runtime, planned) for _ in range(8)]
    await asyncio.gather(*(processes.child_ended(pid) for pid in pids))
    assert (tmp_path / "effects").read_text() == "ran\n"
    ended = planned.record.ended()
    assert ended is not None
    assert ended.exit_code == 3


async def test_what_has_the_mark_is_not_started_again(tmp_path: Path) -> None:
    planned = plan(tmp_path, "sh", "-c", f"echo ran >> {tmp_path}/effects")
    planned.record.mark_started()
    await processes.child_ended(await start(bare(tmp_path), planned))
    assert not (tmp_path / "effects").exists()
    assert planned.record.ended() is None


async def test_the_log_is_cut_at_its_cap_and_the_command_goes_on(tmp_path: Path) -> None:
    cap = 64 * 1024
    planned = plan(tmp_path, "sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' x; echo end >&2; exit 7", log_cap=cap)
    assert (await run(bare(tmp_path), planned)).exit_code == 7
    assert planned.record.path("log").stat().st_size <= cap + 1024
    pods = tmp_path / "pods"
    shown = b"".join([chunk async for chunk in read_log(pods, "uid-1", "main", ended=lambda: True)])
    assert shown == b"x" * cap + cut_line(cap)


async def test_a_log_that_is_just_full_is_not_called_cut(tmp_path: Path) -> None:
    planned = plan(tmp_path, "sh", "-c", "head -c 1024 /dev/zero", log_cap=1024)
    await run(bare(tmp_path), planned)
    shown = [chunk async for chunk in read_log(tmp_path / "pods", "uid-1", "main", ended=lambda: True)]
    assert b"".join(shown) == bytes(1024)


async def test_stdout_is_captured_beside_the_log(tmp_path: Path) -> None:
    planned = plan(tmp_path, "sh", "-c", "echo one; echo two >&2; printf three", capture_stdout=True)
    await run(bare(tmp_path), planned)
    assert planned.record.path("result").read_bytes() == b"one\nthree"
    assert sorted(log_of(planned).replace("three", "three\n").split()) == ["one", "three", "two"]


async def test_the_end_of_a_long_stdout_is_captured(tmp_path: Path) -> None:
    command = ("sh", "-c", "head -c 2000000 /dev/zero; printf tail")
    planned = plan(tmp_path, *command, capture_stdout=True, log_cap=4096)
    await run(bare(tmp_path), planned)
    result = planned.record.path("result").read_bytes()
    assert len(result) == RESULT_BYTES
    assert result.endswith(b"\0tail")


async def test_binary_output_and_input_that_is_at_its_end(tmp_path: Path) -> None:
    planned = plan(tmp_path, "sh", "-c", "cat; printf '\\000\\377\\033[2J'")
    assert (await run(bare(tmp_path), planned)).exit_code == 0
    assert planned.record.path("log").read_bytes() == b"\0\xff\033[2J"


async def test_output_that_is_closed_early(tmp_path: Path) -> None:
    planned = plan(tmp_path, "sh", "-c", "exec >&- 2>&-; sleep 0.1; exit 5")
    assert (await run(bare(tmp_path), planned)).exit_code == 5


@pytest.mark.parametrize("word", ["it's", '"$HOME"', "a\nb", "$(id)", "*", "żółć", "\\", " "])
async def test_arguments_arrive_as_they_are(tmp_path: Path, word: str) -> None:
    planned = plan(tmp_path, "printf", "%s|", word, "end")
    await run(bare(tmp_path), planned)
    assert log_of(planned) == f"{word}|end|"


async def test_it_outlives_whoever_started_it(tmp_path: Path) -> None:
    """A process of its own starts the container and is killed at once."""
    planned = plan(tmp_path, "sh", "-c", "sleep 0.5; echo survived; exit 9")
    starter = f"""
import asyncio, os
from pathlib import Path
from typing import Any
from tests.unit.runtime.containers import bare, plan, start
tmp_path = Path({str(tmp_path)!r})
asyncio.run(start(bare(tmp_path), plan(tmp_path, "sh", "-c", "sleep 0.5; echo survived; exit 9")))
os.kill(os.getpid(), 9)
"""
    killed = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", starter], check=False)
    assert killed.returncode == -signal.SIGKILL
    await until(lambda: planned.record.ended() is not None)
    ended = planned.record.ended()
    assert ended is not None
    assert ended.exit_code == 9
    assert log_of(planned) == "survived\n"


async def test_a_waiter_that_is_killed_leaves_no_exit_code(tmp_path: Path) -> None:
    planned = plan(tmp_path, "sleep", "60")
    runtime = bare(tmp_path)
    pid = await start(runtime, planned)
    await until(lambda: planned.record.command() is not None)
    os.kill(pid, signal.SIGKILL)
    await processes.child_ended(pid)
    assert planned.record.ended() is None
    assert not planned.record.is_running()
    await runtime.finished(planned.record)


async def test_signals_and_umask_are_as_in_a_fresh_container(tmp_path: Path) -> None:
    """Python ignores SIGPIPE, whoever starts us may ignore SIGHUP, and have any umask."""
    before = os.umask(0o077), signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        planned = plan(tmp_path, "sh", "-c", "grep -E 'Sig(Ign|Blk)' /proc/self/status; umask")
        await run(bare(tmp_path), planned)
    finally:
        os.umask(before[0])
        signal.signal(signal.SIGHUP, before[1])
    _, blocked, _, ignored, umask = log_of(planned).split()
    of_the_c_library = 0x180000000  # 32 and 33, which glibc keeps to itself
    assert (int(blocked, 16), int(ignored, 16) & ~of_the_c_library, umask) == (0, 0, "0022")


@pytest.mark.parametrize("more", [{}, {"environment": tuple((f"V{n}", "x" * 100_000) for n in range(30))}])
async def test_what_no_kernel_would_start(tmp_path: Path, more: Any) -> None:
    words = ("echo",) if more else ("echo", "x" * 200_000)
    with pytest.raises(StartFailure, match="fork/exec echo: argument list too long"):
        await start(bare(tmp_path), plan(tmp_path, *words, **more))


@pytest.mark.parametrize("more", [{}, {"environment": (("A", "x\0y"),)}])
async def test_no_word_holds_a_nul(tmp_path: Path, more: Any) -> None:
    """What a step has written may come back as a word of a later one."""
    words = ("echo",) if more else ("echo", "x\0y")
    with pytest.raises(StartFailure, match=r"^fork/exec echo: invalid argument$"):
        await start(bare(tmp_path), plan(tmp_path, *words, **more))


def test_no_secret_stands_on_a_command_line(tmp_path: Path) -> None:
    planned = plan(tmp_path, "sh", environment=(("TOKEN", "s3cret"),))
    text = waiter.script(planned, Launch(("sh",), {"TOKEN": "s3cret"}), TOOLS)
    assert "s3cret" not in text


def test_records_of_another_life(tmp_path: Path) -> None:
    record = ContainerRecord(tmp_path, "u", "c")
    stat = "4711 (a (strange) name) S 1 4711 4711" + " 0" * 15 + " 987654 0 0"
    (tmp_path / "started").write_text(f"another-boot {stat}\n")
    started = record.started()
    assert started is not None
    assert started.waiter == ProcessIdentity(4711, 987654, "another-boot")
    assert not record.is_running()
    (tmp_path / "exit").write_text("")
    assert record.ended() is None, "a code that is being written is none yet"
    lost = ContainerRecord(tmp_path, "u", "c").write_exit(137, "Lost", "why")
    assert (lost.exit_code, lost.reason) == (137, "Lost")


def test_the_first_account_of_an_end_stands(tmp_path: Path) -> None:
    record = ContainerRecord(tmp_path, "u", "c")
    record.write_exit(0)
    assert record.write_exit(137, "Lost", "why").exit_code == 0
    before = record.ended()
    better = record.replace_exit(64, "", "not found")
    assert before is not None
    assert (better.exit_code, better.message, better.at) == (64, "not found", before.at)
    assert record.ended() == better
