"""CronWorkflows with the real controller and API server; no pods, the children only wait a moment."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from argotui.kube.client import Client
from argotui.kube.config import load_cluster
from argotui.model.documents import Document, name
from argotui.model.resources import CRON_WORKFLOWS, EVENTS, WORKFLOWS
from argotui.model.times import parse_time
from tests.cluster.processes import Process, bench
from tests.cluster.test_controller import until

RHYTHM = 4
WAIT = {"entrypoint": "w", "templates": [{"name": "w", "suspend": {"duration": "1"}}]}


class Site:
    """An API server, and a controller that can be killed."""

    def __init__(self, directory: Path, kubeconfig: str) -> None:
        environment = {"XDG_STATE_HOME": str(directory / "state")}
        self.controller = Process(
            directory / "controller.log", "argotui.controller", "--kubeconfig", kubeconfig, environment=environment
        )
        self.kubeconfig = kubeconfig


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with bench(tmp_path_factory.mktemp("bench") / "d") as made:
        site = Site(made.directory, made.kubeconfig)
        site.controller.start()
        try:
            yield site
        finally:
            site.controller.stop()


@pytest.fixture
async def client(site: Site) -> AsyncIterator[Client]:
    async with Client(load_cluster(kubeconfig=site.kubeconfig)) as made:
        yield made


async def create(client: Client, called: str, **spec: Any) -> Document:
    body = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "CronWorkflow",
        "metadata": {"name": called, "namespace": "argo"},
        "spec": {"workflowSpec": WAIT, "successfulJobsHistoryLimit": 100, **spec},
    }
    return await client.create(CRON_WORKFLOWS, body)


async def children(client: Client, cron: str) -> list[Document]:
    selector = f"workflows.argoproj.io/cron-workflow={cron}"
    return sorted((await client.list(WORKFLOWS, "argo", label_selector=selector)).items, key=name)


async def status(client: Client, cron: str) -> Document:
    found: Document = (await client.get(CRON_WORKFLOWS, cron, "argo")).get("status") or {}
    return found


def seconds(child: Document) -> int:
    return int(name(child).rpartition("-")[2])


async def test_kill_9_over_and_over_loses_no_run_and_runs_none_twice(site: Site, client: Client) -> None:
    """Killed in the moment of each firing, a little later each time. What fires while it is down runs afterwards;
    of several, where the machine is so slow, the latest one does."""
    await create(client, "killed", schedules=[f"@every {RHYTHM}s"])
    back = 0.0
    for number in range(2):

        async def fired(since: float = back) -> bool:
            return any(seconds(child) > since for child in await children(client, "killed"))

        await until(fired, words=site.controller)
        await asyncio.sleep(number * 0.01)  # the moment is the point: before, within and after the writes
        site.controller.kill()
        site.controller.start()
        back = time.time()

        async def made_up_for(back: float = back) -> bool:
            return any(back - RHYTHM < seconds(child) for child in await children(client, "killed"))

        await until(made_up_for, words=site.controller)
    await client.patch(CRON_WORKFLOWS, "killed", {"spec": {"suspend": True}}, "argo")

    async def over() -> list[Document]:
        found = await children(client, "killed")
        return found if all(each.get("status", {}).get("phase") == "Succeeded" for each in found) else []

    made = await until(over, words=site.controller)
    moments = [seconds(each) for each in made]
    assert len(set(moments)) == len(moments) >= 2
    assert {(moment - moments[0]) % RHYTHM for moment in moments} == {0}

    async def counted() -> bool:
        found = await status(client, "killed")
        return not found.get("active") and found.get("succeeded") == len(made)

    await until(counted, words=site.controller)
    found = await status(client, "killed")
    last = parse_time(found["lastScheduledTime"])
    assert last is not None
    assert last.timestamp() == moments[-1]


async def test_replace_stop_history_and_the_end(site: Site, client: Client) -> None:
    cron = await create(
        client, "replaced", schedules=["@every 2s"], concurrencyPolicy="Replace", failedJobsHistoryLimit=1,
        stopStrategy={"expression": "cronworkflow.failed >= 2"},
        workflowSpec={"entrypoint": "w", "templates": [{"name": "w", "suspend": {}}]},
    )  # fmt: skip

    async def stopped() -> bool:
        found = await client.get(CRON_WORKFLOWS, "replaced", "argo")
        labels = found["metadata"].get("labels") or {}
        is_stopped = (found.get("status") or {}).get("phase") == "Stopped"
        return is_stopped and labels.get("cronworkflows.argoproj.io/completed") == "true"

    await until(stopped, words=site.controller)
    assert (await status(client, "replaced"))["failed"] == 2

    async def kept() -> bool:
        found = await children(client, "replaced")
        ended = [each for each in found if (each.get("status") or {}).get("phase") == "Failed"]
        return len(ended) == 1

    await until(kept, words=site.controller)
    created = parse_time(cron["metadata"]["creationTimestamp"])
    assert created is not None
    first = created + timedelta(seconds=2)
    assert all(seconds(child) >= first.timestamp() for child in await children(client, "replaced"))
    await client.delete(CRON_WORKFLOWS, "replaced", "argo")

    async def gone() -> bool:
        return not await children(client, "replaced")

    await until(gone, words=site.controller)


async def test_an_invalid_one_says_so_where_people_look(site: Site, client: Client) -> None:
    cron = await create(client, "invalid", schedules=["61 * * * *"])

    async def conditions() -> list[Document]:
        found: list[Document] = (await status(client, "invalid")).get("conditions") or []
        return found

    (condition,) = await until(conditions, words=site.controller)
    assert condition["type"] == "SpecError"
    assert "end of range (61) above maximum (59): 61" in condition["message"]

    async def told() -> bool:
        events = (await client.list(EVENTS, "argo")).items
        uid = cron["metadata"]["uid"]
        return any(each["involvedObject"]["uid"] == uid and each["reason"] == "Invalid" for each in events)

    await until(told, words=site.controller)
    await client.patch(CRON_WORKFLOWS, "invalid", {"spec": {"schedules": ["@every 1s"]}}, "argo")

    async def runs() -> list[Document]:
        return await children(client, "invalid")

    await until(runs, words=site.controller)
    assert "conditions" not in await status(client, "invalid")
    await client.delete(CRON_WORKFLOWS, "invalid", "argo")
