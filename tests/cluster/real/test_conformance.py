"""Recorded upstream runs on the real API server with our controller: compare.py finds no difference.

Pods are played by the scripted kubelet, which also holds the controller to what upstream's executor expects.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from argotui.kube.client import Client
from argotui.kube.config import load_cluster
from tests.cluster.envtest.controlplane import ControlPlane, running
from tests.cluster.node.accounts import allow_everything
from tests.cluster.node.kubelet import ScriptedKubelet
from tests.cluster.node.recorded import RecordedCases
from tests.cluster.processes import Process
from tests.conformance import catalog
from tests.conformance.runner import Runner, Served
from tests.localcluster import ENVIRONMENT, environment

pytestmark = pytest.mark.timeout(1200)
JOBS = 8

CASES = catalog.running()
OTHER_SERVER = {"invalid-two-types": ("Invalid value: template", r"Invalid value: \"array\": template")}
"""Cases whose expectation quotes the API server, of which 1.34 has other words than 1.35, with which they were
recorded: what is different, there and here."""
BASE = Path(catalog.HERE) / "base.yaml"


@dataclass
class Outcome:
    """differences: case to what run.py says of it, empty when nothing. faults: pods that upstream's executor would
    not have understood. words: the last words of everything, for messages."""

    differences: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    words: str = ""


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    """A cluster of its own, since its controller would run other tests' workflows too. As when the pods were recorded,
    the API server adds no token of a ServiceAccount to them."""
    with running("--disable-admission-plugins=ServiceAccount") as made:
        yield made


@pytest.fixture(scope="module")
def outcome(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """All cases in one go, several at a time, since most of a case is waiting."""
    return asyncio.run(_run(plane, tmp_path_factory.mktemp("conformance")))


async def _run(plane: ControlPlane, folder: Path) -> Outcome:
    plane.kubectl("apply", "-f", "-", stdin=_base())
    kubeconfig = plane.directory / "kubeconfig"
    used = {**environment(), **ENVIRONMENT, "KUBECONFIG": str(kubeconfig), "XDG_STATE_HOME": str(folder)}
    controller = Process(folder / "log", "argotui.controller", "--kubeconfig", str(kubeconfig), environment=used)
    script = RecordedCases(CASES)
    async with Client(load_cluster(kubeconfig=str(kubeconfig))) as client:
        await allow_everything(client, "argo")  # the recorded runs' executors had an administrator's token
        async with ScriptedKubelet(client, script, plane.authority.server(), node="podlet-0").running() as kubelet:
            await asyncio.to_thread(controller.start)
            try:
                runner = Runner(Served(plane.url, plane.token, kubeconfig, used), folder)
                found = await asyncio.to_thread(runner.check, CASES, JOBS)
                script.forget()
                again = [case for case in CASES if found.get(case) != ""]
                found |= await asyncio.to_thread(runner.check, again, 1) if again else {}
            finally:
                with contextlib.suppress(ProcessLookupError):
                    await asyncio.to_thread(controller.stop)
            return Outcome(found, kubelet.faults, runner.printed + controller.words())


def _base() -> str:
    """The recorded runs' base; metrics have no port of their own here."""
    documents: list[dict[str, Any]] = list(yaml.safe_load_all(BASE.read_text()))
    documents[0]["data"].pop("metricsConfig")
    return yaml.safe_dump_all(documents)


@pytest.mark.parametrize("case", CASES)
def test_the_real_server_does_what_upstream_did(case: str, outcome: Outcome) -> None:
    difference = outcome.differences.get(case, f"run.py did not report this case:\n{outcome.words}")
    if case in OTHER_SERVER:
        expected, actual = (line for line in difference.splitlines() if re.match(r" +(expected|actual) ", line))
        assert expected.replace("expected", "actual  ").replace(*OTHER_SERVER[case]) == actual
        assert " 1 differences" in difference
    else:
        assert difference == "", difference


def test_every_pod_is_one_that_upstreams_executor_understands(outcome: Outcome) -> None:
    assert outcome.faults == []
