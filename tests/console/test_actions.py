"""Changing things: what is asked, what is shown first, what is sent, and what is said afterwards."""

from __future__ import annotations

from typing import Any

import pytest

from argotui.model.documents import Document
from argotui.services import actions
from argotui.ui.bindings import ACTION_KEYS
from tests.console.cluster import FakeCluster
from tests.console.harness import Console, open_console
from tests.console.story import everything, step

GATED = "ci-pipeline-8x2kq"
BROKEN = "nightly-etl-4hz8d"


def goes_on(cluster: FakeCluster) -> None:
    """Makes a controller of sorts: after each write the workflow moves."""

    def react(document: Document) -> None:
        name = document["metadata"]["name"]
        cluster.react = lambda _: None
        deploy = step(name, "update-gitops", "Running")
        document.setdefault("status", {}).setdefault("nodes", {})[deploy["id"]] = deploy
        document["status"]["phase"] = "Running"
        cluster.put(document)

    cluster.react = react


async def open_tree(console: Console, name: str = GATED) -> None:
    """Opens a workflow."""
    await console.command(f"open {name}")
    await console.wait("checkout")


def test_keys_are_those_of_the_registry() -> None:
    for action_id, (key, _, _) in ACTION_KEYS.items():
        assert actions.ACTIONS[action_id].key == key, action_id


async def test_approving_asks_for_a_reason_and_enter_alone_does_nothing() -> None:
    cluster = everything()
    async with open_console(cluster) as console:
        await open_tree(console)
        await console.press("a")
        await console.wait("gate 'approve' of argo/ci-pipeline-8x2kq succeeds")
        assert "findings  0 critical, 2 low" in console.text
        await console.after_deafness()
        await console.press("enter")
        await console.wait("Say why.")
        assert cluster.writes == []
        await console.press("escape")
        await console.gone("reason")
        assert cluster.writes == []


async def test_a_gate_is_approved_with_a_reason_and_the_trail_says_who() -> None:
    cluster = everything()
    goes_on(cluster)
    async with open_console(cluster) as console:
        await open_tree(console)
        await console.press("a")
        await console.wait("reason *")
        await console.type("tested on staging")
        await console.after_deafness()
        await console.press("enter")
        await console.wait("approved")
        await console.wait(lambda _: "Running" in console.line("update-gitops"))
        node = next(n for n in cluster.workflow(GATED)["status"]["nodes"].values() if n["displayName"] == "approve")
        assert node["phase"] == "Succeeded"
        assert "ann@bastion: tested on staging" in node["message"]
        trail = [v for k, v in cluster.workflow(GATED)["metadata"]["annotations"].items() if "audit" in k]
        assert "tested on staging" in trail[0]


async def test_keys_typed_ahead_do_not_confirm() -> None:
    cluster = everything()
    async with open_console(cluster) as console:
        await open_tree(console)
        console.app.clock_seconds = lambda: 7.0  # no time passes
        await console.press("a")
        await console.wait("reason *")
        await console.press("y", "enter", "enter", "enter")
        assert cluster.writes == []
        assert "reason *" in console.text


async def test_rejecting_needs_the_reason_and_then_the_button() -> None:
    cluster = everything()
    goes_on(cluster)
    async with open_console(cluster) as console:
        await open_tree(console)
        await console.press("w", "x")
        await console.wait("fails with your reason as its")
        await console.type("wrong build")
        await console.after_deafness()
        await console.press("enter")
        assert cluster.writes == []
        await console.press("enter")
        await console.wait("rejected")
        node = next(n for n in cluster.workflow(GATED)["status"]["nodes"].values() if n["displayName"] == "approve")
        assert node["phase"] == "Failed"
        assert "wrong build" in node["message"]


async def test_stopping_has_cancel_as_its_default_and_can_be_typed() -> None:
    cluster = everything()
    async with open_console(cluster) as console:
        await open_tree(console)
        await console.press("ctrl+x")
        await console.wait("no other step will start; the workflow ends as Failed")
        await console.after_deafness()
        await console.press("enter")
        await console.gone("no other step will start")
        assert cluster.writes == []
        goes_on(cluster)
        await console.command("stop")
        await console.wait("waiting gate will fail: approve")
        await console.after_deafness()
        await console.press("tab", "enter")
        await console.wait("stopped")
        assert cluster.workflow(GATED)["spec"]["shutdown"] == "Stop"


async def test_deleting_from_the_list_takes_the_row_under_the_cursor() -> None:
    cluster = everything()
    async with open_console(cluster) as console:
        await console.wait("OOMKilled")
        await console.press("/")
        await console.type("nightly")
        await console.press("enter", "ctrl+d")
        await console.wait(f"Delete argo/{BROKEN}")
        await console.after_deafness()
        await console.press("tab", "enter")
        await console.wait(f"workflow {BROKEN} deleted")
        assert ("workflows", "argo", BROKEN) not in cluster.objects
        assert ("workflows", "argo", GATED) in cluster.objects


async def test_a_retry_shows_first_what_is_reset() -> None:
    cluster = everything()
    goes_on(cluster)
    async with open_console(cluster) as console:
        await open_tree(console, BROKEN)
        await console.press("r")
        await console.wait(f"Retry argo/{BROKEN}")
        await console.wait("= argo -n argo retry")
        await console.after_deafness()
        await console.press("tab", "enter")
        await console.wait(lambda _: any(method == "PUT" for method, _, _ in cluster.writes))


async def test_what_is_refused_says_why() -> None:
    async with open_console(everything()) as console:
        await open_tree(console)
        await console.press("r")
        await console.wait("only a failed one can be retried")
        await console.press("escape")
        await console.command(f"open {BROKEN}")
        await console.wait(lambda text: BROKEN in text.splitlines()[1])
        await console.press("a")
        await console.wait("the workflow is over: nothing waits")


async def test_the_menu_lists_what_is_refused_with_its_reason() -> None:
    async with open_console(everything()) as console:
        await open_tree(console)
        await console.press(".")
        await console.wait("refused: the workflow is not over")
        await console.type("retry")
        await console.press("enter")
        await console.wait("Retry: the workflow is not over")
        await console.press("backspace", "backspace", "backspace", "backspace", "backspace")
        await console.type("susp")
        await console.press("enter")
        await console.wait(lambda _: console.cluster.workflow(GATED)["spec"].get("suspend") is True)


async def test_s_suspends_and_resumes() -> None:
    cluster = everything()
    async with open_console(cluster) as console:
        await console.command("open build-image-2mwrt")
        await console.wait("checkout")
        await console.press("s")
        await console.wait("suspended")
        assert cluster.workflow("build-image-2mwrt")["spec"]["suspend"] is True
        await console.wait("Suspended")
        await console.press("s")
        await console.wait("the workflow is no longer suspended")


async def test_the_very_requests_can_be_seen() -> None:
    async with open_console(everything(), size=(120, 50)) as console:
        await open_tree(console)
        await console.press("ctrl+x")
        await console.wait("no other step will start")
        await console.press("ctrl+t")
        await console.wait("PATCH")
        assert "/apis/argoproj.io/v1alpha1/namespaces/argo/workflows/ci-pipeline-8x2kq" in console.text
        assert '"shutdown": "Stop"' in console.text


async def test_a_write_that_the_server_refuses_is_told_with_its_reason() -> None:
    cluster = everything()
    cluster.denied.add("patch workflows")
    async with open_console(cluster) as console:
        await open_tree(console)
        await console.press("ctrl+k")
        await console.wait("no other step will start")
        await console.after_deafness()
        await console.press("tab", "enter")
        await console.wait("cannot patch it")


async def test_read_only_refuses_with_a_word() -> None:
    cluster = everything()
    async with open_console(cluster, read_only=True) as console:
        await console.wait("read-only")
        await open_tree(console)
        await console.press("a")
        await console.wait("this console is read-only")
        assert cluster.writes == []


async def test_without_a_connection_nothing_is_tried() -> None:
    cluster = everything()
    async with open_console(cluster) as console:
        await open_tree(console)
        cluster.cut("no route to host")
        await console.press("a")
        await console.wait("no route to host")
        assert cluster.writes == []


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_template_is_submitted_through_its_form(size: tuple[int, int]) -> None:
    cluster = everything()
    async with open_console(cluster, size=size) as console:
        await console.wait("ci-pipeline-8x2kq")
        await console.press("t")
        await console.wait("ask, deploy" if size[0] > 80 else "revision")
        await console.press("enter")
        await console.wait("number of the change request")
        await console.press("shift+tab", "right", "tab")  # the choice before the missing ticket
        await console.type("CHG-7")
        await console.wait("a new workflow")
        await console.after_deafness()
        submit: Any = console.app.screen.query_one("#confirm")
        submit.focus()
        await console.press("enter")
        await console.wait("ci-pipeline-x7k2p")
        sent = next(body for method, plural, body in cluster.writes if (method, plural) == ("POST", "workflows"))
        assert sent is not None
        values = {p["name"]: p.get("value") for p in sent["spec"]["arguments"]["parameters"]}
        assert values["environment"] == "production"
        assert values["ticket"] == "CHG-7"


async def test_a_file_with_a_mistake_is_refused_with_its_place() -> None:
    cluster = everything()
    async with open_console(cluster, size=(120, 40)) as console:
        await console.wait("OOMKilled")
        await console.press("t", "f")
        await console.wait("a manifest of one or more workflows")
        await console.type("/nowhere/wf.yaml")
        await console.after_deafness()
        await console.press("enter")
        await console.wait("/nowhere/wf.yaml")
        await console.wait(lambda text: "No such file" in text or "not found" in text or "cannot read" in text)
        assert cluster.writes == []


async def test_the_palette_finds_actions_and_places_by_typing() -> None:
    async with open_console(everything()) as console:
        await open_tree(console)
        await console.press("ctrl+p")
        await console.type("templates")
        await console.press("enter")
        await console.wait("ask, deploy")
