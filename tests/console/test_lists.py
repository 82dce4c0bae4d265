"""The list of workflows: live, filtered, sorted, and honest about how fresh it is."""

from __future__ import annotations

from argotui.ui.screens.workflows import WorkflowsScreen
from tests.console.cluster import FakeCluster
from tests.console.harness import open_console
from tests.console.story import everything, failed, gated, running, succeeded


async def test_the_list_says_what_each_workflow_really_does() -> None:
    async with open_console(everything()) as console:
        await console.wait("◆ Waiting approval")
        await console.wait("test: Error (exit code 137): OOMKilled")
        assert "● Running" in console.line("build-image-2mwrt")
        assert "✔ Succeeded" in console.line("release-notes-9vvbm")
        assert "gate: approve" in console.line("ci-pipeline-8x2kq")
        assert "test / argo  ● live" in console.text
        assert "1 waiting for approval" in console.text


async def test_changes_appear_and_the_cursor_stays_on_its_workflow() -> None:
    cluster = everything()
    async with open_console(cluster) as console:
        await console.wait("OOMKilled")
        await console.press("G", "k")
        assert console.app.screen.list.row.name == "nightly-etl-4hz8d"  # type: ignore[attr-defined]
        newest = running("brand-new-abcde")
        newest["metadata"]["creationTimestamp"] = "2026-03-01T11:59:59Z"
        cluster.put(newest)
        await console.wait("brand-new-abcde")
        assert console.app.screen.list.row.name == "nightly-etl-4hz8d"  # type: ignore[attr-defined]
        cluster.change("workflows", "build-image-2mwrt", lambda w: w.update(succeeded("build-image-2mwrt")))
        await console.wait(lambda _: "Succeeded" in console.line("build-image-2mwrt"))
        cluster.remove("workflows", "brand-new-abcde")
        await console.gone("brand-new-abcde")


async def test_a_filter_works_while_it_is_typed_and_esc_clears_it() -> None:
    async with open_console(everything()) as console:
        await console.wait("OOMKilled")
        await console.press("/")
        await console.type("phase:fail")
        await console.gone("ci-pipeline-8x2kq")
        assert "1 of 4" in console.text
        await console.press("enter")
        assert "/phase:fail" in console.text
        await console.press("escape")
        await console.wait("ci-pipeline-8x2kq")


async def test_a_bad_filter_is_explained_and_escape_gives_it_up() -> None:
    async with open_console(everything()) as console:
        await console.wait("OOMKilled")
        await console.press("/")
        await console.type("fase:x")
        await console.wait("there is no field 'fase'; there are phase, ns")
        await console.press("enter")
        assert console.app.screen.prompt.has_focus  # type: ignore[attr-defined]
        await console.press("escape")
        await console.gone("there is no field")
        assert "ci-pipeline-8x2kq" in console.text


async def test_only_broken_shows_what_needs_somebody() -> None:
    async with open_console(everything()) as console:
        await console.wait("OOMKilled")
        await console.press("!")
        await console.gone("release-notes-9vvbm")
        assert console.line("nightly-etl-4hz8d")
        assert console.line("ci-pipeline-8x2kq")
        assert "only broken or waiting" in console.text
        await console.press("!")
        await console.wait("release-notes-9vvbm")


async def test_sorting_by_name() -> None:
    async with open_console(everything()) as console:
        await console.wait("OOMKilled")
        await console.press("N")
        names = [row.name for row in console.app.desk.workflows.rows]
        assert names == sorted(names)


async def test_another_namespace_and_all_of_them() -> None:
    cluster = everything()
    other = failed("other-team-x1")
    other["metadata"]["namespace"] = "data"
    cluster.put(other)
    async with open_console(cluster) as console:
        await console.wait("OOMKilled")
        assert "other-team-x1" not in console.text
        await console.command("ns data")
        await console.wait("other-team-x1")
        await console.gone("ci-pipeline-8x2kq")
        await console.command("wf all /x1")
        await console.wait("NAMESPACE")
        await console.wait("1 of 5")
        assert "data" in console.line("other-team-x1")


async def test_an_empty_list_says_what_to_do() -> None:
    async with open_console(FakeCluster()) as console:
        await console.wait("No workflows in namespace argo. t submits one, :ns looks elsewhere.")


async def test_a_cluster_that_does_not_answer_is_said_with_its_reason() -> None:
    cluster = everything()
    async with open_console(cluster) as console:
        await console.wait("OOMKilled")
        cluster.cut("connection refused")
        await console.wait("stale")
        assert "connection refused" in console.text
        assert "ci-pipeline-8x2kq" in console.text  # what was known stays
        cluster.down = ""
        cluster.put(gated("after-the-cut"))
        await console.wait("after-the-cut")
        await console.wait("● live")


async def test_missing_rights_are_said() -> None:
    cluster = everything()
    cluster.denied.add("list workflows")
    async with open_console(cluster) as console:
        await console.wait("not allowed: the right to list workflows.argoproj.io in namespace argo is missing")


async def test_an_unknown_command_names_the_nearest() -> None:
    async with open_console(everything()) as console:
        await console.command("worflows")
        await console.wait("there is no command 'worflows'; did you mean :workflows?")


async def test_tab_completes_a_command() -> None:
    async with open_console(everything()) as console:
        await console.wait("OOMKilled")
        await console.press(":")
        await console.type("templ")
        await console.wait("templates")
        await console.press("tab", "enter")
        await console.wait("checkout, test, build, scan, ask, deploy")


async def test_q_and_escape_never_leave_from_the_first_screen() -> None:
    async with open_console(everything()) as console:
        await console.wait("OOMKilled")
        await console.press("q")
        await console.wait("ctrl+q or :q leaves")
        await console.command("q")
        assert console.app.return_code == 0


async def test_the_local_cluster_says_what_it_does_not_isolate() -> None:
    async with open_console(everything(), local=True) as console:
        await console.wait("steps run in: sandbox, not isolated: network and 1 more (:cluster)")
        await console.command("cluster")
        await console.wait("It does NOT keep apart:")
        assert "bubblewrap works here" in console.text


async def test_eighty_columns_are_enough() -> None:
    async with open_console(everything(), size=(80, 24), local=True) as console:
        await console.wait("test: Error (exit")
        assert all(len(line) <= 80 for line in console.text.splitlines())
        for part in ("Waiting approval", "ci-pipeline-8x2kq", "5/7", "● live"):
            assert part in console.text


async def test_the_titles_stand_over_their_columns_in_the_first_picture_after_a_resize() -> None:
    async with open_console(everything()) as console:
        await console.wait("test: Error (exit")
        for width in (80, 130, 70, 100):
            await console.resize(width, 24)
            screen = console.app.screen
            assert isinstance(screen, WorkflowsScreen)
            shown = " ".join(column.title for column in screen.list.columns)
            assert console.line("STATE").split() == shown.split()


async def test_ascii_only() -> None:
    async with open_console(everything(), ascii=True) as console:
        await console.wait("? Waiting approval")
        await console.press("G", "enter")
        await console.wait("|-+ checkout")
        assert console.text.isascii()


async def test_details_are_read_for_what_is_on_screen_only() -> None:
    cluster = FakeCluster()
    for number in range(60):
        cluster.put(succeeded(f"old-{number:02}"))
    async with open_console(cluster, size=(100, 20)) as console:
        await console.wait(lambda _: "4/4" in console.line("old-00"))
        known = [row.name for row in console.app.desk.workflows.rows if row.known]
        assert 10 <= len(known) <= 20
        await console.press("G")
        await console.wait(lambda _: "4/4" in console.line("old-59"))
