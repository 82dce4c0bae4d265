"""The sandbox runtime with real bubblewrap; skipped where nothing can be mounted."""

import asyncio
import json
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from argotui.local.runtime import bounds, choose, hostview, processes
from argotui.local.runtime.beside import run_beside
from argotui.local.runtime.records import SANDBOX_STATUS
from argotui.local.runtime.sandbox import Layering, Sandbox, SandboxSettings
from argotui.local.runtime.types import Mount, Refused, StartFailure, User
from tests.unit.runtime.containers import TOOLS, log_of, plan, replace, run, start, until

pytestmark = pytest.mark.mounts


@pytest.fixture(scope="module", params=["as we are", "as without root"])
def sandbox(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """What the probe finds; and for root also the way that everybody else has to go, by a user namespace."""
    folder = tmp_path_factory.mktemp("probe")
    found, why_not = choose.find_sandbox(folder, "", TOOLS)
    if found is None:
        pytest.skip(f"no sandbox here: {why_not}")
    if request.param == "as we are":
        return found
    if os.geteuid() != 0:
        pytest.skip("we have no root anyway")
    return variant(folder, user_namespace=True)


def variant(folder: Path, **settings: Any) -> Sandbox:
    """The sandbox with other settings than the probe would choose."""
    program = choose._bundled() or shutil.which("bwrap")
    assert program is not None
    chosen = {"layering": Layering.DISK, "user_namespace": os.geteuid() != 0, **settings}
    return Sandbox(SandboxSettings(program, "0.11.0", **chosen), hostview.survey(folder / "masks"), "", "")


@pytest.mark.parametrize("layering", [Layering.MEMORY, Layering.READ_ONLY])
async def test_where_overlays_on_disk_cannot_be_had(tmp_path: Path, layering: Layering) -> None:
    found, why_not = await asyncio.to_thread(choose.find_sandbox, tmp_path, "", TOOLS)
    if found is None:
        pytest.skip(f"no sandbox here: {why_not}")
    sandbox = variant(tmp_path, layering=layering)
    planned = plan(tmp_path, "sh", "-c", "touch /tmp/a /b && (touch /usr/c 2>/dev/null && echo writable || echo not)")
    assert (await run(sandbox, planned)).exit_code == 0, log_of(planned)
    assert log_of(planned) == ("writable\n" if layering is Layering.MEMORY else "not\n")
    assert sandbox.files(planned).read("/tmp/a", 10) == sandbox.files(planned).read("/b", 10) == b""
    told = any("read-only" in line for line in sandbox.description.not_isolated)
    assert told == (layering is Layering.READ_ONLY)


async def test_a_root_of_its_own(sandbox: Sandbox, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("mine")
    script = f"touch /tmp/a /b /usr/c /etc/d && ls /tmp && id -u && echo $HOME && hostname && ! cat {secret}"
    planned = plan(tmp_path, "sh", "-c", script)
    assert (await run(sandbox, planned)).exit_code == 0, log_of(planned)
    assert log_of(planned).split()[:4] == ["a", "0", "/root", "pod"]
    assert not any(os.path.exists(path) for path in ("/b", "/usr/c", "/etc/d"))
    for path in ("/tmp/a", "/b", "/usr/c", "/etc/d"):
        assert sandbox.files(planned).read(path, 10) == b""


@pytest.mark.parametrize(
    "more",
    [
        {"environment": (("A", "x\0--cap-add\0ALL"),)},
        {"working_dir": "/tmp\0--cap-add\0ALL"},
        {"mounts": (Mount("/v\0--cap-add\0ALL", Path("/")),)},
    ],
)
async def test_a_value_cannot_become_an_option_of_bubblewrap(sandbox: Sandbox, tmp_path: Path, more: Any) -> None:
    with pytest.raises(StartFailure, match="fork/exec sh: invalid argument"):
        await start(sandbox, plan(tmp_path, "sh", "-c", "true", **more))


async def test_two_pods_do_not_see_each_other(sandbox: Sandbox, tmp_path: Path) -> None:
    for uid in ("a", "b"):
        planned = plan(tmp_path, "sh", "-c", "test ! -e /tmp/x && test ! -e /usr/x && touch /tmp/x /usr/x", uid=uid)
        assert (await run(sandbox, planned)).exit_code == 0


async def test_environment_is_exactly_what_was_given(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "mine")
    planned = plan(tmp_path, "env", environment=(("A.b", "x=y\nz"), ("HOME", "/h")))
    await run(sandbox, planned)
    text = log_of(planned)
    assert "A.b=x=y\nz\n" in text
    assert "HOME=/h\n" in text
    names = {line.partition("=")[0] for line in text.splitlines() if "=" in line}
    assert names == {"A.b", "HOME", "PATH", "HOSTNAME", "PWD"}


async def test_mounts(sandbox: Sandbox, tmp_path: Path) -> None:
    writable, read_only, one = tmp_path / "w", tmp_path / "r", tmp_path / "file"
    for folder in (writable, read_only):
        folder.mkdir()
    one.write_text("one")
    planned = plan(
        tmp_path,
        "sh",
        "-c",
        "echo 1 > /a/b/w/f; cat /only/one; ! touch /ro/f 2>/dev/null; echo 2 > /dev/shm/x",
        mounts=(Mount("/ro", read_only, True), Mount("/a/b/w", writable), Mount("/only/one", one, True)),
    )
    assert (await run(sandbox, planned)).exit_code == 0, log_of(planned)
    assert (writable / "f").read_text() == "1\n"
    assert log_of(planned) == "one"
    assert sandbox.files(planned).read("/a/b/w/f", 10) == b"1\n"
    assert list(read_only.iterdir()) == []


@pytest.mark.parametrize("path", ["/", "/proc/x", "/dev/x", "/sys"])
async def test_places_that_cannot_be_mounted_over(sandbox: Sandbox, tmp_path: Path, path: str) -> None:
    with pytest.raises(Refused, match="cannot be mounted"):
        await sandbox.prepare(plan(tmp_path, "true", mounts=(Mount(path, tmp_path, volume="v"),)))


async def test_an_unwritable_mount_place_ends_the_container_with_the_reason(sandbox: Sandbox, tmp_path: Path) -> None:
    outer, inner = tmp_path / "outer", tmp_path / "inner"
    outer.mkdir()
    inner.mkdir()
    planned = plan(tmp_path, "true", mounts=(Mount("/m", outer, True), Mount("/m/below", inner)))
    ended = await run(sandbox, planned)
    assert ended.exit_code == 1
    failure = await sandbox.failure(planned, ended.exit_code)
    assert isinstance(failure, StartFailure)
    assert "/m/below" in str(failure)
    assert "Read-only file system" in str(failure)


async def test_a_command_that_fails_by_itself_is_no_failure_to_start(sandbox: Sandbox, tmp_path: Path) -> None:
    planned = plan(tmp_path, "sh", "-c", "echo 'bwrap: not me' >&2; exit 1")
    ended = await run(sandbox, planned)
    assert ended.exit_code == 1
    assert await sandbox.failure(planned, 1) is None


async def test_working_directories_are_made(sandbox: Sandbox, tmp_path: Path) -> None:
    planned = plan(tmp_path, "pwd", working_dir="/job/deep/inside")
    await run(sandbox, planned)
    assert log_of(planned) == "/job/deep/inside\n"


async def test_the_end_of_the_command_is_the_end_of_its_children(sandbox: Sandbox, tmp_path: Path) -> None:
    planned = plan(tmp_path, "sh", "-c", "(setsid sh -c 'trap \"\" TERM HUP; sleep 78.25' &) ; sleep 0.1; exit 4")
    assert (await run(sandbox, planned)).exit_code == 4
    assert not _running("78.25")


async def test_signals(sandbox: Sandbox, tmp_path: Path) -> None:
    polite = plan(tmp_path, "sh", "-c", "trap 'echo bye; exit 12' TERM; echo up; while :; do sleep 0.05; done", uid="a")
    pid = await start(sandbox, polite)
    await until(lambda: "up" in log_of(polite))
    assert await sandbox.signal(polite.record, signal.SIGTERM)
    await processes.child_ended(pid)
    assert log_of(polite).endswith("bye\n")
    deaf = plan(tmp_path, "sh", "-c", "trap '' TERM; echo up; sleep 78.5", uid="b")
    pid = await start(sandbox, deaf)
    await until(lambda: "up" in log_of(deaf))
    assert await sandbox.signal(deaf.record, signal.SIGTERM)
    assert await sandbox.signal(deaf.record, signal.SIGKILL)
    await processes.child_ended(pid)
    codes = [planned.record.ended().exit_code for planned in (polite, deaf)]  # type: ignore[union-attr]
    assert codes == [12, 137]
    assert not await sandbox.signal(deaf.record, signal.SIGTERM)


async def test_a_signal_in_the_very_first_moment_is_not_lost(sandbox: Sandbox, tmp_path: Path) -> None:
    planned = plan(tmp_path, "sleep", "78.6")
    pid = await start(sandbox, planned)
    assert await sandbox.signal(planned.record, signal.SIGTERM)  # waits until there is a command
    await processes.child_ended(pid)
    assert planned.record.ended().exit_code == 143  # type: ignore[union-attr]


async def test_the_step_dies_with_its_waiter(sandbox: Sandbox, tmp_path: Path) -> None:
    planned = plan(tmp_path, "sh", "-c", "echo up; sleep 78.75")
    pid = await start(sandbox, planned)
    await until(lambda: "up" in log_of(planned))
    os.kill(pid, signal.SIGKILL)
    await processes.child_ended(pid)
    await until(lambda: not _running("78.75"))


async def test_another_user_and_a_read_only_root(sandbox: Sandbox, tmp_path: Path) -> None:
    script = "id -u; id -g; touch /tmp/x || echo read-only; touch /usr/x || echo read-only"
    planned = plan(tmp_path, "sh", "-c", script, user=User(8737, 100), read_only_root=True)
    await run(sandbox, planned)
    lines = [line for line in log_of(planned).splitlines() if not line.startswith("touch")]
    assert lines == ["8737", "100", "read-only", "read-only"]


async def test_what_would_reach_the_host_is_taken_away(sandbox: Sandbox, tmp_path: Path) -> None:
    script = "mount -t tmpfs x /tmp; echo b > /proc/sysrq-trigger; mknod /tmp/d b 8 0; cat /etc/shadow /etc/gshadow"
    planned = plan(tmp_path, "sh", "-c", script)
    await run(sandbox, planned)
    assert "root:" not in log_of(planned)
    assert not os.path.exists(planned.record.directory / "root" / "tmp" / "d")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root could read it")
async def test_where_masks_cannot_be_layers_they_are_laid_over(tmp_path: Path) -> None:
    found, why_not = await asyncio.to_thread(choose.find_sandbox, tmp_path, "", TOOLS)
    if found is None:
        pytest.skip(f"no sandbox here: {why_not}")
    mask = tmp_path / "mask"
    (mask / "apt").mkdir(parents=True)
    for name in ("shadow", "apt/apt.conf.d", "is/no/more"):
        (mask / name).parent.mkdir(parents=True, exist_ok=True)
        (mask / name).touch(mode=0)
    settings = SandboxSettings(found._settings.program, "0.11.0", Layering.READ_ONLY, found._settings.user_namespace)
    host = replace(hostview.survey(tmp_path / "masks"), masks={"etc": mask})
    planned = plan(tmp_path, "sh", "-c", "cat /etc/shadow; ls -A /etc/apt/apt.conf.d; head -c 4 /etc/passwd")
    await run(Sandbox(settings, host, "", ""), planned)
    assert log_of(planned) == "root"


async def test_fork_bombs_are_bounded(sandbox: Sandbox, tmp_path: Path) -> None:
    bound = bounds.find(tmp_path)
    if not bound.text:
        pytest.skip("nothing bounds processes here")
    if bound.cgroup is not None:
        (bound.cgroup / "pids.max").write_text("64")
    tools = replace(TOOLS, processes_limit=64, cgroup=f"{bound.cgroup}/cgroup.procs" if bound.cgroup else "")
    bomb = """
import os, time
n = 0
try:
    while n < 2000:
        if os.fork() == 0: time.sleep(60)
        n += 1
except OSError: print(n)
"""
    planned = plan(tmp_path, "python3", "-c", bomb)
    if os.geteuid() != 0 and bound.cgroup is None:
        pytest.skip("the limit counts all processes of this user")
    try:
        await run(sandbox, planned, tools)
        assert 0 < int(log_of(planned)) < 64
    finally:
        bounds.remove(tmp_path)


def test_bubblewraps_report_is_read(tmp_path: Path) -> None:
    planned = plan(tmp_path, "true")
    planned.record.path(SANDBOX_STATUS).write_text(json.dumps({"child-pid": 1}) + "\n")
    assert planned.record.started() is None


async def test_the_probe_tells_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "bwrap"
    broken.write_text("""#!/bin/sh
test "$1" = --version && echo bubblewrap 0.11.0 && exit
echo 'bwrap: no way' >&2; exit 1
""")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(choose, "_bundled", lambda: None)
    found, why_not = await asyncio.to_thread(choose.find_sandbox, tmp_path, "", TOOLS)
    assert (found, why_not) == (None, "bwrap: no way")


def _running(mark: str) -> bool:
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if mark.encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                return True
        except OSError:
            continue
    return False


async def test_a_probe_sees_files_of_the_step_and_writes_none(sandbox: Sandbox, tmp_path: Path) -> None:
    volume = tmp_path / "volume"
    volume.mkdir()
    mounts = (Mount("/v", volume),)
    script = "echo a >/tmp/a; echo b >/usr/b; echo c >/v/c; touch /v/done; exec sleep 600"
    planned = plan(tmp_path, "sh", "-c", script, mounts=mounts, environment=(("X", "1"),))
    running = asyncio.create_task(run(sandbox, planned))
    await until((volume / "done").exists)
    seen = "cat /tmp/a /usr/b /v/c && test $X = 1 && touch /usr/new"
    assert await run_beside(sandbox.probe(planned, ["sh", "-c", seen]), 10) == 0
    assert await run_beside(sandbox.probe(planned, ["sh", "-c", "test -e /usr/new"]), 10) == 1
    assert await run_beside(sandbox.probe(planned, ["sh", "-c", "exit 7"]), 10) == 7
    assert await run_beside(sandbox.probe(planned, ["sleep", "600"]), 0.2) is None
    assert await run_beside(sandbox.probe(planned, ["no-such-program"]), 10) not in (0, None)
    # and who enters the sandbox itself sees its processes, and leaves behind what it writes
    entered = "cat /tmp/a /usr/b /v/c && test $X = 1 && kill -0 2 && echo >/usr/entered"
    assert await run_beside(await sandbox.execution(planned, ["sh", "-c", entered], tty=False), 10) == 0
    again = ["sh", "-c", "test -e /usr/entered; exit $((7 + $?))"]
    assert await run_beside(await sandbox.execution(planned, again, tty=False), 10) == 7
    await sandbox.signal(planned.record, signal.SIGKILL)
    await running
