"""run.py against a cluster: which cases differ from what upstream recorded, and in what."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.localcluster import command

from .catalog import BETTER

HERE = Path(__file__).parent
SLOWER = {
    # upstream's pods took about 2.6 s each, so that the 5 s had passed when the second one was seen to end
    "retry-max-duration": ('command: ["false"]', 'command: [sh, -c, "sleep 2.6; exit 1"]'),
    # `suspend` must come while the first step runs, and a busy machine may need more than a second for it
    "argo-suspend-running": ('args: ["1"]', 'args: ["8"]'),
}
"""Cases whose recorded outcome hangs on how long pods take, and how their commands take longer here. Nothing else of
the case, and nothing of its expectation, is changed."""


HOSTS = ('"podlet-0"', '"argotui-local"')
"""What the node of the recorded runs was called, and what the local cluster's is: no decision of a controller's."""


@dataclass(frozen=True)
class Served:
    """A cluster: where its API is, an administrator's token and kubeconfig, and the environment of processes."""

    url: str
    token: str
    kubeconfig: Path
    environment: Mapping[str, str]


class Runner:
    """run.py against one cluster."""

    def __init__(self, served: Served, folder: Path) -> None:
        self.served = served
        self.folder = folder
        # run.py calls the CLI by a path; this one is the CLI of this checkout
        self.argo = folder / "argo"
        self.argo.write_text(f'#!/bin/sh\nexec {" ".join(command())} "$@"\n')
        self.argo.chmod(0o755)
        self.printed = ""

    def check(self, cases: Sequence[str], jobs: int) -> dict[str, str]:
        """What run.py says of each case: the empty string when it is identical."""
        command = [sys.executable, str(HERE / "run.py"), "check", "--jobs", str(jobs)]
        command += ["--out", str(self.folder / "out")]
        command += ["--server", self.served.url, f"--token={self.served.token}", "--argo", str(self.argo)]
        command += ["--kubeconfig", str(self.served.kubeconfig)]
        command += [str(self._folder_of(case)) for case in cases]
        environment = dict(self.served.environment)
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        self.printed += done.stdout + done.stderr
        found = {}
        for block in re.split(r"\n(?=ok  |DIFF|\S+ RUNNER ERROR|  \[)", done.stdout):
            match = re.match(r"(ok  |DIFF) (\S+)", block)
            if match:
                found[match[2]] = "" if match[1] == "ok  " or _is_allowed(match[2], block) else block
        return found

    def check_twice(self, cases: Sequence[str], jobs: int) -> dict[str, str]:
        """Those that differ once more, alone: some actions must come within a second of a step's start, and a
        machine that is busy with the other cases may be late with them."""
        found = self.check(cases, jobs)
        again = [case for case in cases if found.get(case) != ""]
        return found | (self.check(again, 1) if again else {})

    def _folder_of(self, case: str) -> Path:
        """The recorded case, or a copy of it with slower pods."""
        recorded, own = HERE / "cases" / case, self.folder / "cases" / case
        if case not in SLOWER:
            return recorded
        if not own.exists():
            shutil.copytree(recorded, own)
            manifest = own / "workflow.yaml"
            text, (quick, slow) = manifest.read_text(), SLOWER[case]
            assert quick in text
            manifest.write_text(text.replace(quick, slow))
        return own


def _is_allowed(case: str, block: str) -> bool:
    """All differences that run.py tells (it tells no more than twelve) are allowed ones."""
    places = r"^      (\S.*)\n        expected (.*)\n        actual   (.*)"
    told = [(place, values) for place, *values in re.findall(places, block, re.MULTILINE)]
    found = {place: values for place, values in told if tuple(values) != HOSTS}
    allowed = set(map("workflow/{}".format, BETTER.get(case, ())))
    count = re.search(r" (\d+) differences", block)
    return count is not None and int(count[1]) == len(told) and found.keys() <= allowed
