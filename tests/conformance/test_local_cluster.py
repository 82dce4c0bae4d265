"""The recorded upstream runs of the first slice, run on the local cluster; compare.py finds no difference.

All cases run in one go, several at a time, since most of a case is waiting; each is reported as a test of its own.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.localcluster import LocalCluster

HERE = Path(__file__).parent
CASES = [line for line in (HERE / "first-slice.txt").read_text().split("\n") if line and not line.startswith("#")]
JOBS = 8

pytestmark = [pytest.mark.xdist_group("conformance"), pytest.mark.timeout(600)]


def _prepare(cluster: LocalCluster) -> None:
    """What the recorded runs had: the controller's ConfigMap, secrets, service accounts."""
    for document in yaml.safe_load_all((HERE / "base.yaml").read_text()):
        cluster.argotui("apply", "-", stdin=yaml.safe_dump(document))


def _wrapper(cluster: LocalCluster, folder: Path) -> Path:
    """run.py calls the CLI by a path; this one is the CLI of this checkout."""
    script = folder / "argo"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m argotui "$@"\n')
    script.chmod(0o755)
    return script


@pytest.fixture(scope="module")
def outcome(cluster: LocalCluster, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What run.py printed of each case: the empty string when it is identical."""
    _prepare(cluster)
    folder = tmp_path_factory.mktemp("conformance")
    command = [sys.executable, str(HERE / "run.py"), "check"]
    command += ["--server", cluster.endpoint(), "--token", cluster.token()]
    command += ["--kubeconfig", str(cluster.directory / "kubeconfig"), "--argo", str(_wrapper(cluster, folder))]
    command += ["--jobs", str(JOBS), "--out", str(folder / "out")] + [str(HERE / "cases" / case) for case in CASES]
    done = subprocess.run(command, env=dict(cluster.environment), capture_output=True, text=True, check=False)
    found: dict[str, str] = {}
    for block in re.split(r"\n(?=ok  |DIFF|\S+ RUNNER ERROR)", done.stdout):
        match = re.match(r"(ok  |DIFF) (\S+)", block)
        if match:
            found[match[2]] = "" if match[1] == "ok  " else block
    found["*"] = done.stdout + done.stderr + cluster.words()
    return found


@pytest.mark.parametrize("case", CASES)
def test_the_local_cluster_does_what_upstream_did(case: str, outcome: dict[str, str]) -> None:
    difference = outcome.get(case, f"run.py did not report this case:\n{outcome['*']}")
    assert difference == "", difference
