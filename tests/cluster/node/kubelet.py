"""The scripted kubelet: takes every pod, and plays what the script says becomes of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from math import inf
from typing import Any

from argotui.engine.tasksets import is_agent
from argotui.kube.client import Client
from argotui.kube.errors import ApiError, KubeError
from argotui.kube.reflector import Delta, DeltaType, Reflector
from argotui.model.documents import Document, name, namespace, uid
from argotui.model.resources import CONFIG_MAPS, NODES, PODS
from tests.cluster.envtest.certificates import Signed
from tests.cluster.node import endpoint, statuses
from tests.cluster.node.accounts import Accounts
from tests.cluster.node.agent import Agent
from tests.cluster.node.contract import Contract, UnexpectedPod
from tests.cluster.node.executor import Report
from tests.cluster.node.fate import Fate, Script
from tests.cluster.node.resource import carry_out

NODE = "scripted"
_OVERRUN = "Pod was active on the node longer than the specified deadline"
_KILLS = (
    lambda signal: ["/var/run/argo/argoexec", "kill", signal, "1"],
    lambda signal: ["argoexec", "kill", signal, "1"],
    lambda signal: ["/bin/sh", "-c", f"kill -{signal} 1"],
)


class ScriptedKubelet:
    """`async with kubelet.running(): …`

    begun: how often a pod of each name was taken. faults: what the executor did not expect. An API server that does
    not answer is asked again; one that refuses ends the pod's play, as the pod is gone or somebody else's.
    """

    def __init__(self, client: Client, script: Script, signed: Signed, *, node: str = NODE) -> None:
        self.begun: Counter[str] = Counter()
        self.faults: list[str] = []
        self.is_lost = False
        """The node no longer answers: nothing more becomes of its pods."""
        self._node = node
        self._client = client
        self._script = script
        self._signed = signed
        self._accounts = Accounts(client)
        self._agent = Agent(client, self._accounts, script)
        self._plays: dict[str, asyncio.Task[None]] = {}
        self._asked: dict[str, asyncio.Event] = {}
        self._uids: dict[tuple[str, str], str] = {}
        self._reflector = Reflector(client, PODS, None, on_change=self._change)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[ScriptedKubelet]:
        """Registers the node and plays until the block is left."""
        async with endpoint.served(self._signed, self._execute) as port:
            await self._register(port)
            task = asyncio.create_task(self._reflector.run())
            try:
                yield self
            finally:
                tasks = [task, *self._plays.values()]
                for each in tasks:
                    each.cancel()
                await asyncio.wait(tasks)
                await self._accounts.close()

    async def _register(self, port: int) -> None:
        with contextlib.suppress(ApiError):
            await self._client.create(NODES, {"apiVersion": "v1", "kind": "Node", "metadata": {"name": self._node}})
        await self._client.patch(NODES, self._node, {"metadata": {"labels": {"pool": "tmpl"}}})
        addresses = [{"type": "InternalIP", "address": "127.0.0.1"}]
        status = {"addresses": addresses, "daemonEndpoints": {"kubeletEndpoint": {"Port": port}}}
        await self._client.patch(NODES, self._node, {"status": status}, subresource="status")

    # --- what the API server says ---------------------------------------------------------------

    def _change(self, delta: Delta) -> None:
        pod = delta.object
        if self.is_lost:
            return
        if delta.type is DeltaType.DELETED:
            self._stop(pod)
        elif (pod.get("metadata") or {}).get("deletionTimestamp"):
            self._stop(pod)
            self._start(f"{uid(pod)} end", self._remove(pod))
        elif uid(pod) not in self._plays and _is_new(pod):
            self._uids[namespace(pod), name(pod)] = uid(pod)
            self._asked[uid(pod)] = asyncio.Event()
            self._start(uid(pod), self._play(pod))

    def _start(self, key: str, play: Any) -> None:
        if key in self._plays:
            play.close()
            return
        self._plays[key] = asyncio.create_task(self._note(play))

    async def _note(self, play: Awaitable[None]) -> None:
        """What a play ends with, other than as it should, is a fault of the test's own."""
        try:
            await play
        except UnexpectedPod as unexpected:
            self.faults.append(str(unexpected))
        except ApiError as refused:
            if not (refused.is_not_found or refused.is_conflict or refused.status == 422):
                self.faults.append(repr(refused))

    def _stop(self, pod: Document) -> None:
        play = self._plays.get(uid(pod))
        if play is not None:
            play.cancel()

    def _execute(self, of: str, pod: str, container: str, command: list[str]) -> bool:
        known = any(command == kill(signal) for kill in _KILLS for signal in ("15", "9"))
        if not known:
            self.faults.append(f"{pod}/{container}: asked to run {command}")
        elif container != "wait" and (of, pod) in self._uids:
            self._asked[self._uids[of, pod]].set()
        return known

    # --- what becomes of a pod ------------------------------------------------------------------

    async def _play(self, pod: Document) -> None:
        if is_agent(pod):
            await self._run_agent(pod)
            return
        contract = Contract.read(pod, await self._offloaded(pod))
        fate = self._script(contract.workflow, contract.node_name)
        if fate.unscheduled:
            await self._status(pod, statuses.unscheduled())
            return
        await self._bind(pod)
        self.begun[name(pod)] += 1
        if fate.image:
            await self._status(pod, statuses.waiting(pod, fate.image, "Back-off pulling image"))
        elif fate.init:
            await self._status(pod, statuses.init_failed(pod, *fate.init, statuses.now()))
        else:
            await self._run(pod, contract, fate)

    async def _run(self, pod: Document, contract: Contract, fate: Fate) -> None:
        account = pod["spec"].get("serviceAccountName") or "default"
        own = await self.insist(lambda: self._accounts.client(namespace(pod), account))
        report = Report(own, contract)
        begun = statuses.now()
        await self._status(pod, statuses.running(pod, fate, begun))
        if "data" not in contract.template:  # one of those reports at its end only
            await self.insist(report.begin)
        if "resource" in contract.template:
            await carry_out(own, contract)
        fate = await self._until_over(pod, fate)
        if fate.evicted:
            await self._status(pod, statuses.evicted())
            return
        if contract.wait is not None:
            await self._status(pod, statuses.ended(pod, fate, begun, with_wait=False))
        if fate.reports:
            await asyncio.sleep(fate.report_after)
            await self.insist(lambda: report.finish(fate.outputs, completed=fate.wait_code == 0))
        else:
            fate = replace(fate, wait_code=statuses.KILLED)
        await self._status(pod, statuses.ended(pod, fate, begun, with_wait=True))

    async def _until_over(self, pod: Document, fate: Fate) -> Fate:
        """How the pod ends: by itself, because it was asked to, or at its deadline."""
        deadline = pod["spec"].get("activeDeadlineSeconds", inf)
        span = min(fate.seconds, deadline)
        try:
            await asyncio.wait_for(self._asked[uid(pod)].wait(), None if span == inf else span)
        except TimeoutError:
            if deadline >= fate.seconds:
                return fate
            return replace(fate, exit_code=fate.exit_code or statuses.ASKED, pod_message=_OVERRUN)
        others = {each["name"]: (statuses.ASKED, "") for each in pod["spec"]["containers"]}
        code = fate.exit_code or statuses.ASKED
        return replace(fate, exit_code=code, wait_code=0, members={**others, **fate.members})

    async def _run_agent(self, pod: Document) -> None:
        await self._bind(pod)
        self.begun[name(pod)] += 1
        await self._status(pod, statuses.running(pod, Fate(), statuses.now()))
        await self._agent.serve(pod)

    async def _offloaded(self, pod: Document) -> dict[str, str]:
        """The data of the ConfigMap that is mounted as `argo-env-config`."""
        volumes = [each for each in pod["spec"].get("volumes") or () if each["name"] == "argo-env-config"]
        if not volumes:
            return {}
        where = volumes[0]["configMap"]["name"]
        found = await self.insist(lambda: self._client.get(CONFIG_MAPS, where, namespace(pod)))
        return dict(found["data"])

    # --- requests -------------------------------------------------------------------------------

    async def _bind(self, pod: Document) -> None:
        path = PODS.path(namespace(pod), name(pod), "binding")
        target = {"apiVersion": "v1", "kind": "Node", "name": self._node}
        metadata = {"name": name(pod), "uid": uid(pod)}
        binding = {"apiVersion": "v1", "kind": "Binding", "metadata": metadata, "target": target}
        try:
            await self.insist(lambda: self._client.raw("POST", path, body=binding))
        except ApiError as refused:
            found = await self.insist(lambda: self._client.get(PODS, name(pod), namespace(pod)))
            if uid(found) != uid(pod) or found["spec"].get("nodeName") != self._node:
                raise refused from None  # else the answer to our own binding was lost

    async def _status(self, pod: Document, status: Document) -> None:
        body = {"metadata": {"uid": uid(pod)}, "status": status}
        await self.insist(lambda: self._client.patch(PODS, name(pod), body, namespace(pod), subresource="status"))

    async def _remove(self, pod: Document) -> None:
        await self.insist(lambda: self._client.delete(PODS, name(pod), namespace(pod), uid=uid(pod), grace_seconds=0))

    async def insist(self, request: Callable[[], Awaitable[Any]]) -> Any:
        """Until the server answers."""
        while True:
            try:
                return await request()
            except ApiError as error:
                if error.status < 500 and error.status != 429:
                    raise
            except KubeError:
                pass
            await asyncio.sleep(0.1)


def _is_new(pod: Document) -> bool:
    return ((pod.get("status") or {}).get("phase") or "Pending") == "Pending" and not pod["spec"].get("nodeName")
