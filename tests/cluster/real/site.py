"""A real API server, our controller as processes, and the scripted kubelet: what the fault tests stand on."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from argotui.engine.nodemap import node_map
from argotui.kube.client import Client
from argotui.kube.config import load_cluster
from argotui.kube.errors import KubeError
from argotui.model import keys
from argotui.model.documents import Document, labels
from argotui.model.resources import LEASES, PODS, WORKFLOWS
from tests.cluster.envtest.controlplane import ControlPlane, running
from tests.cluster.node.accounts import allow_executors
from tests.cluster.node.fate import Script
from tests.cluster.node.kubelet import ScriptedKubelet
from tests.cluster.processes import Process
from tests.localcluster import environment

LEASE_SECONDS = 2.0
LEASE = {
    "LEADER_ELECTION_LEASE_DURATION": "2s",
    "LEADER_ELECTION_RENEW_DEADLINE": "1500ms",
    "LEADER_ELECTION_RETRY_PERIOD": "200ms",
}


class Site:
    """One control plane; controllers as asked for, all ended at last."""

    def __init__(self, plane: ControlPlane, folder: Path) -> None:
        self.plane = plane
        self.folder = folder
        self.kubeconfig = str(plane.directory / "kubeconfig")
        self.controllers: dict[str, Process] = {}

    def controller(self, identity: str = "one", *flags: str, **variables: str) -> Process:
        """A controller that stands for election under this name; not started yet."""
        used = {**environment(), **LEASE, "LEADER_ELECTION_IDENTITY": identity, "XDG_STATE_HOME": str(self.folder)}
        used |= {"ARGO_EXECUTOR_IMAGE": "argoexec:v4.1.2", **variables}
        command = ("argotui.controller", "--kubeconfig", self.kubeconfig, *flags)
        made = Process(self.folder / f"{identity}.log", *command, environment=used)
        self.controllers[identity] = made
        return made

    def end_controllers(self) -> None:
        """Ends them as a person would."""
        for each in self.controllers.values():
            each.stop()
        self.controllers.clear()

    @contextlib.asynccontextmanager
    async def client(self) -> AsyncIterator[Client]:
        """An administrator."""
        async with Client(load_cluster(kubeconfig=self.kubeconfig)) as made:
            yield made

    @contextlib.asynccontextmanager
    async def kubelet(self, client: Client, script: Script) -> AsyncIterator[ScriptedKubelet]:
        """The node, with the rights that executors need; nothing unexpected may come its way."""
        await allow_executors(client, "argo")
        async with ScriptedKubelet(client, script, self.plane.authority.server()).running() as made:
            yield made
        assert made.faults == []

    def words(self) -> str:
        """The last words of every controller, for the message of a failed test."""
        return "\n".join(f"--- {name}\n{each.words()}" for name, each in self.controllers.items())


@contextlib.contextmanager
def site(folder: Path, *options: str) -> Iterator[Site]:
    """Everything is ended when the block is left."""
    with running(*options) as plane:
        made = Site(plane, folder)
        try:
            yield made
        finally:
            made.end_controllers()


async def until(
    condition: Callable[[], Awaitable[Any]], seconds: float = 60, words: Callable[[], str] = lambda: ""
) -> Any:
    """What `condition` returns, once that is true. An API server that does not answer is asked again."""
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(KubeError):
            found = await condition()
            if found:
                return found
        assert time.monotonic() < deadline, f"waited in vain\n{words()}"
        await asyncio.sleep(0.05)


async def completed(client: Client, *names: str) -> list[Document]:
    """The workflows, once all carry the label of completion; [] before."""
    found = [await client.get(WORKFLOWS, each, "argo") for each in names]
    return found if all(labels(each).get(keys.LABEL_COMPLETED) == "true" for each in found) else []


async def holder(client: Client, name: str = "workflow-controller") -> tuple[str, str]:
    """Who holds the lease, and when it was renewed; "" when nobody does."""
    spec = (await client.get(LEASES, name, "argo"))["spec"]
    return spec.get("holderIdentity") or "", spec.get("renewTime") or ""


async def nodes(client: Client, workflow: str) -> Mapping[str, Document]:
    """A workflow's nodes by name."""
    return {each["name"]: each for each in node_map(await client.get(WORKFLOWS, workflow, "argo")).values()}


async def pods(client: Client, workflow: str) -> list[Document]:
    """A workflow's pods."""
    return (await client.list(PODS, "argo", label_selector=f"{keys.LABEL_WORKFLOW}={workflow}")).items


def workflow(name: str, *templates: Document, **spec: Any) -> Document:
    """A workflow whose first template is its entry point."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": name, "namespace": "argo"},
        "spec": {"entrypoint": templates[0]["name"], "templates": json.loads(json.dumps(templates)), **spec},
    }


def step(name: str = "main", **more: Any) -> Document:
    """A template with one container."""
    return {"name": name, "container": {"image": "busybox", "command": ["true"]}, **more}
