"""Nothing that comes from the cluster can do anything to the terminal, whichever field it came in."""

from __future__ import annotations

import unicodedata

from textual.strip import Strip

from argotui.model.documents import Document
from tests.console.cluster import FakeCluster
from tests.console.harness import Console, open_console
from tests.console.story import LABELS, SPEC, TEMPLATE, pod, pod_of, step, workflow

EVIL = "\x1b]52;c;cHduZWQ=\x07\x1b[2J\x9b31m\u202egnp.exe\u200b\x00\r\n[b]$(id)[/b]"


def painted(console: Console) -> list[Strip]:
    """What would be written to the terminal."""
    return list(console.app.screen._compositor.render_strips())


def assert_harmless(console: Console) -> None:
    """No character on the screen is a control, a format character or a surrogate."""
    for strip in painted(console):
        for segment in strip:
            bad = [c for c in segment.text if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}]
            assert not bad, (bad, segment.text)


def poisoned() -> FakeCluster:
    """A cluster whose every text is hostile."""
    cluster = FakeCluster()
    spec: Document = {**SPEC, "templates": [*SPEC["templates"], {"name": EVIL, "suspend": {}}]}
    gate = step("evil", "approve", "Running", "Suspend", message=EVIL, displayName=f"gate{EVIL}", templateName=EVIL)
    gate["inputs"] = {"parameters": [{"name": EVIL, "value": EVIL, "enum": [EVIL, "b"], "description": EVIL}]}
    gate["outputs"] = {"parameters": [{"name": EVIL, "valueFrom": {"supplied": {}}}]}
    broken = step("evil", "test", "Failed", message=f"main: {EVIL}", hostNodeName=EVIL, progress=EVIL)
    broken["outputs"] = {"result": EVIL, "artifacts": [{"name": EVIL, "path": EVIL}]}
    made = workflow("evil", "Running", step("evil", "checkout"), broken, gate, spec=spec)
    made["metadata"]["labels"][f"{LABELS}workflow-template"] = EVIL
    made["metadata"]["annotations"] = {EVIL: EVIL}
    made["status"]["message"] = made["status"]["progress"] = EVIL
    cluster.put(made)
    named: Document = {**workflow(f"x{EVIL}", "Failed", step("x", "a", "Failed", message=EVIL))}
    cluster.put(named)
    template: Document = {**TEMPLATE, "metadata": {"name": "tmpl", "annotations": {f"{LABELS}description": EVIL}}}
    template["spec"] = {**TEMPLATE["spec"], "entrypoint": EVIL, "arguments": {"parameters": [
        {"name": EVIL, "value": EVIL, "description": EVIL, "enum": [EVIL, "other"]}, {"name": "p", "value": EVIL}
    ]}}  # fmt: skip
    cluster.put(template)
    cluster.put(pod("evil", "checkout"))
    cluster.write_log(pod_of("evil", "checkout"), f"ok \x1b[31mred\x1b[0m {EVIL}", ended=True)
    return cluster


async def test_lists_trees_details_and_yaml() -> None:
    async with open_console(poisoned()) as console:
        await console.wait("2  ")
        await console.wait("gnp.exe")
        assert_harmless(console)
        await console.command("open evil")
        await console.wait("checkout")
        assert_harmless(console)
        for keys in (("j", "j", "enter"), ("escape", "y"), ("escape", "w", "d")):
            await console.press(*keys)
            await console.wait("gnp.exe")
            assert_harmless(console)


async def test_logs_keep_colours_and_nothing_else() -> None:
    async with open_console(poisoned()) as console:
        await console.command("open evil")
        await console.wait("checkout")
        await console.press("j", "l")
        await console.wait("ok red ␛]52;c;cHduZWQ=␇␛[2J")
        assert_harmless(console)
        red = [s for strip in painted(console) for s in strip if s.text == "red"]
        assert red
        assert red[0].style is not None
        assert red[0].style.color is not None


async def test_dialogs_forms_menus_and_notices() -> None:
    async with open_console(poisoned(), size=(120, 50)) as console:
        await console.command("open evil")
        await console.wait("checkout")
        await console.press("w", "a")
        await console.wait("reason *")
        await console.wait("gnp.exe")
        assert_harmless(console)
        await console.press("ctrl+t", "escape", ".")
        await console.wait("Actions")
        assert_harmless(console)
        await console.press("escape", "ctrl+x")
        await console.wait("no other step")
        assert_harmless(console)
        await console.press("escape", "t")
        await console.wait("tmpl")
        assert_harmless(console)
        await console.press("enter")
        await console.wait("Submit argo/tmpl")
        assert_harmless(console)


async def test_errors_of_the_server() -> None:
    cluster = poisoned()
    async with open_console(cluster) as console:
        await console.wait("gnp.exe")
        cluster.cut(f"refused {EVIL}")
        await console.wait("refused")
        assert_harmless(console)


async def test_markup_in_texts_is_text() -> None:
    async with open_console(poisoned()) as console:
        await console.wait("[b]$(id)[/b]")
