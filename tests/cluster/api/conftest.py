"""One suite, two servers: what kube-apiserver does, and the local cluster's must do as well.

`make test` runs it against the local cluster's API server, `make test-cluster` against the real one. Where they
differ, the local one is wrong.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.apiclient import ApiClient
from tests.cluster.apiserver import running


@pytest.fixture(scope="session")
def is_real(request: pytest.FixtureRequest) -> bool:
    """Whether this is kube-apiserver."""
    return bool(request.config.getoption("--real-server"))


@pytest.fixture(scope="session")
def server(
    request: pytest.FixtureRequest, is_real: bool, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ApiClient]:
    """The API server, with the namespace `argo`; shared, so tests keep to names of their own."""
    if is_real:
        yield request.getfixturevalue("control_plane")
    else:
        with running(Path(tmp_path_factory.mktemp("apiserver"))) as started:
            yield started
