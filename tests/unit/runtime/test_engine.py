"""The podman and docker runtimes against a script that stands in for the command line (no engine is needed)."""

import json
import os
import signal
from pathlib import Path

import pytest

from argotui.local.runtime import bounds, choose
from argotui.local.runtime.engine import Engine, container_name
from argotui.local.runtime.types import ImageMissing, Mount, Refused, User
from tests.unit.runtime.containers import log_of, plan, run

FAKE = r'''#!/usr/bin/env python3
"""Speaks as much of podman as the runtime uses; its containers are processes in a folder."""
import io, json, os, subprocess, sys, tarfile
home, arguments = os.environ["XDG_FAKE"], sys.argv[1:]
with open(f"{home}/calls", "a") as calls:
    calls.write(json.dumps(arguments) + "\n")
verb = arguments[0]
if verb == "version":
    print(json.dumps({"Client": {"Version": "5.4.2"}}))
elif verb == "image":
    sys.exit(0 if arguments[2] == "present" or os.path.exists(f"{home}/pulled-{arguments[2]}") else 1)
elif verb == "pull":
    if arguments[-1] == "nowhere":
        sys.exit("Error: initializing source docker://nowhere: not found")
    open(f"{home}/pulled-{arguments[-1]}", "w").close()
elif verb == "run":
    image = next(i for i, word in enumerate(arguments) if word in ("present", "fetched"))
    entry = arguments[arguments.index("--entrypoint") + 1] if "--entrypoint" in arguments else "entry"
    name = arguments[arguments.index("--name") + 1]
    os.makedirs(f"{home}/{name}")
    env = {"PATH": os.environ["PATH"]}
    for line in open(arguments[arguments.index("--env-file") + 1]):
        key, _, value = line.rstrip("\n").partition("=")
        env[key] = value
    for index, word in enumerate(arguments[:image]):
        if word == "--env":
            env[arguments[index + 1]] = os.environ[arguments[index + 1]]
    if entry == "entry":
        print(" ".join(arguments[image + 1:])); sys.exit(0)
    try:
        done = subprocess.run([entry, *arguments[image + 1:]], env=env, cwd=f"{home}/{name}")
    except FileNotFoundError:
        sys.exit(127)
    open(f"{home}/{name}/.started", "w").close()
    sys.exit(done.returncode if done.returncode >= 0 else 128 - done.returncode)
elif verb == "inspect":
    started = os.path.exists(f"{home}/{arguments[-1]}/.started")
    print(json.dumps([{"State": {"StartedAt": "2026-11-22T12:00:00Z" if started else "0001-01-01T00:00:00Z"}}]))
elif verb == "cp":
    name, _, path = arguments[1].partition(":")
    place = f"{home}/{name}{path}"
    if not os.path.lexists(place):
        sys.exit("Error: no such file")
    with tarfile.open(fileobj=sys.stdout.buffer, mode="w|") as archive:
        archive.add(place, arcname=os.path.basename(path), recursive=False)
elif verb in ("kill", "rm"):
    sys.exit(0)
'''


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    program = tmp_path / "podman"
    program.write_text(FAKE)
    program.chmod(0o755)
    monkeypatch.setenv("XDG_FAKE", str(tmp_path))
    return Engine("podman", str(program), tmp_path)


def calls(tmp_path: Path, verb: str) -> list[list[str]]:
    lines = (tmp_path / "calls").read_text().splitlines()
    return [call for call in map(json.loads, lines) if call[0] == verb]


async def test_who_it_is(engine: Engine) -> None:
    await engine.connect()
    assert engine.description.name == "podman"
    assert engine.description.version == "podman 5.4.2"
    assert engine.description.pulls_images


async def test_a_container_runs_and_its_outputs_are_read(engine: Engine, tmp_path: Path) -> None:
    volume = tmp_path / "volume"
    volume.mkdir()
    (volume / "f").write_text("in the volume")
    planned = plan(
        tmp_path,
        "sh",
        "-c",
        "echo $A; echo value > out; ln -s out link; exit 5",
        environment=(("A", "1 2"),),
        mounts=(Mount("/data", volume, True),),
        working_dir="/w",
        user=User(7, 8),
    )
    planned = plan_with_image(planned, "present")
    ended = await run(engine, planned)
    assert ended.exit_code == 5
    assert log_of(planned) == "1 2\n"
    files = engine.files(planned)
    assert files.read("/link", 100) == b"value\n"
    assert files.read("/data/f", 100) == b"in the volume"
    with pytest.raises(FileNotFoundError):
        files.read("/nowhere", 100)
    command = calls(tmp_path, "run")[0]
    assert command[command.index("--mount") + 1] == f"type=bind,source={volume},target=/data,readonly"
    assert command[command.index("--user") + 1] == "7:8"
    assert command[command.index("--name") + 1] == container_name(planned.record) == "argotui-uid-1-main"
    assert await engine.failure(planned, 5) is None
    await engine.discard(planned.record)
    assert calls(tmp_path, "rm") == [["rm", "--force", "--volumes", "argotui-uid-1-main"]]


def plan_with_image(planned, image, **more):  # type: ignore[no-untyped-def]
    from dataclasses import replace

    return replace(planned, image=image, **more)


async def test_an_image_that_is_missing_is_pulled_once(engine: Engine, tmp_path: Path) -> None:
    for uid in ("a", "b"):
        await engine.prepare(plan_with_image(plan(tmp_path, "true", uid=uid), "fetched", pull_policy="IfNotPresent"))
    assert len(calls(tmp_path, "pull")) == 1


async def test_an_image_that_cannot_be_had(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(ImageMissing, match="docker://nowhere: not found") as caught:
        await engine.prepare(plan_with_image(plan(tmp_path, "true"), "nowhere"))
    assert caught.value.reason == "ErrImagePull"
    with pytest.raises(ImageMissing) as caught:
        await engine.prepare(plan_with_image(plan(tmp_path, "true"), "other", pull_policy="Never"))
    assert caught.value.reason == "ErrImageNeverPull"
    with pytest.raises(ImageMissing) as caught:
        await engine.prepare(plan_with_image(plan(tmp_path, "busybox"), "--privileged", pull_policy="IfNotPresent"))
    assert caught.value.reason == "InvalidImageName"
    assert not calls(tmp_path, "run")


async def test_secrets_stand_on_no_command_line(engine: Engine, tmp_path: Path) -> None:
    environment = (("TOKEN", "s3cret"), ("KEY", "line one\nline two"))
    planned = plan_with_image(plan(tmp_path, "sh", "-c", 'echo "$TOKEN $KEY"', environment=environment), "present")
    await run(engine, planned)
    assert log_of(planned) == "s3cret line one\nline two\n"
    assert "s3cret" not in (tmp_path / "calls").read_text()
    assert "line one" not in (tmp_path / "calls").read_text()
    assert planned.record.path("environment").stat().st_mode & 0o077 == 0


async def test_a_value_that_the_engine_would_take_for_its_own_is_refused(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="DOCKER_HOST has several lines"):
        await engine.prepare(plan_with_image(plan(tmp_path, "true", environment=(("DOCKER_HOST", "a\nb"),)), "present"))


async def test_a_command_that_is_not_in_the_image(engine: Engine, tmp_path: Path) -> None:
    planned = plan_with_image(plan(tmp_path, "no-such-binary"), "present")
    ended = await run(engine, planned)
    failure = await engine.failure(planned, ended.exit_code)
    assert str(failure) == 'exec: "no-such-binary": executable file not found in $PATH'
    own = plan_with_image(plan(tmp_path, "sh", "-c", "exit 127", uid="b"), "present")
    assert await engine.failure(own, (await run(engine, own)).exit_code) is None


async def test_the_images_own_entry_point(engine: Engine, tmp_path: Path) -> None:
    planned = plan_with_image(plan(tmp_path, "an", "argument"), "present", uses_entrypoint=True)
    await run(engine, planned)
    assert log_of(planned) == "an argument\n"


async def test_signals_go_to_the_engine(engine: Engine, tmp_path: Path) -> None:
    planned = plan(tmp_path, "true")
    assert await engine.signal(planned.record, signal.SIGTERM)
    assert calls(tmp_path, "kill") == [["kill", "--signal", "15", "argotui-uid-1-main"]]


async def test_without_an_engine_the_choice_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(choose.NoRuntime, match="there is no podman on this machine's PATH"):
        await choose.choose("podman", tmp_path)
    dead = tmp_path / "docker"
    dead.write_text("#!/bin/sh\necho 'Cannot connect to the Docker daemon at unix:///x. Is it running?' >&2\nexit 1\n")
    dead.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.defpath}")
    with pytest.raises(choose.NoRuntime, match="no engine answers: Cannot connect to the Docker daemon"):
        await choose.choose("docker", tmp_path)
    bounds.remove(tmp_path)
