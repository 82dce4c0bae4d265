"""Fixtures that several suites share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.localcluster import LocalCluster
from tests.scheduling import place


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--every-case", action="store_true", help="conformance: every recorded case that does not wait")
    parser.addoption("--real-server", action="store_true", help="cluster: against etcd and kube-apiserver")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """How tests are dealt out to the workers."""
    from tests.scheduling import Scheduling

    return Scheduling(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The longest first; `soak` tests run only when they are asked for."""
    items.sort(key=lambda item: place(item.nodeid))
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
