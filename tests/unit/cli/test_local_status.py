"""What `argotui local status` says of the controller's configuration; what a new cluster begins with."""

import json
from pathlib import Path

import pytest

from argotui.cli.local import _configuration_lines
from argotui.engine.config import EngineConfig
from argotui.engine.retention import Retention
from argotui.local.apiserver.shipped import configuration
from argotui.local.supervisor.lifecycle import controller_report


def test_what_a_new_cluster_ships_is_understood() -> None:
    config = EngineConfig.from_config_map(configuration()["data"])
    assert config.retention == Retention(200, 200, 200)
    assert config.metrics.enabled
    assert (config.metrics.secure, config.ignored) == (False, ())


@pytest.mark.parametrize(
    ("report", "lines"),
    [
        ({}, []),
        (
            {
                "metrics": "http://127.0.0.1:1/m",
                "retention": {"completed": 3, "failed": 2, "errored": 0},
                "ignored": [],
            },
            [
                "retention: the newest 3 completed, 2 failed, 0 errored workflows are kept, older ones are deleted",
                "metrics:  http://127.0.0.1:1/m",
            ],
        ),
        (
            {"metrics": "", "metricsProblem": "port 9 is taken", "retention": None, "ignored": ["sso"]},
            [
                "retention: every completed workflow is kept until somebody deletes it",
                "metrics:  not served: port 9 is taken",
                "settings without effect here: sso",
            ],
        ),
    ],
)
def test_the_lines(tmp_path: Path, report: dict[str, object], lines: list[str]) -> None:
    (tmp_path / "run").mkdir()
    if report:
        (tmp_path / "run" / "controller-report.json").write_text(json.dumps(report))
    assert _configuration_lines(controller_report(tmp_path)) == lines


def test_a_report_that_is_broken_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "controller-report.json").write_text("[1")
    assert controller_report(tmp_path) == {}
