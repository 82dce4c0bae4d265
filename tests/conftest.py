"""Fixtures that several suites share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.localcluster import LocalCluster


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--every-case", action="store_true", help="conformance: every recorded case that does not wait")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """`soak` tests run only when they are asked for; tests of the runtimes never run beside each other.

    The runtimes find the processes of a step by a mark that holds the pod's uid, and those tests all use one uid.
    """
    for item in items:
        if Path(__file__).parent / "unit" / "runtime" in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("runtime"))
    if "soak" in (config.option.markexpr or ""):
        return
    skip = pytest.mark.skip(reason="takes long: make soak")
    for item in items:
        if item.get_closest_marker("soak"):
            item.add_marker(skip)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """A running local cluster for the tests of one module."""
    started = LocalCluster(Path(tmp_path_factory.mktemp("cluster")) / "local")
    try:
        started.start()
        yield started
    finally:
        started.stop()
