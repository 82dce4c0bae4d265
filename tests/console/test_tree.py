"""One workflow as a live tree, and what can be done in it without changing anything."""

from __future__ import annotations

from typing import Any

from argotui.model.documents import Document
from argotui.model.names import node_id
from tests.console.cluster import FakeCluster
from tests.console.harness import Console, open_console
from tests.console.story import everything, gated, step, workflow

GATED = "ci-pipeline-8x2kq"


def rows(console: Console) -> list[str]:
    """Names of the steps that are shown."""
    return [row.name for row in console.app.screen.opened.table.rows]  # type: ignore[attr-defined]


def here(console: Console) -> str:
    """Name of the step under the cursor."""
    return str(console.app.screen.row.name)  # type: ignore[attr-defined]


async def open_gated(console: Console) -> None:
    """Opens the pipeline that waits at its gate."""
    await console.command(f"open {GATED}")
    await console.wait("update-gitops")


async def test_a_workflow_opens_as_a_tree_with_what_is_still_to_come() -> None:
    async with open_console(everything()) as console:
        await console.wait("gate: approve")
        await console.press("G", "enter")
        await console.wait("update-gitops")
        assert console.line("checkout").startswith("├─✔ checkout")
        assert "▸ (2 tries ✗✔)" in console.line("─✔ test")
        assert "◆ approve" in console.line("approve  ")
        assert "a approves, x rejects" in console.text
        assert console.line("update-gitops").startswith("└─· update-gitops")
        assert "Planned" in console.line("update-gitops")
        assert "◆ Waiting approval  5/7  3m" in console.text


async def test_steps_move_live_and_the_cursor_stays_on_its_step() -> None:
    cluster = everything()
    async with open_console(cluster) as console:
        await open_gated(console)
        await console.press("G")
        assert here(console) == "update-gitops"

        def goes_on(document: Document) -> None:
            nodes = document["status"]["nodes"]
            gate = step(GATED, "approve", "Succeeded", "Suspend")
            deploy = step(GATED, "update-gitops", "Running")
            nodes.update({gate["id"]: gate, deploy["id"]: deploy})

        await console.press("k")
        cluster.change("workflows", GATED, goes_on)
        await console.wait(lambda _: "Running" in console.line("update-gitops"))
        assert "Succeeded" in console.line("─✔ approve")
        assert here(console) == "approve"


async def test_a_retry_opens_and_closes() -> None:
    async with open_console(everything()) as console:
        await open_gated(console)
        await console.press("j", "j", "enter")
        await console.wait("test(0)")
        assert "Error (exit code 1)" in console.line("test(0)")
        await console.press("left")
        await console.gone("test(0)")


async def test_next_error_opens_what_hides_it() -> None:
    items = [step("fan", f"each({n}:{n})", "Failed" if n == 250 else "Succeeded") for n in range(400)]
    each = step("fan", "each", "Failed", "TaskGroup")
    cluster = FakeCluster()
    cluster.put(workflow("fan", "Failed", each, *items))
    async with open_console(cluster, size=(100, 24)) as console:
        await console.command("open fan")
        await console.wait("×400 399✔ 1✗")
        assert rows(console) == ["fan", "each", "each(250:250)"]
        await console.press("e")
        assert here(console) == "each(250:250)"
        assert len(rows(console)) == 402
        await console.press("E")
        assert here(console) == "each(250:250)"


async def test_nothing_broken_is_said() -> None:
    async with open_console(everything()) as console:
        await open_gated(console)
        await console.press("e")
        await console.wait("nothing has failed here")


async def test_a_filter_keeps_what_the_matching_steps_lie_in() -> None:
    async with open_console(everything()) as console:
        await open_gated(console)
        await console.press("/")
        await console.type("appr|scan")
        await console.gone("checkout")
        assert rows(console) == [GATED, "scan", "approve"]
        await console.press("enter", "escape")
        await console.wait("checkout")


async def test_the_gate_is_one_key_away() -> None:
    async with open_console(everything()) as console:
        await open_gated(console)
        await console.press("w")
        assert here(console) == "approve"


async def test_details_show_inputs_outputs_and_whole_messages() -> None:
    cluster = everything()

    def tells_more(document: Document) -> None:
        node = document["status"]["nodes"][node_id(GATED, f"{GATED}.checkout")]
        node["message"] = "first\nsecond"
        node["inputs"] = {"parameters": [{"name": "revision", "value": "main"}]}
        node["outputs"] = {"parameters": [{"name": "commit", "value": "3f2a91c"}], "result": "ok", "exitCode": "0"}

    cluster.change("workflows", GATED, tells_more)
    async with open_console(cluster) as console:
        await open_gated(console)
        await console.press("j", "enter")
        await console.wait("outputs: exitCode")
        for part in ("Step checkout", "ci-pipeline-8x2kq-checkout-", "  second", "3f2a91c", "revision"):
            assert part in console.text
        await console.press("escape")
        await console.wait("update-gitops")


async def test_yaml_is_the_object_as_it_is() -> None:
    async with open_console(everything()) as console:
        await open_gated(console)
        await console.press("y")
        await console.wait("apiVersion: argoproj.io/v1alpha1")
        await console.press("/")
        await console.type("phase: running")
        await console.press("enter")
        await console.wait("match 1 of")


async def test_a_deleted_workflow_stays_on_screen_and_says_so() -> None:
    cluster = everything()
    async with open_console(cluster) as console:
        await open_gated(console)
        cluster.remove("workflows", GATED)
        await console.wait("deleted; this is what was last seen")
        assert "checkout" in console.text


async def test_a_workflow_that_no_controller_has_seen_says_so() -> None:
    cluster = everything()
    fresh: dict[str, Any] = {**gated("fresh"), "status": {}}
    cluster.put(fresh)
    async with open_console(cluster) as console:
        await console.command("open fresh")
        await console.wait("the workflow controller has not looked at it")


async def test_the_console_opens_on_the_workflow_that_was_named() -> None:
    async with open_console(everything(), open=f"argo/{GATED}") as console:
        await console.wait("update-gitops")


async def test_copying_a_name_goes_to_the_terminals_clipboard() -> None:
    async with open_console(everything()) as console:
        await open_gated(console)
        await console.press("j", "c")
        await console.wait("copied the pod name")
        assert console.app.clipboard.startswith("ci-pipeline-8x2kq-checkout-")


async def test_help_names_the_keys_of_this_screen() -> None:
    async with open_console(everything()) as console:
        await open_gated(console)
        await console.press("?")
        await console.wait("Actions (each shows first what it will do)")
        assert "Let the waiting gate pass; asks for a reason" in console.text
        assert "Next error" in console.text
        await console.press("q")
        await console.wait("update-gitops")
