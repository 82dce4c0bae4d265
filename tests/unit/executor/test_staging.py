"""What `argoexec init` leaves for main and wait."""

import json
import os
import stat
from pathlib import Path

import pytest

from argotui.executor.staging import stage
from argotui.executor.template import ExecutorError, load_template, main_containers, output_paths


def folders(tmp_path: Path) -> tuple[Path, Path]:
    run, staging = tmp_path / "run", tmp_path / "staging"
    run.mkdir()
    staging.mkdir()
    return run, staging


def test_the_script_is_executable_and_exact(tmp_path: Path) -> None:
    run, staging = folders(tmp_path)
    template = {"name": "s", "script": {"source": "echo żółć\r\n\ttab"}}
    stage(template, run, staging)
    stage(template, run, staging)  # once more, as after a crash
    script = staging / "script"
    assert script.read_bytes() == "echo żółć\r\n\ttab".encode()
    assert stat.S_IMODE(script.stat().st_mode) == 0o755
    assert json.loads((run / "template").read_text()) == template
    assert sorted(os.listdir(staging)) == ["script"]


@pytest.mark.parametrize("side", ["inputs", "outputs"])
def test_artifacts_are_refused_by_name(tmp_path: Path, side: str) -> None:
    run, staging = folders(tmp_path)
    with pytest.raises(ExecutorError, match=rf"{side}\.artifacts is not supported"):
        stage({side: {"artifacts": [{"name": "a"}]}}, run, staging)


def test_an_offloaded_template_is_read_from_its_volume() -> None:
    assert load_template("offloaded", {"/argo/config/ARGO_TEMPLATE": b'{"name": "t"}'}.__getitem__) == {"name": "t"}


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_a_broken_template_is_refused(text: str) -> None:
    with pytest.raises(ExecutorError, match="failed to read ARGO_TEMPLATE"):
        load_template(text, {}.__getitem__)


def test_mains_and_paths() -> None:
    group = {"containerSet": {"containers": [{"name": "a"}, {"name": "b"}]}}
    assert main_containers(group) == ["a", "b"]
    assert main_containers({"container": {}}) == ["main"]
    declared = {"outputs": {"parameters": [{"name": "x", "valueFrom": {"path": "/p"}}, {"name": "y", "value": "1"}]}}
    assert output_paths(declared) == ["/p"]
