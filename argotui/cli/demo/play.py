"""The demo as plain lines: one per change; the gate is approved by itself, and the lines say so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from argotui.cli.running import CliSession
from argotui.cli.terminal import Terminal
from argotui.engine.glyphs import State
from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.phase import NodeType, Phase
from argotui.model.resources import WORKFLOWS
from argotui.services.actions.gates import APPROVE
from argotui.services.actions.perform import perform
from argotui.services.actions.types import REASON, Selection
from argotui.services.following import follow_object
from argotui.services.streams import closing
from argotui.services.waiting import WorkflowGone, is_completed, phase_of, succeeded

WHY = "approved by `argotui demo`: nobody is at the terminal"
_INDENT = " " * len("00:00:00 ")
_TOLD = frozenset({NodeType.POD, NodeType.SUSPEND, NodeType.RETRY})

Seen = dict[str, tuple[str, str]]
"""What the lines have told already: node id → phase and message; the workflow itself under the empty id."""


async def play(session: CliSession, namespace: str, name: str, terminal: Terminal) -> int:
    """Follows one workflow to its end; returns 0 when it has Succeeded, 1 otherwise."""
    seen: Seen = {}
    approved: set[str] = set()
    async with closing(follow_object(session.client, WORKFLOWS, namespace, name)) as states:
        async for workflow in states:
            if workflow is None:
                raise WorkflowGone(namespace, name, existed=bool(seen))
            for line in changes(workflow, seen, terminal):
                print(line, flush=True)
            if is_completed(workflow):
                return 0 if succeeded(workflow) else 1
            for node_id in waiting_gates(workflow, approved):
                approved.add(node_id)
                await approve(session, workflow, node_id, terminal)
    raise AssertionError("a followed object ends only by return or raise")


def changes(workflow: Document, seen: Seen, terminal: Terminal) -> Iterator[str]:
    """A line for each step, gate or retry whose phase or message is new, then one for the workflow."""
    for node_id, node in sorted(_nodes(workflow).items(), key=_by_start):
        if node.get("type") not in _TOLD:
            continue
        phase, message = str(node.get("phase") or ""), str(node.get("message") or "")
        if phase and seen.get(node_id) != (phase, message):
            seen[node_id] = (phase, message)
            yield _line(_state(node), str(node.get("displayName") or node_id), message, terminal)
    phase, message = phase_of(workflow), str(documents.dig(workflow, "status", "message") or "")
    if phase and seen.get("") != (phase, message):
        seen[""] = (phase, message)
        yield _line(State(phase), documents.name(workflow), message, terminal)


def waiting_gates(workflow: Document, approved: set[str]) -> list[str]:
    """Ids of the gates that wait for a person and were not approved yet."""
    waiting = (node_id for node_id, node in _nodes(workflow).items() if _state(node) is State.WAITING)
    return [node_id for node_id in waiting if node_id not in approved]


async def approve(session: CliSession, workflow: Document, node_id: str, terminal: Terminal) -> None:
    """Does what a person does in the console with `a`, with the same audit entry."""
    node = _nodes(workflow)[node_id]
    told = [f"{item.get('name')}: {item.get('value')}" for item in (node.get("inputs") or {}).get("parameters") or ()]
    told.append(f"{node.get('displayName')} waits for a person; nobody is here, so the demo approves it by itself")
    plan = await APPROVE.plan(session, Selection.of(workflow, node_id), {REASON: WHY})
    outcomes = await perform(session, plan, WHY, verify=False)
    told += [f"{outcome.text} ({session.identity.full})" for outcome in outcomes]
    print("\n".join(_INDENT + terminal.safe(line) for line in told), flush=True)


def _nodes(workflow: Document) -> Mapping[str, Document]:
    nodes: Mapping[str, Document] = documents.dig(workflow, "status", "nodes") or {}
    return nodes


def _by_start(item: tuple[str, Document]) -> tuple[str, str]:
    node_id, node = item
    return str(node.get("finishedAt") or node.get("startedAt") or "~"), node_id


def _state(node: Mapping[str, Any]) -> State:
    phase = str(node.get("phase"))
    return State.WAITING if node.get("type") == NodeType.SUSPEND and phase == Phase.RUNNING else State(phase)


def _line(state: State, title: str, message: str, terminal: Terminal) -> str:
    said = f"{terminal.glyphs.state(state)} {state:<9}"
    text = f"{datetime.now():%H:%M:%S} {terminal.paint(said, state)} {terminal.safe(title)}"
    return f"{text}  ({terminal.safe(message)})" if message else text
