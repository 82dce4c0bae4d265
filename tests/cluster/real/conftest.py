"""Suites that need the real API server; `make test` does not see them."""

from pathlib import Path

import pytest


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Collected with --real-server only."""
    return None if config.getoption("--real-server") else True
