"""What is said when the local cluster does not answer."""

import socket
from pathlib import Path
from typing import Any

import pytest

from argotui.cli.running import run_guarded
from argotui.kube.errors import Unreachable
from argotui.local.supervisor import lifecycle


def _refused(endpoint: str) -> int:
    async def main() -> int:
        raise Unreachable(f"{endpoint}: connection refused; nothing listens there")

    return run_guarded(main)


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (None, "the local cluster does not run; start it with: argotui local start"),
        (
            {"ready": False},
            "the local cluster's API server is being started again; wait for it with: argotui local start",
        ),
    ],
)
def test_the_local_cluster(
    state: Any, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        endpoint = f"https://127.0.0.1:{free.getsockname()[1]}"
    (tmp_path / "endpoint").write_text(endpoint)
    monkeypatch.setenv("ARGOTUI_LOCAL_DIR", str(tmp_path))

    async def status(directory: Path) -> Any:
        assert directory == tmp_path
        return state

    monkeypatch.setattr(lifecycle, "status", status)
    assert _refused(endpoint) == 1
    assert capsys.readouterr().err == f"argotui: {told}\n"


def test_another_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("ARGOTUI_LOCAL_DIR", str(tmp_path))
    assert _refused("https://10.0.0.1:6443") == 1
    assert "10.0.0.1:6443: connection refused" in capsys.readouterr().err
