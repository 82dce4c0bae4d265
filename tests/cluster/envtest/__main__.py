"""`python -m tests.cluster.envtest`: makes sure that etcd and kube-apiserver are there, and says where."""

import sys

from tests.cluster.envtest.binaries import MissingBinaries, find_or_build

try:
    print(f"API server for tests: {find_or_build().folder}")
except MissingBinaries as problem:
    print(problem)
    sys.exit(0 if "--optional" in sys.argv else 1)
