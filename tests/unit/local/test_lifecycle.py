"""Starting and removing a local cluster where it cannot be started, or where there is none."""

from pathlib import Path

import pytest

from argotui.local.supervisor.control import NotRunning, ask
from argotui.local.supervisor.lifecycle import NotACluster, StartFailed, reset, start
from argotui.local.supervisor.parts import last_words
from argotui.local.supervisor.supervisor import LOCK, prepare


async def test_a_directory_that_cannot_be_made_is_named_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path, reason in ((tmp_path / "file", "File exists"), (tmp_path / "file" / "local", "Not a directory")):
        with pytest.raises(StartFailed, match=f"in {path}: .*{reason}; set ARGOTUI_LOCAL_DIR"):
            await start(path)


async def test_a_log_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    directory = tmp_path / "local"
    prepare(directory)
    (directory / "logs" / "supervisor.log").mkdir()
    with pytest.raises(StartFailed, match=r"supervisor\.log: Is a directory"):
        await start(directory)


async def test_a_cluster_whose_processes_cannot_start_is_ended_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = tmp_path / "local"
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StartFailed, match="kubelet ended before it was ready: --runtime podman: there is no podman"):
        await start(directory, "podman")
    with pytest.raises(NotRunning):
        await ask(directory, "status")


async def test_only_a_cluster_is_removed(tmp_path: Path) -> None:
    mine = tmp_path / "home"
    (mine / "run").mkdir(parents=True)
    (mine / "thesis").write_text("years of work")
    with pytest.raises(NotACluster, match="nothing in it was touched"):
        await reset(mine)
    with pytest.raises(NotACluster):
        await reset(mine / "thesis")
    assert (mine / "thesis").read_text() == "years of work"


async def test_what_a_start_has_made_is_removed(tmp_path: Path) -> None:
    fresh, used = tmp_path / "fresh", tmp_path / "used"
    for directory in (fresh, used):
        prepare(directory)
    (used / "run" / LOCK).touch()
    (used / "db.sqlite").touch()
    await reset(fresh)
    await reset(used)
    assert not fresh.exists()
    assert not used.exists()


def test_last_words_are_those_of_the_last_start(tmp_path: Path) -> None:
    path = tmp_path / "log"
    assert last_words(path) == ""
    path.write_text("old\n")
    assert last_words(path, 4) == ""
    path.write_text("old\nTraceback:\n  OSError: [Errno 28] No space left on device\n\n")
    assert last_words(path, 4) == "OSError: [Errno 28] No space left on device"
