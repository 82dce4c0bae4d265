"""The real API server, for the suites that `make test-cluster` runs."""

from collections.abc import Iterator

import pytest

from tests.cluster.envtest.binaries import MissingBinaries
from tests.cluster.envtest.controlplane import ControlPlane, running


@pytest.fixture(scope="session")
def control_plane() -> Iterator[ControlPlane]:
    """etcd and kube-apiserver with our CustomResourceDefinitions and the namespace `argo`; one for each worker.

    Tests share it: they keep to names of their own and never kill it.
    """
    try:
        with running() as started:
            yield started
    except MissingBinaries as missing:
        pytest.skip(str(missing))
