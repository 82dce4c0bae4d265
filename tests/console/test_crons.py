"""The list of cron workflows: what runs next, and the keys that act on it."""

from __future__ import annotations

from typing import Any

import pytest

from argotui.model.documents import Document
from argotui.services import actions
from argotui.ui.screens.crons import CronsScreen
from tests.console.cluster import FakeCluster
from tests.console.harness import Console, open_console
from tests.console.story import succeeded

CRON = "workflows.argoproj.io/cron-workflow"


def cron(name: str, status: Document | None = None, **spec: Any) -> Document:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "CronWorkflow",
        "metadata": {"name": name, "namespace": "argo"},
        "spec": {
            "schedules": ["0 2 * * *"],
            "workflowSpec": {
                "entrypoint": "m",
                "templates": [{"name": "m", "container": {"image": "busybox", "command": ["true"]}}],
            },
            **spec,
        },
        **({"status": status} if status else {}),
    }


async def confirm(console: Console) -> None:
    """Says yes to the dialog."""
    await console.after_deafness()
    console.app.screen.query_one("#confirm").focus()
    await console.press("enter")


@pytest.fixture
def cluster() -> FakeCluster:
    made = FakeCluster()
    active = {"lastScheduledTime": "2026-03-01T11:00:00Z", "active": [{"uid": "1"}, {"uid": "2"}]}
    made.put(cron("nightly", timezone="Asia/Tokyo", status=active))
    made.put(cron("paused", suspend=True))
    wrong = {"type": "SpecError", "status": "True", "message": "no \x1b[31mentrypoint"}
    made.put(cron("broken", schedules=["61 * * * *"], status={"conditions": [wrong]}))
    made.put(cron("odd", schedules="x", status={"active": 7}))
    child = succeeded("nightly-1772301600")
    child["metadata"]["labels"][CRON] = "nightly"
    made.put(child)
    made.put(succeeded("another"))
    return made


async def test_the_list_says_when_each_runs_next(cluster: FakeCluster) -> None:
    async with open_console(cluster) as console:
        await console.command("cron")
        await console.wait("Cron workflows 4")
        nightly = console.line("nightly")
        assert "0 2 * * *" in nightly
        assert "Asia/Tokyo" in nightly
        assert " 5h00m " in nightly  # 02:00 in Tokyo is 17:00 UTC, and it is noon
        assert " 1h00m " in nightly
        assert "suspended" in console.line("paused")
        assert "14h00m" not in console.line("paused")
        assert "SpecError: no" in console.line("broken")
        assert "never" in console.line("broken")
        assert "\x1b" not in console.text
        cluster.change("cronworkflows", "paused", lambda doc: doc["spec"].update(suspend=False))
        await console.wait(lambda _: "14h00m" in console.line("paused"))
        cluster.remove("cronworkflows", "paused")
        await console.gone("paused")


async def test_suspend_and_resume_with_one_key(cluster: FakeCluster) -> None:
    async with open_console(cluster) as console:
        await console.command("cwf")
        await console.wait("nightly")
        await console.press("/")
        await console.type("nightly")
        await console.press("enter", "s")
        await console.wait("nothing is started until it is resumed")
        await confirm(console)
        await console.wait("cron workflow nightly suspended")
        assert cluster.objects["cronworkflows", "argo", "nightly"]["spec"]["suspend"] is True
        await console.wait(lambda _: "suspended" in console.line("Asia/Tokyo"))
        await console.press("s")
        await console.wait("it runs again when its time comes")
        await confirm(console)
        await console.wait("cron workflow nightly resumed")
        assert cluster.objects["cronworkflows", "argo", "nightly"]["spec"]["suspend"] is False


async def test_submit_now(cluster: FakeCluster) -> None:
    async with open_console(cluster) as console:
        await console.command("cron")
        await console.wait("nightly")
        await console.press("/")
        await console.type("nightly")
        await console.press("enter", "t")
        await console.wait("Submit argo/nightly")
        await confirm(console)
        await console.wait(lambda _: any(method == "POST" for method, _, _ in cluster.writes))
        made = next(
            body for method, _, body in cluster.writes if method == "POST" and body and body["kind"] == "Workflow"
        )
        assert made["metadata"]["labels"][CRON] == "nightly"


async def test_enter_shows_its_workflows(cluster: FakeCluster) -> None:
    async with open_console(cluster) as console:
        await console.command("cron")
        await console.wait("nightly")
        await console.press("/")
        await console.type("nightly")
        await console.press("enter", "enter")
        await console.wait("nightly-1772301600")
        await console.gone("another")


async def test_commands_for_workflows_do_not_hit_the_cron_workflow(cluster: FakeCluster) -> None:
    async with open_console(cluster) as console:
        await console.command("cron")
        await console.wait("nightly")
        await console.command("stop")
        await console.wait("that is for workflows")
        await console.press("escape", ".")
        await console.wait("Resume")
        assert "Terminate" not in console.text
        await console.press("escape")
        await console.command("delete")
        await console.wait("the workflows that it started are deleted with it")
        assert [write for write in cluster.writes if write[0] != "GET"] == []


async def test_none() -> None:
    async with open_console(FakeCluster()) as console:
        await console.command("cron")
        await console.wait("No cron workflows here.")


def test_keys_are_those_of_the_registry() -> None:
    keys = {binding.id: binding.key for binding in CronsScreen.BINDINGS}  # type: ignore[union-attr]
    for name in ("cron.suspend", "cron.delete", "template.submit"):
        assert keys[name] == actions.ACTIONS[name].key
