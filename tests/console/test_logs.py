"""Logs: followed, merged, searched; what was read stays."""

from __future__ import annotations

from tests.console.cluster import FakeCluster
from tests.console.harness import Console, open_console
from tests.console.story import everything, pod, pod_of, running, succeeded

GATED = "ci-pipeline-8x2kq"
RUNNING = "build-image-2mwrt"


def at_work() -> FakeCluster:
    """A step that writes while it is watched."""
    cluster = everything()
    cluster.put(pod(RUNNING, "test", ended=False))
    cluster.write_log(pod_of(RUNNING, "test"), *(f"line {n}" for n in range(100)))
    return cluster


async def open_log(console: Console, workflow: str, *keys: str) -> None:
    """Opens a workflow and presses keys in its tree."""
    await console.command(f"open {workflow}")
    await console.wait("checkout")
    await console.press(*keys)


async def test_the_log_of_the_step_under_the_cursor_is_followed_while_it_runs() -> None:
    cluster = at_work()
    async with open_console(cluster) as console:
        await open_log(console, RUNNING, "j", "j", "l")
        await console.wait("line 99")
        assert "● following  all 100 lines" in console.text
        cluster.write_log(pod_of(RUNNING, "test"), "and another")
        await console.wait("and another")
        cluster.put(pod(RUNNING, "test"))
        cluster.write_log(pod_of(RUNNING, "test"), "the last one", ended=True)
        await console.wait("the last one")
        await console.wait("ended")


async def test_scrolling_up_stands_still_and_the_end_follows_again() -> None:
    cluster = at_work()
    async with open_console(cluster) as console:
        await open_log(console, RUNNING, "j", "j", "l")
        await console.wait("line 99")
        await console.press("k")
        await console.wait("standing still (s follows)")
        top = console.text.splitlines()[2]
        cluster.write_log(pod_of(RUNNING, "test"), "unseen")
        await console.wait("all 101 lines")
        assert console.text.splitlines()[2] == top
        assert "unseen" not in console.text
        await console.press("G")
        await console.wait("unseen")
        assert "● following" in console.text


async def test_all_steps_are_merged_with_a_gutter() -> None:
    async with open_console(everything()) as console:
        await open_log(console, GATED, "L")
        await console.wait("scan: ok")
        assert console.line("checked out").startswith("checkout checked out 3f2a91c")
        assert console.line("12 passed").startswith("test(1)")
        await console.press("escape", "g", "l")  # the workflow's own row means all steps, too
        await console.wait("scan: ok")


async def test_a_retry_shows_all_its_tries_and_nothing_else() -> None:
    async with open_console(everything()) as console:
        await open_log(console, GATED, "j", "j", "l")
        await console.wait("12 passed")
        assert "1 failed" in console.text
        assert "scan: ok" not in console.text


async def test_searching_keeps_the_lines_around_a_match() -> None:
    async with open_console(at_work(), size=(100, 20)) as console:
        await open_log(console, RUNNING, "j", "j", "l")
        await console.wait("line 99")
        await console.press("/")
        await console.type("line 5")
        await console.wait("match 1 of 11")
        assert "line 4" in console.text
        await console.press("enter", "n")
        await console.wait("match 2 of 11")
        assert "line 50" in console.text
        await console.press("N", "N")
        await console.wait("match 11 of 11")
        await console.press("escape")
        await console.gone("match")


async def test_ampersand_hides_the_other_lines() -> None:
    async with open_console(at_work(), size=(100, 20)) as console:
        await open_log(console, RUNNING, "j", "j", "l")
        await console.wait("line 99")
        await console.press("&")
        await console.type("7$")
        await console.press("enter")
        await console.wait("&7$: 10 lines")
        assert console.text.splitlines()[2].strip() == "line 7"
        await console.press("escape")
        await console.gone("&7$")


async def test_times_and_wrapping() -> None:
    cluster = at_work()
    cluster.write_log(pod_of(RUNNING, "test"), "x" * 150 + " end")
    async with open_console(cluster, size=(100, 20)) as console:
        await open_log(console, RUNNING, "j", "j", "l")
        await console.wait("xxxx")
        assert "end" not in console.line("xxxx")
        await console.press("w")
        await console.wait("x end")
        await console.press("t")
        await console.wait("12:00:00 line 99")


async def test_what_was_read_stays_when_the_pod_is_gone() -> None:
    cluster = at_work()
    async with open_console(cluster) as console:
        await open_log(console, RUNNING, "j", "j", "l")
        await console.wait("line 99")
        cluster.remove("pods", pod_of(RUNNING, "test"))
        cluster.write_log(pod_of(RUNNING, "test"), ended=True)
        cluster.change("workflows", RUNNING, lambda w: w.update(succeeded(RUNNING)))
        await console.wait("ended")
        assert "line 99" in console.text


async def test_a_step_that_has_not_written_yet_says_what_it_waits_for() -> None:
    cluster = FakeCluster()
    cluster.put(running())
    async with open_console(cluster) as console:
        await open_log(console, RUNNING, "j", "j", "l")
        await console.wait("No line yet (Running). Lines appear here as they are written.")


async def test_a_gate_has_no_log() -> None:
    async with open_console(everything()) as console:
        await open_log(console, GATED, "w", "l")
        await console.wait("it runs nothing and has no log")


async def test_missing_rights_are_said() -> None:
    cluster = at_work()
    cluster.denied.add("list pods")
    async with open_console(cluster) as console:
        await open_log(console, RUNNING, "j", "j", "l")
        await console.wait("not allowed: pods is forbidden")


async def test_a_huge_log_shows_its_end_first_and_all_of_it_on_request() -> None:
    cluster = everything()
    cluster.put(pod(RUNNING, "test"))
    cluster.write_log(pod_of(RUNNING, "test"), *(f"line {n}" for n in range(20_500)), ended=True)
    async with open_console(cluster) as console:
        await open_log(console, RUNNING, "j", "j", "l")
        await console.wait("last 20,000 lines (0 reads all)", 20)
        assert console.line("line 20499")
        await console.press("0")
        await console.wait("all 20,500 lines", 20)
        await console.press("g")
        await console.wait("line 0")
