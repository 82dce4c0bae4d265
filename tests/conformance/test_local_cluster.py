"""The recorded upstream runs of the first slice, run on the local cluster; compare.py finds no difference.

All cases run in one go, several at a time, since most of a case is waiting; each is reported as a test of its own.
"""

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.localcluster import LocalCluster

HERE = Path(__file__).parent
CASES = [line for line in (HERE / "first-slice.txt").read_text().split("\n") if line and not line.startswith("#")]
JOBS = 8
ALLOWED = {
    # Upstream's pods took about 2.6 s each, so that the 5 s had passed when the second one was seen to end. Where
    # pods are quick, upstream's rule for the same moment says that the next wait would not fit (see the table tests
    # of the engine); with pods of 2.6 s the engine gives the recorded message (tests/unit/engine/test_conformance).
    "retry-max-duration": [("workflow/message", "Backoff would exceed max duration limit")],
}
"""Differences that are a matter of speed, by case: the place and what stands there instead."""

pytestmark = [pytest.mark.xdist_group("conformance"), pytest.mark.timeout(600)]


class Runner:
    """run.py against one cluster."""

    def __init__(self, cluster: LocalCluster, folder: Path) -> None:
        self.cluster = cluster
        self.folder = folder
        # run.py calls the CLI by a path; this one is the CLI of this checkout
        self.argo = folder / "argo"
        self.argo.write_text(f'#!/bin/sh\nexec {sys.executable} -m argotui "$@"\n')
        self.argo.chmod(0o755)
        self.printed = ""

    def check(self, cases: Sequence[str], jobs: int) -> dict[str, str]:
        """What run.py says of each case: the empty string when it is identical."""
        command = [sys.executable, str(HERE / "run.py"), "check", "--jobs", str(jobs)]
        command += ["--out", str(self.folder / "out")]
        command += ["--server", self.cluster.endpoint(), "--token", self.cluster.token(), "--argo", str(self.argo)]
        command += ["--kubeconfig", str(self.cluster.directory / "kubeconfig")]
        command += [str(HERE / "cases" / case) for case in cases]
        environment = dict(self.cluster.environment)
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        self.printed += done.stdout + done.stderr
        found = {}
        for block in re.split(r"\n(?=ok  |DIFF|\S+ RUNNER ERROR|  \[)", done.stdout):
            match = re.match(r"(ok  |DIFF) (\S+)", block)
            if match:
                found[match[2]] = "" if match[1] == "ok  " or _allowed(match[2], block) else block
        return found


def _allowed(case: str, block: str) -> bool:
    differences = re.findall(r"^      (\S.*)\n        expected .*\n        actual   \"(.*)\"", block, re.MULTILINE)
    count = re.search(r" (\d+) differences", block)
    return count is not None and int(count[1]) == len(differences) and differences == ALLOWED.get(case)


@pytest.fixture(scope="module")
def outcome(cluster: LocalCluster, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """All cases, several at a time; those that differ once more, alone: some actions must come within a second of
    a step's start, and a machine that is busy with the other cases may be late with them."""
    cluster.argotui("apply", str(HERE / "base.yaml"))  # the controller's ConfigMap, secrets, service accounts
    runner = Runner(cluster, tmp_path_factory.mktemp("conformance"))
    found = runner.check(CASES, JOBS)
    again = [case for case in CASES if found.get(case) != ""]
    if again:
        found |= runner.check(again, 1)
    found["*"] = runner.printed + cluster.words()
    return found


@pytest.mark.parametrize("case", CASES)
def test_the_local_cluster_does_what_upstream_did(case: str, outcome: dict[str, str]) -> None:
    difference = outcome.get(case, f"run.py did not report this case:\n{outcome['*']}")
    assert difference == "", difference
