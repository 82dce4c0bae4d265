"""Which tests stay together on one worker, and which begin first.

A file whose tests share a cluster or a server is run by one worker, so that it is started once; what takes longest
begins first. pytest-xdist has a mark for groups, but under pytest 9.2, whose node ids it cannot change, it is void.
"""

from __future__ import annotations

import pytest
from xdist.scheduler import LoadScopeScheduling

LONGEST = (
    "tests/cluster/real/test_kills.py",
    "tests/cluster/real/test_conformance.py",
    "tests/cluster/real/test_faults.py",
    "tests/cluster/test_faults.py",
    "tests/conformance/test_local_cluster.py",
    "tests/cluster/test_examples.py",
    "tests/console/test_pty.py",
    "tests/cluster/test_kubelet.py",
    "tests/cluster/test_controller.py",
    "tests/cluster/test_cron.py",
    "tests/cluster/test_apiserver_faults.py",
    "tests/cluster/test_locks.py",
    "tests/cluster/test_cli_flow.py",
    "tests/unit/runtime/",
    "tests/unit/engine/test_laws.py",
    "tests/cluster/",
)
"""Files and folders in the order in which they begin; all other tests come after them."""

TOGETHER = {
    "tests/cluster/": "",
    "tests/conformance/": "",
    # both look at how much is written while nothing happens, and how soon
    "tests/console/test_pty.py": "pty",
    "tests/console/test_bytes.py": "pty",
    # the runtimes find the processes of a step by a mark that holds the pod's uid, and these tests all use one uid
    "tests/unit/runtime/": "runtime",
}
"""What stays together: by file where no name is given, else under that name."""


def place(nodeid: str) -> int:
    """Where a test comes: a small number is early."""
    return next((number for number, start in enumerate(LONGEST) if nodeid.startswith(start)), len(LONGEST))


def group(nodeid: str) -> str:
    """Tests of one group run on one worker, one after the other."""
    for start, name in TOGETHER.items():
        if nodeid.startswith(start):
            return name or nodeid.partition("::")[0]
    return nodeid


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Deals out groups in the order of collection."""

    def __init__(self, config: pytest.Config, log: object) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)
