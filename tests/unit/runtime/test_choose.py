"""Which runtime is taken, what is told of it, and what of the host it shows."""

import json
import os
from pathlib import Path

import pytest

from argotui.local.runtime import bounds, choose, hostview, waiter
from argotui.local.runtime.bare import Bare


def prepared(tmp_path: Path) -> Path:
    for name in ("run", "pods"):
        (tmp_path / name).mkdir()
    return tmp_path


async def test_without_a_sandbox_it_is_plain_processes_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = prepared(tmp_path)
    monkeypatch.setattr(choose, "_programs", lambda: iter(()))
    choice = await choose.choose("auto", directory)
    assert isinstance(choice.runtime, Bare)
    choose.write_note(directory, choice.runtime)
    note = json.loads((directory / "runtime").read_text())
    assert note["name"] == "process"
    assert note["reason"] == "the sandbox does not work on this machine: bubblewrap is not installed"
    assert any("file system" in line for line in note["not_isolated"])
    assert set(note) == {"name", "version", "isolates", "not_isolated", "reason"}
    with pytest.raises(choose.NoRuntime, match="bubblewrap is not installed"):
        await choose.choose("sandbox", directory)
    bounds.remove(directory)


async def test_every_runtime_can_be_had_for_ending_what_it_started(tmp_path: Path) -> None:
    for name in ("sandbox", "process", "podman", "docker"):
        assert choose.for_running(name, prepared(tmp_path / name if (tmp_path / name).mkdir() is None else tmp_path))


def test_the_host_is_seen_without_what_only_root_may_read(tmp_path: Path) -> None:
    view = hostview.survey(tmp_path)
    assert {"usr", "etc"} <= set(view.directories)
    assert waiter.PATH in view.search_path
    if os.geteuid() == 0 and Path("/etc/shadow").exists():
        mask = view.mask_of("etc")
        assert mask is not None
        assert (mask / "shadow").read_bytes() == b""
        assert hostview.survey(tmp_path).mask_of("etc") == mask, "a layer in use is never changed"


def test_python_is_there_when_the_host_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hostview.shutil, "which", lambda *_, **__: None)
    view = hostview.survey(tmp_path)
    assert view.search_path.endswith(f":{hostview.sys.base_prefix}/bin")
    assert Path(hostview.sys.base_prefix) in view.read_only


def test_a_missing_tool_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiter.shutil, "which", lambda name, **_: None if name == "setsid" else f"/bin/{name}")
    with pytest.raises(waiter.MissingTool, match="setsid is not in"):
        waiter.Tools.find()


def test_the_bound_belongs_to_the_directory(tmp_path: Path) -> None:
    assert bounds.group_name(tmp_path) != bounds.group_name(tmp_path / "other")
    bound = bounds.find(tmp_path)
    assert (bound.text == "") == (bound.processes == 0 and bound.cgroup is None)
    bounds.remove(tmp_path)
    assert bound.cgroup is None or not bound.cgroup.exists()
