"""A console as a test uses it: keys in, text out, with a cluster in memory and a clock that stands still."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from textual.pilot import Pilot

from argotui.services.identity import Identity
from argotui.services.place import Isolation, SessionOptions
from argotui.services.session import Session
from argotui.ui.console import ConsoleApp
from argotui.ui.options import ConsoleOptions
from tests.console.cluster import FakeCluster

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
ISOLATION = Isolation(
    "sandbox",
    ("files", "processes"),
    ("network: steps share the host's", "CPU and memory limits are not enforced"),
    "bubblewrap works here",
)
ANN = Identity("ann", "bastion")


class FakeSession(Session):
    """A session whose isolation is what the test says."""

    def isolation(self) -> Isolation | None:
        return ISOLATION if self.is_local else None


class Console:
    """What a person sees and does."""

    def __init__(self, app: ConsoleApp, pilot: Pilot[int], cluster: FakeCluster) -> None:
        self.app = app
        self.cluster = cluster
        self._pilot = pilot
        self.skew = 0.0

    @property
    def text(self) -> str:
        """The screen as text."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in strips)

    @property
    def notice(self) -> str:
        """The line at the bottom."""
        return self.text.splitlines()[-1].strip()

    def line(self, part: str) -> str:
        """The first line on the screen that holds `part`."""
        return next((line for line in self.text.splitlines() if part in line), "")

    async def press(self, *keys: str) -> None:
        """Presses keys by name."""
        await self._pilot.press(*keys)

    async def type(self, text: str) -> None:
        """Types a text."""
        await self._pilot.press(*text)

    async def command(self, text: str) -> None:
        """Types a command and enter."""
        await self.press(":")
        await self.type(text)
        await self.press("enter")

    async def resize(self, width: int, height: int) -> None:
        """Gives the terminal another size; returns with the next picture, before the pulse of the clock."""
        await self._pilot.resize_terminal(width, height)

    async def after_deafness(self) -> None:
        """Lets the moment pass in which a new dialog confirms nothing."""
        self.skew += 1.0

    async def wait(self, what: str | Callable[[str], bool], seconds: float = 5.0) -> str:
        """Until the screen holds `what`."""
        check = what if callable(what) else (lambda text: what in text)
        deadline = time.monotonic() + seconds
        while not check(self.text):
            if time.monotonic() > deadline:
                raise AssertionError(f"not on the screen: {what!r}\n{self.text}")
            await self._pilot.pause(0.01)
        return self.text

    async def rest(self) -> None:
        """Until the picture has not changed for a while."""
        before = ""
        while before != self.text:
            before = self.text
            await self._pilot.pause(0.3)

    async def gone(self, what: str) -> None:
        """Until the screen does not hold `what` any more."""
        await self.wait(lambda text: what not in text)


@asynccontextmanager
async def open_console(
    cluster: FakeCluster, *, size: tuple[int, int] = (120, 30), local: bool = False, **options: Any
) -> AsyncIterator[Console]:
    """A console on a cluster in memory."""
    holder: list[Console] = []

    @asynccontextmanager
    async def connect(chosen: SessionOptions) -> AsyncIterator[Session]:
        yield FakeSession(
            client=cluster,  # type: ignore[arg-type]
            identity=ANN,
            context=chosen.context or "test",
            namespace=None if chosen.all_namespaces else chosen.namespace or "argo",
            read_only=chosen.read_only,
            is_local=local,
        )

    app = ConsoleApp(
        replace(ConsoleOptions(), **options),
        connect=connect,
        clock=lambda: NOW,
        seconds=lambda: time.monotonic() + (holder[0].skew if holder else 0.0),
    )
    async with app.run_test(size=size) as pilot:
        console = Console(app, pilot, cluster)
        holder.append(console)
        await pilot.pause()
        yield console
