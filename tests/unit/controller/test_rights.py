"""The controller asks for nothing that upstream's role does not grant, and does without what a namespaced one lacks.

The table is that of upstream's manifests: its ClusterRole, the Role of the controller's own namespace, and the one that
memoization asks for.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from argotui.kube.errors import ApiError
from argotui.model.documents import Document
from argotui.model.resources import (
    CLUSTER_WORKFLOW_TEMPLATES,
    CONFIG_MAPS,
    CRON_WORKFLOWS,
    NAMESPACES,
    PODS,
    SERVICE_ACCOUNTS,
    WORKFLOWS,
)
from tests.unit.controller.world import World, workflow

ROLE = """
pods                     create get list watch update patch delete
pods/exec                create get list watch update patch delete
configmaps               get list watch create update
namespaces               get list watch
persistentvolumeclaims   create update delete get
workflows                get list watch update patch delete create
workflowtasksets         get list watch update patch delete create
workflowartifactgctasks  get list watch update patch delete create
workflowtemplates        get list watch
clusterworkflowtemplates get list watch
workflowtaskresults      list watch deletecollection
cronworkflows            get list watch update patch delete
serviceaccounts          get list
events                   create patch
poddisruptionbudgets     create get delete
secrets                  get
leases                   create get update
"""
GRANTED = {line.split()[0]: set(line.split()[1:]) for line in ROLE.strip().splitlines()}

CLUSTER_WIDE = ("namespaces", "clusterworkflowtemplates")
NAMESPACED = {plural: verbs for plural, verbs in GRANTED.items() if plural not in CLUSTER_WIDE}


def guarded(world: World, granted: dict[str, set[str]]) -> list[tuple[str, str]]:
    """What was asked for and not granted."""
    refused: list[tuple[str, str]] = []

    async def check(verb: str, plural: str, _name: str) -> None:
        if verb not in granted.get(plural, ()):
            refused.append((verb, plural))
            raise ApiError(403, "Forbidden", f"{plural} is forbidden: cannot {verb}")

    world.before = check
    return refused


def everything() -> Document:
    """A workflow with a volume claim, a budget, a semaphore, a remembered step, podGC and an executor's account."""
    claim = {"metadata": {"name": "disk"}, "spec": {"accessModes": ["ReadWriteOnce"]}}
    leaf: dict[str, Any] = {
        "name": "leaf",
        "container": {"image": "i", "command": ["c"]},
        "memoize": {"key": "k", "cache": {"configMap": {"name": "cache"}}},
        "synchronization": {"semaphores": [{"configMapKeyRef": {"name": "limits", "key": "n"}}]},
    }
    made = workflow(
        "all", volumeClaimTemplates=[claim], podGC={"strategy": "OnPodCompletion", "deleteDelayDuration": "0s"},
        podDisruptionBudget={"minAvailable": 1}, executor={"serviceAccountName": "executor"},
        ttlStrategy={"secondsAfterCompletion": 0}, volumeClaimGC={"strategy": "OnWorkflowCompletion"},
    )  # fmt: skip
    made["spec"]["templates"][1] = leaf
    return made


async def gone(world: World, name: str) -> None:
    """Returns once the workflow was deleted, as its ttlStrategy says."""
    async with asyncio.timeout(60):
        while True:
            try:
                world.find(WORKFLOWS, name)
            except ApiError:
                return
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("granted", [GRANTED, NAMESPACED], ids=["cluster", "namespaced"])
async def test_no_more_than_upstreams_role(granted: dict[str, set[str]]) -> None:
    world = World()
    world.put(CONFIG_MAPS, {"metadata": {"name": "limits"}, "data": {"n": "1"}})
    world.put(SERVICE_ACCOUNTS, {"metadata": {"name": "executor"}, "secrets": [{"name": "token"}]})
    cron = {"schedules": ["* * * * *"], "suspend": True, "workflowSpec": everything()["spec"]}
    world.put(CRON_WORKFLOWS, {"metadata": {"name": "c"}, "spec": cron})
    refused = guarded(world, granted)
    async with world.controlled(namespaced=granted is NAMESPACED):
        world.put(WORKFLOWS, everything())
        await gone(world, "all")
    assert refused == [("list", CLUSTER_WORKFLOW_TEMPLATES.plural)] * (granted is NAMESPACED)
    asked = {plural for _, plural, _ in world.calls}
    assert {"persistentvolumeclaims", "poddisruptionbudgets", "configmaps", "serviceaccounts", "cronworkflows"} <= asked
    assert (NAMESPACES.plural in asked) is (granted is GRANTED)


async def test_ending_a_pod_needs_exec_and_nothing_else() -> None:
    world = World()
    world.pod_seconds = 3600
    refused = guarded(world, GRANTED)
    async with world.controlled():
        world.put(WORKFLOWS, workflow("w"))
        async with asyncio.timeout(30):
            while not world.made("create", PODS):
                await asyncio.sleep(0.005)
        (pod,) = world.made("create", PODS)
        running = [{"name": "main", "state": {"running": {}}}]
        world.put(PODS, {**world.find(PODS, pod), "status": {"phase": "Running", "containerStatuses": running}})
        world.put(WORKFLOWS, {**world.find(WORKFLOWS, "w"), "spec": {**workflow("w")["spec"], "shutdown": "Terminate"}})
        async with asyncio.timeout(30):
            while ("create", "pods/exec", pod) not in world.calls:
                await asyncio.sleep(0.005)
    assert refused == []
