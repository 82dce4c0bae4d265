"""The process runtime: own directory and environment, claims below /tmp, children that hide."""

import asyncio
import os
import signal
import uuid
from pathlib import Path

import pytest

from argotui.local.runtime import processes
from argotui.local.runtime.bare import kill_marked
from argotui.local.runtime.claims import Claims
from argotui.local.runtime.types import Mount, Refused, User
from tests.unit.runtime.containers import bare, log_of, plan, run, start, until


def below_tmp() -> str:
    """A path that no other test uses."""
    return f"/tmp/argotui-test-{uuid.uuid4().hex}"


async def test_nothing_of_our_environment_leaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "mine")
    planned = plan(tmp_path, "env", environment=(("A", "1 2"),))
    await run(bare(tmp_path), planned)
    lines = dict(line.partition("=")[::2] for line in log_of(planned).splitlines())
    assert lines["A"] == "1 2"
    assert lines["HOME"].startswith(str(planned.record.directory))
    assert lines["TMPDIR"].startswith(str(planned.record.directory))
    assert set(lines) <= {"A", "HOME", "TMPDIR", "PATH", "PWD", "ARGOTUI_CONTAINER", "_", "SHLVL"}


async def test_executor_paths_are_rewritten(tmp_path: Path) -> None:
    staging, shared = tmp_path / "staging", tmp_path / "run"
    staging.mkdir()
    shared.mkdir()
    (staging / "script").write_text('echo "$P"; echo 1/2 > "$P"')
    planned = plan(
        tmp_path,
        "sh",
        "/argo/staging/script",
        environment=(("P", "/var/run/argo/progress"),),
        mounts=(Mount("/argo/staging", staging), Mount("/var/run/argo", shared)),
    )
    assert (await run(bare(tmp_path), planned)).exit_code == 0
    assert (shared / "progress").read_text() == "1/2\n"
    assert log_of(planned) == f"{shared}/progress\n"


async def test_a_mount_below_tmp_is_a_link_while_the_pod_runs(tmp_path: Path) -> None:
    path, volume = below_tmp(), tmp_path / "volume"
    volume.mkdir()
    runtime = bare(tmp_path)
    planned = plan(tmp_path, "sh", "-c", f"echo 1 > {path}/file", mounts=(Mount(path, volume, volume="v"),))
    assert (await run(runtime, planned)).exit_code == 0
    assert (volume / "file").read_text() == "1\n"
    assert runtime.files(planned).read(f"{path}/file", 10) == b"1\n"
    await runtime.discard(planned.record)
    assert not os.path.lexists(path)
    assert (volume / "file").exists()


@pytest.mark.parametrize("path", ["/workspace", "/tmp/../etc/x", "/tmp"])
async def test_other_mounts_are_refused_and_the_sandbox_named(tmp_path: Path, path: str) -> None:
    with pytest.raises(Refused, match=r"cannot be mounted at .*sandbox"):
        await bare(tmp_path).prepare(plan(tmp_path, "true", mounts=(Mount(path, tmp_path, volume="v"),)))


async def test_a_host_path_at_its_own_place_needs_no_mount(tmp_path: Path) -> None:
    mount = Mount(str(tmp_path), tmp_path, read_only=True, volume="v", from_host=True)
    assert (await run(bare(tmp_path), plan(tmp_path, "true", mounts=(mount,)))).exit_code == 0


async def test_outputs_outside_tmp_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"/out is not below /tmp.*sandbox"):
        await bare(tmp_path).prepare(plan(tmp_path, "true", output_paths=("/out",)))


async def test_pods_with_the_same_output_path_take_turns_and_find_it_cleared(tmp_path: Path) -> None:
    path, runtime = below_tmp(), bare(tmp_path)
    command = ("sh", "-c", f"test ! -e {path} && echo $0 > {path} && sleep 0.2")

    async def one(uid: str) -> bytes:
        planned = plan(tmp_path, *command, uid, uid=uid, output_paths=(path,))
        assert (await run(runtime, planned)).exit_code == 0
        value = runtime.files(planned).read(path, 100)
        await runtime.discard(planned.record)
        return value

    assert await asyncio.gather(*(one(f"pod-{n}") for n in range(4))) == [f"pod-{n}\n".encode() for n in range(4)]
    assert not os.path.exists(path)


async def test_a_claim_covers_what_is_below_and_above_it(tmp_path: Path) -> None:
    claims = Claims(tmp_path / "pods", tmp_path / "claims")
    await claims.take("a", ["/tmp/x/y"])
    for path in ("/tmp/x", "/tmp/x/y", "/tmp/x/y/z"):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(claims.take("b", [path]), 0.02)
    await claims.take("b", ["/tmp/x/yy"])
    await claims.release("a")
    await asyncio.wait_for(claims.take("b", ["/tmp/x/y"]), 1)


async def test_claims_of_a_dead_kubelet_hold_while_its_step_runs(tmp_path: Path) -> None:
    """The other cluster's kubelet is a process that has ended; its step still runs."""
    runtime, path = bare(tmp_path), below_tmp()
    planned = plan(tmp_path, "sleep", "60", uid="theirs")
    pid = await start(runtime, planned)
    await until(lambda: planned.record.command() is not None)
    theirs = Claims(tmp_path / "pods", tmp_path / "claims")
    await theirs.take("theirs", [path])
    for file in (tmp_path / "claims").glob("*.json"):
        file.write_text(file.read_text().replace(f'"pid": {os.getpid()}', '"pid": 1'))
    ours = Claims(tmp_path / "elsewhere", tmp_path / "claims")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(ours.take("ours", [path]), 0.05)
    await runtime.signal(planned.record, signal.SIGKILL)
    await processes.child_ended(pid)
    await asyncio.wait_for(ours.take("ours", [path]), 5)


async def test_the_next_kubelet_keeps_the_claims_of_steps_whose_outputs_are_to_be_read(tmp_path: Path) -> None:
    pods = tmp_path / "pods"
    (pods / "ended").mkdir(parents=True)
    first = Claims(pods, tmp_path / "claims")
    await first.take("ended", ["/tmp/x"])
    await first.take("never-begun", ["/tmp/y"])
    for file in (tmp_path / "claims").glob("*.json"):
        file.write_text(file.read_text().replace(f'"pid": {os.getpid()}', '"pid": 1'))  # that kubelet is dead
    second = Claims(pods, tmp_path / "claims")
    await asyncio.wait_for(second.take("other", ["/tmp/y"]), 1)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(second.take("other", ["/tmp/x"]), 0.05)
    assert await second.release("ended") == ["/tmp/x"]
    await asyncio.wait_for(second.take("other", ["/tmp/x"]), 1)


async def test_children_that_leave_the_group_are_found_by_their_mark(tmp_path: Path) -> None:
    runtime = bare(tmp_path)
    hidden = "setsid sh -c 'sleep 77.5' & echo started"
    planned = plan(tmp_path, "sh", "-c", hidden)
    pid = await start(runtime, planned)
    await until(lambda: planned.record.ended() is not None)
    assert planned.record.path("log").exists()
    await runtime.finished(planned.record)
    await processes.child_ended(pid)  # its log was held open by the child
    assert kill_marked("uid-1/main") == 0


async def test_sigterm_reaches_the_group_and_sigkill_all(tmp_path: Path) -> None:
    runtime = bare(tmp_path)
    planned = plan(tmp_path, "sh", "-c", "trap 'echo term' TERM; setsid sleep 77 & echo up; wait; wait; sleep 77")
    pid = await start(runtime, planned)
    await until(lambda: "up" in log_of(planned))
    assert await runtime.signal(planned.record, signal.SIGTERM)
    await until(lambda: "term" in log_of(planned))
    assert await runtime.signal(planned.record, signal.SIGKILL)
    await processes.child_ended(pid)
    ended = planned.record.ended()
    assert ended is not None
    assert ended.exit_code == 137
    assert not await runtime.signal(planned.record, signal.SIGTERM)


async def test_names_that_a_shell_cannot_pass_on_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"a\.b.*sandbox"):
        await bare(tmp_path).prepare(plan(tmp_path, "true", environment=(("a.b", "1"),)))


def test_fields_that_need_a_sandbox(tmp_path: Path) -> None:
    runtime = bare(tmp_path)
    assert runtime.refusal({"spec": {"containers": [{}]}}) == ""
    other = {"spec": {"containers": [{"securityContext": {"runAsUser": 12345}}]}}
    assert runtime.refusal(other).startswith("spec.containers[0].securityContext.runAsUser")
    read_only = {"spec": {"containers": [{"securityContext": {"readOnlyRootFilesystem": True}}]}}
    assert "readOnlyRootFilesystem" in runtime.refusal(read_only)
    assert User() == User(None, None)
