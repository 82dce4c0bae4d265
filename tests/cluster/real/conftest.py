"""Suites that need the real API server; `make test` does not see them."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from argotui.kube.client import Client
from tests.cluster.real.site import Site


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Collected with --real-server only."""
    return None if config.getoption("--real-server") else True


@pytest.fixture
def ours(place: Site) -> Iterator[Site]:
    """No controllers before and after the test."""
    yield place
    place.end_controllers()


@pytest.fixture
async def client(place: Site) -> AsyncIterator[Client]:
    """An administrator of the module's site."""
    async with place.client() as made:
        yield made
