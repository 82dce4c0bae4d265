"""Pictures of every screen, from fixed data: written with `--screenshots`, else compared with those in screenshots/."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.console.harness import Console, open_console
from tests.console.story import everything

FOLDER = Path(__file__).parents[2] / "screenshots"
GATED = "ci-pipeline-8x2kq"

Story = Callable[[Console], Awaitable[object]]


async def _list(console: Console) -> None:
    await console.wait("test: Error")
    await console.press("j", "j", "j")


async def _tree(console: Console) -> None:
    await _list(console)
    await console.press("enter")
    await console.wait("update-gitops")
    await console.press("w")


async def _log(console: Console) -> None:
    await _tree(console)
    await console.press("L")
    await console.wait("scan: ok")


async def _approve(console: Console) -> None:
    await _tree(console)
    await console.press("a")
    await console.wait("not started yet: update-gitops")
    await console.type("tested on staging, ok by QA")
    await console.wait("ok by")


async def _submit(console: Console) -> None:
    await _list(console)
    await console.press("t")
    await console.wait("checkout, test")
    await console.press("enter")
    await console.wait("number of the change request")
    await console.type("CHG-1042")
    await console.wait("a new workflow")


async def _help(console: Console) -> None:
    await _tree(console)
    await console.press("?")
    await console.wait("Actions (")


async def _menu(console: Console) -> None:
    await _tree(console)
    await console.press(".")
    await console.wait("refused")


STORIES: dict[str, Story] = {
    "workflows": _list,
    "tree": _tree,
    "logs": _log,
    "approve": _approve,
    "submit": _submit,
    "help": _help,
    "actions": _menu,
}
SIZES = {"": (120, 34), "-80x24": (80, 24)}
PICTURES = [
    *((name, size, None) for name in STORIES for size in SIZES),
    ("tree", "", "light"),
    ("tree", "", "ansi"),
]


def normalised(svg: str) -> str:
    """The picture without the names that are made anew each time."""
    names = sorted(set(re.findall(r"terminal-\d+", svg)))
    for name in names:
        svg = svg.replace(name, "terminal")
    return svg


@pytest.mark.parametrize(("name", "size", "theme"), PICTURES)
async def test_screens_look_as_in_their_pictures(
    name: str, size: str, theme: str | None, request: pytest.FixtureRequest
) -> None:
    async with open_console(everything(), size=SIZES[size], local=True, theme=theme) as console:
        await STORIES[name](console)
        await console.rest()
        svg = normalised(console.app.export_screenshot(title="argotui"))
    path = FOLDER / f"{name}{size}{f'-{theme}' if theme else ''}.svg"
    if request.config.getoption("--screenshots"):
        path.write_text(svg, encoding="utf-8")
        return
    assert path.read_text(encoding="utf-8") == svg, f"{path.name} looks different: make screenshots, and look at it"
