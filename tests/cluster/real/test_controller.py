"""The controller on a real API server as people run it: elected, probed, configured, with few rights."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from argotui.kube.client import Client
from argotui.kube.errors import ApiError
from argotui.model import keys
from argotui.model.documents import Document, labels
from argotui.model.resources import (
    CONFIG_MAPS,
    EVENTS,
    LEASES,
    PODS,
    ROLE_BINDINGS,
    ROLES,
    SERVICE_ACCOUNTS,
    WORKFLOWS,
)
from argotui.model.times import format_micro_time
from tests.cluster.envtest.controlplane import free_port
from tests.cluster.node.fate import Fate
from tests.cluster.node.kubelet import ScriptedKubelet
from tests.cluster.real.site import LEASE_SECONDS, Site, completed, holder, pods, site, step, until, workflow

CONFIG = "workflow-controller-configmap"
_RBAC = "rbac.authorization.k8s.io"
RIGHTS = {
    "": {
        "pods pods/exec": "create get list watch update patch delete",
        "configmaps namespaces": "get list watch",
        "persistentvolumeclaims persistentvolumeclaims/finalizers": "create update delete get",
        "serviceaccounts": "get list",
        "events": "create patch",
    },
    "argoproj.io": {
        "workflows workflows/finalizers workflowtasksets workflowtasksets/finalizers workflowartifactgctasks":
            "get list watch update patch delete create",
        "workflowtemplates workflowtemplates/finalizers": "get list watch",
        "workflowtaskresults": "list watch deletecollection",
        "cronworkflows cronworkflows/finalizers": "get list watch update patch delete",
    },
    "policy": {"poddisruptionbudgets": "create get delete"},
    "coordination.k8s.io": {"leases": "create get update"},
}  # fmt: skip
"""Upstream's namespaced role: group -> resources -> verbs."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(Path(tmp_path_factory.mktemp("controller"))) as made:
        yield made


@pytest.fixture
async def client(place: Site) -> AsyncIterator[Client]:
    async with place.client() as made:
        yield made
        with contextlib.suppress(ApiError):
            await made.delete(CONFIG_MAPS, CONFIG, "argo")


@pytest.fixture
async def kubelet(place: Site, client: Client) -> AsyncIterator[ScriptedKubelet]:
    async with place.kubelet(client, lambda _workflow, _node: Fate()) as made:
        yield made


async def configure(client: Client, **data: str) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": CONFIG, "namespace": "argo"}, "data": data}
    try:
        await client.create(CONFIG_MAPS, body)
    except ApiError:
        await client.replace(CONFIG_MAPS, body)


async def submit(client: Client, name: str, **own: str) -> None:
    document = workflow(name, step())
    document["metadata"]["labels"] = own
    await client.create(WORKFLOWS, document)


async def told(url: str) -> tuple[int, str]:
    """Status and text; 0 when nobody answers."""
    try:
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return answer.status, await answer.text()
    except aiohttp.ClientError:
        return 0, ""


async def phase(client: Client, name: str) -> str:
    return str(((await client.get(WORKFLOWS, name, "argo")).get("status") or {}).get("phase") or "")


async def test_a_standby_is_healthy_and_takes_over(ours: Site, client: Client, kubelet: ScriptedKubelet) -> None:
    hosts = {"first": "127.0.0.1", "second": "127.0.0.2"}  # one machine, and one configuration for both
    health, metrics = free_port(), free_port()
    await configure(client, metricsConfig=f"{{port: {metrics}, secure: false}}")
    made: dict[str, Any] = {}
    for name, host in hosts.items():
        made[name] = ours.controller(name, "--health-port", str(health), "--metrics-host", host)
        await asyncio.to_thread(made[name].start, wait=name == "first")

    async def said(name: str, probe: str, leads: int) -> bool:
        status, _ = await told(f"http://{hosts[name]}:{health}/{probe}")
        _, text = await told(f"http://{hosts[name]}:{metrics}/metrics")
        return status == 200 and f"argo_workflows_is_leader {leads}\n" in text

    for probe in ("healthz", "readyz"):
        await until(lambda probe=probe: said("second", probe, 0), 30, ours.words)
    assert await said("first", "readyz", 1)
    assert (await holder(client))[0] == "first"
    await asyncio.to_thread(made["first"].kill)
    await submit(client, "after-the-kill")
    await until(lambda: completed(client, "after-the-kill"), LEASE_SECONDS + 15, ours.words)
    await until(lambda: said("second", "healthz", 1), 10, ours.words)


async def test_upstream_and_ours_never_act_together(ours: Site, client: Client, kubelet: ScriptedKubelet) -> None:
    """As long as somebody renews upstream's Lease, nothing is touched here."""

    async def renew(stop: asyncio.Event) -> None:
        while not stop.is_set():
            stamp = format_micro_time(datetime.now(UTC))
            spec = {"holderIdentity": "workflow-controller-7d4", "renewTime": stamp, "acquireTime": stamp}
            spec |= {"leaseDurationSeconds": 2}
            body = {"apiVersion": LEASES.api_version, "kind": LEASES.kind, "spec": spec}
            metadata = {"name": "workflow-controller", "namespace": "argo"}
            await client.apply(LEASES, {**body, "metadata": metadata}, field_manager="upstream", force=True)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 0.3)

    stop = asyncio.Event()
    upstream = asyncio.create_task(renew(stop))
    for name in ("a", "b"):
        ours.controller(name).start(wait=False)
    await submit(client, "whose")
    await asyncio.sleep(3 * LEASE_SECONDS)
    assert await phase(client, "whose") == ""
    assert (await holder(client))[0] == "workflow-controller-7d4"
    stop.set()
    await upstream
    await until(lambda: completed(client, "whose"), LEASE_SECONDS + 15, ours.words)
    assert (await holder(client))[0] in ("a", "b")
    assert len(kubelet.begun) == len(await pods(client, "whose")) == 1


async def test_the_configuration_is_followed_and_a_bad_edit_is_told(
    ours: Site, client: Client, kubelet: ScriptedKubelet
) -> None:
    metrics = f"{{port: {free_port()}, secure: false}}"
    url = f"http://127.0.0.1:{yaml.safe_load(metrics)['port']}/metrics"
    await configure(client, metricsConfig=metrics)
    await asyncio.to_thread(ours.controller("only").start)
    await configure(client, metricsConfig=metrics, paralelism="1")

    async def complained() -> bool:
        events = [
            each for each in (await client.list(EVENTS, "argo")).items if each["reason"] == "InvalidConfiguration"
        ]
        _, text = await told(url)
        counted = 'argo_workflows_error_count{cause="InvalidConfiguration"} 1\n' in text
        return counted and [each["message"] for each in events] == ["paralelism: unknown setting"]

    await until(complained, 20, ours.words)
    await submit(client, "goes-on")
    await until(lambda: completed(client, "goes-on"), 20, ours.words)
    await configure(client, metricsConfig=metrics, instanceID="blue")
    await until(lambda: holder(client, "workflow-controller-blue"), 20, ours.words)
    await submit(client, "nobodys")
    await submit(client, "blue-one", **{keys.LABEL_INSTANCE_ID: "blue"})
    await until(lambda: completed(client, "blue-one"), 20, ours.words)
    assert await phase(client, "nobodys") == ""
    assert [labels(pod)[keys.LABEL_INSTANCE_ID] for pod in await pods(client, "blue-one")] == ["blue"]
    await client.delete(CONFIG_MAPS, CONFIG, "argo")
    await submit(client, "blue-two", **{keys.LABEL_INSTANCE_ID: "blue"})
    await until(lambda: completed(client, "blue-two"), 20, ours.words)


async def account(client: Client, place: Site) -> Path:
    """A kubeconfig for a ServiceAccount with upstream's namespaced role and nothing else."""
    rules = [
        {"apiGroups": [group], "resources": resources.split(), "verbs": verbs.split()}
        for group, each in RIGHTS.items()
        for resources, verbs in each.items()
    ]
    metadata = {"name": "argo-controller", "namespace": "argo"}
    reference = {"apiGroup": _RBAC, "kind": "Role", "name": "argo-controller"}
    subjects = [{"kind": "ServiceAccount", **metadata}]
    await client.create(SERVICE_ACCOUNTS, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})
    role: Document = {"apiVersion": f"{_RBAC}/v1", "kind": "Role", "metadata": metadata, "rules": rules}
    await client.create(ROLES, role)
    binding = {"apiVersion": f"{_RBAC}/v1", "kind": "RoleBinding", "metadata": metadata}
    await client.create(ROLE_BINDINGS, {**binding, "roleRef": reference, "subjects": subjects})
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    issued = await client.raw("POST", SERVICE_ACCOUNTS.path("argo", "argo-controller", "token"), body=request)
    config = yaml.safe_load(Path(place.kubeconfig).read_text())
    config["users"][0]["user"] = {"token": issued["status"]["token"]}
    path = place.folder / "account"
    path.write_text(yaml.safe_dump(config))
    return path


async def test_upstreams_namespaced_role_is_enough(ours: Site, client: Client, kubelet: ScriptedKubelet) -> None:
    kubeconfig = await account(client, ours)
    controller = ours.controller("narrow", "--kubeconfig", str(kubeconfig), "--namespaced", "--namespace", "argo")
    await asyncio.to_thread(controller.start)
    claim = {
        "metadata": {"name": "disk"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    document = workflow(
        "narrow", step(), volumeClaimTemplates=[claim], podDisruptionBudget={"minAvailable": 1},
        podGC={"strategy": "OnPodCompletion", "deleteDelayDuration": "0s"}, ttlStrategy={"secondsAfterCompletion": 1},
    )  # fmt: skip
    await client.create(WORKFLOWS, document)

    async def gone() -> bool:
        try:
            await client.get(WORKFLOWS, "narrow", "argo")
        except ApiError as error:
            return error.is_not_found
        return False

    await until(gone, 30, ours.words)
    log = controller.log.read_text()
    refusals = [line for line in log.splitlines() if "forbidden" in line]
    assert len(refusals) == 1, log
    assert "clusterworkflowtemplates are left out" in refusals[0]
    assert not (await client.list(PODS, "argo", label_selector=f"{keys.LABEL_WORKFLOW}=narrow")).items
