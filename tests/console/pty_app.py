"""The console in a terminal of its own, on a cluster in memory: `python -m tests.console.pty_app SCENARIO`.

SIGUSR1 changes one workflow, SIGUSR2 adds a burst of fifty changes.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from argotui.ui.terminal import log_to_file, prepare_environment

prepare_environment(os.environ)

from argotui.services.place import SessionOptions  # noqa: E402
from argotui.services.session import Session  # noqa: E402
from argotui.ui.console import ConsoleApp  # noqa: E402
from argotui.ui.options import ConsoleOptions  # noqa: E402
from tests.console.cluster import FakeCluster  # noqa: E402
from tests.console.harness import ANN  # noqa: E402
from tests.console.story import everything, workflow  # noqa: E402
from tests.console.test_hostile import poisoned  # noqa: E402

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def many() -> FakeCluster:
    """Fifty workflows that run."""
    cluster = FakeCluster()
    for number in range(50):
        cluster.put(workflow(f"job-{number:02}", "Running"))
    return cluster


SCENARIOS = {"everything": everything, "many": many, "hostile": poisoned}


def main() -> int:
    """Runs one scenario until it is left."""
    cluster = SCENARIOS[sys.argv[1]]()
    changes = iter(range(1000))

    def change() -> None:
        number = next(changes)
        progress = f"{number % 9 + 1}/9"
        cluster.change("workflows", f"job-{number % 50:02}", lambda w: w["status"].update(progress=progress))

    @asynccontextmanager
    async def connect(chosen: SessionOptions) -> AsyncIterator[Session]:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGUSR1, change)
        loop.add_signal_handler(signal.SIGUSR2, lambda: [change() for _ in range(50)])
        yield Session(cluster, ANN, "test", "argo", chosen.read_only, False)  # type: ignore[arg-type]

    log_to_file()
    options = ConsoleOptions(theme=os.environ.get("TEST_THEME"), ascii="TEST_ASCII" in os.environ)
    app = ConsoleApp(options, connect=connect, clock=lambda: NOW, seconds=time.monotonic)
    return app.run(mouse=False) or app.return_code or 0


if __name__ == "__main__":
    sys.exit(main())
