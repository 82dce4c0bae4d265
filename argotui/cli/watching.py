"""`watch`: the tree, drawn again on a terminal after each change; elsewhere one line per change."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from argotui.cli.running import CliSession
from argotui.cli.terminal import Terminal, complain, terminal
from argotui.cli.workflow_text import TreeText, head, now, status_word, whole
from argotui.engine.glyphs import State
from argotui.engine.nodemap import node_map
from argotui.model import documents
from argotui.model.documents import Document, dig
from argotui.model.phase import NodeType, Phase, is_active_suspend, node_fulfilled
from argotui.services.waiting import WorkflowGone, succeeded, wait_for_completion

_FRAME_SECONDS = 0.1
_CLOCK_SECONDS = 1.0
_GROUPS = (NodeType.STEP_GROUP, NodeType.TASK_GROUP)

Keep = Callable[[Mapping[str, Any]], bool]


async def watch(
    session: CliSession,
    namespace: str,
    name: str,
    *,
    keep: Keep | None = None,
    no_color: bool = False,
    no_utf8: bool = False,
) -> int:
    """Shows the workflow until it is completed. Returns 0 only when it Succeeded. Raises WorkflowGone."""
    screen = terminal(no_color=no_color, no_utf8=no_utf8)
    show = _Screen(screen, keep) if screen.is_tty else _Lines(screen, keep)
    drawing = asyncio.create_task(show.run())
    try:
        workflow = await wait_for_completion(session.client, namespace, name, on_change=show.take, on_trouble=_trouble)
    except WorkflowGone as gone:
        complain(str(gone))
        return 1
    finally:
        drawing.cancel()
        await asyncio.wait([drawing])
    if not drawing.cancelled():
        drawing.result()
    show.end(workflow)
    return 0 if succeeded(workflow) else 1


def _trouble(reason: str) -> None:
    complain(f"connection lost ({reason}); trying again", prefix="note: ")


class _Screen:
    """Draws over the last picture, at most ten times a second; clocks tick once a second."""

    def __init__(self, screen: Terminal, keep: Keep | None) -> None:
        self._terminal = screen
        self._keep = keep
        self._tree = TreeText(screen, keep=keep)
        self._workflow: Document | None = None
        self._changed = asyncio.Event()

    def take(self, workflow: Document) -> None:
        self._workflow = workflow
        self._changed.set()

    async def run(self) -> None:
        """Draws until it is cancelled."""
        await self._changed.wait()
        sys.stdout.write("\x1b[H\x1b[2J")
        while True:
            self._changed.clear()
            self._draw()
            await asyncio.sleep(_FRAME_SECONDS)
            try:
                async with asyncio.timeout(_CLOCK_SECONDS):
                    await self._changed.wait()
            except TimeoutError:
                continue

    def _draw(self) -> None:
        if self._workflow is None:
            return
        rows = os.get_terminal_size().lines
        moment = now()
        tree = self._tree.lines(self._workflow, moment, folded=True)
        lines = [*head(self._workflow, self._terminal, moment), "", *tree]
        if len(lines) > rows - 1:
            lines = [*lines[: rows - 2], f"… {len(lines) - rows + 2} more lines; the console shows them all"]
        # lines do not wrap while they are drawn: a wrapped one would push the rest off the screen
        sys.stdout.write("\x1b[?7l\x1b[H" + "".join(f"{line}\x1b[K\n" for line in lines) + "\x1b[J\x1b[?7h")
        sys.stdout.flush()

    def end(self, workflow: Document) -> None:
        """The last picture, whole, in the scrollback."""
        sys.stdout.write("\x1b[H\x1b[2J")
        print("\n".join(whole(workflow, self._terminal, TreeText(self._terminal, keep=self._keep))))


class _Lines:
    """One line per change of a node or of the workflow."""

    def __init__(self, screen: Terminal, keep: Keep | None) -> None:
        self._terminal = screen
        self._keep = keep
        self._told: dict[str, tuple[State, str]] = {}
        self._status = ""

    async def run(self) -> None:
        """Nothing to draw between changes."""

    def take(self, workflow: Document) -> None:
        for line in self._changes(workflow):
            print(line, flush=True)

    def end(self, workflow: Document) -> None:
        """Everything has been told."""

    def _changes(self, workflow: Document) -> Iterator[str]:
        nodes = node_map(workflow)
        # the entry node is the workflow itself, which has a line of its own
        steps = [(key, node) for key, node in nodes.items() if node.get("name") != documents.name(workflow)]
        new = [node for key, node in steps if self._is_news(key, node)]
        for node in sorted(new, key=lambda node: (str(node.get("finishedAt") or "~"), str(node.get("startedAt")))):
            name = str(node.get("displayName") or node.get("name"))
            yield self._line(name, _state(node), str(node.get("message") or ""))
        status = status_word(workflow)
        if status != self._status:
            self._status = status
            message = str(dig(workflow, "status", "message") or "")
            yield self._line(documents.name(workflow), State(status.split(" ", maxsplit=1)[0]), message, status)

    def _is_news(self, key: str, node: Mapping[str, Any]) -> bool:
        if node.get("type") in _GROUPS or (self._keep and not self._keep(node)):
            return False
        told = (_state(node), str(node.get("message") or ""))
        before = self._told.get(key)
        self._told[key] = told
        return told != before

    def _line(self, name: str, state: State, message: str, word: str = "") -> str:
        safe = self._terminal.safe
        said = f": {safe(message)}" if message else ""
        return f"{now():%H:%M:%S} {self._terminal.glyphs.state(state)} {safe(name)} {word or state}{said}"


def _state(node: Mapping[str, Any]) -> State:
    if is_active_suspend(node):
        return State.WAITING
    phase = str(node.get("phase") or Phase.PENDING)
    # the phase of a step whose results are still on their way is not final
    if phase == Phase.SUCCEEDED and not node_fulfilled(node):
        return State.RUNNING
    return State(phase) if phase in set(Phase) else State.PENDING
