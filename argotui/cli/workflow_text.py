"""A workflow as text: its status word, its head, and its tree of steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from argotui.cli.printing import table
from argotui.cli.terminal import Terminal
from argotui.engine.glyphs import State
from argotui.engine.lockwaits import told_nodes
from argotui.engine.nodemap import Nodes, NodesUnreadable, node_map
from argotui.engine.outline import Outline
from argotui.engine.tree import Tree, pod_name_version
from argotui.engine.tree_rows import Fold, TreeRow
from argotui.model import documents
from argotui.model.documents import Document, dig
from argotui.model.duration import SECOND, column, long_words, words
from argotui.model.phase import Phase, is_active_suspend
from argotui.model.times import parse_time

Node = Mapping[str, Any]
_LABEL_WIDTH = 20


def status_word(workflow: Document) -> str:
    """What `argo list` shows: the phase, and what the phase alone does not say."""
    phase = str(dig(workflow, "status", "phase") or "")
    if phase == Phase.RUNNING:
        waits = dig(workflow, "spec", "suspend") or any(map(is_active_suspend, known_nodes(workflow).values()))
        return "Running (Suspended)" if waits else phase
    if phase == Phase.FAILED and dig(workflow, "spec", "shutdown"):
        return "Failed (Terminated)"
    return phase or "Pending"


def known_nodes(workflow: Document) -> Nodes:
    """The nodes; empty where they cannot be read: one such workflow must not spoil a list."""
    try:
        return node_map(workflow)
    except NodesUnreadable:
        return {}


def state_of(workflow: Document) -> State:
    """The state whose sign and colour stand for the workflow."""
    word = status_word(workflow)
    return State.WAITING if word.endswith("(Suspended)") else State(word.split(" ", maxsplit=1)[0])


def nanoseconds(start: str | None, end: str | None, now: datetime) -> int | None:
    """Time between two wire times (until now where the end is missing); None before the start."""
    started = parse_time(start)
    if started is None:
        return None
    return round(((parse_time(end) or now) - started).total_seconds() * SECOND)


def duration(start: str | None, end: str | None, now: datetime) -> str:
    """The time between two wire times as in a column; empty before the start."""
    taken = nanoseconds(start, end, now)
    return "" if taken is None else column(taken)


def head(workflow: Document, terminal: Terminal, now: datetime) -> Iterator[str]:
    """The lines above the tree: name, status, times, progress, parameters."""
    status = workflow.get("status") or {}
    spec = status.get("storedWorkflowTemplateSpec") or workflow.get("spec") or {}
    state = state_of(workflow)
    glyph = terminal.glyphs.state(state)
    yield _pair("Name:", terminal.safe(documents.name(workflow)))
    yield _pair("Namespace:", documents.namespace(workflow))
    yield _pair("ServiceAccount:", terminal.safe(str(spec.get("serviceAccountName") or "unset")))
    yield _pair("Status:", terminal.paint(f"{glyph} {terminal.safe(status_word(workflow))}", state))
    if status.get("message"):
        yield _pair("Message:", terminal.safe(str(status["message"])))
    yield from _conditions(status, terminal)
    yield from _times(workflow, now)
    if status.get("progress"):
        yield _pair("Progress:", terminal.safe(str(status["progress"])))
    yield from _resources(status)
    declared = dig(workflow, "spec", "arguments", "parameters") or dig(spec, "arguments", "parameters")
    yield from _parameters("Parameters:", declared, terminal)
    yield from _parameters("Output Parameters:", dig(workflow, "status", "outputs", "parameters"), terminal)


def _pair(label: str, value: str) -> str:
    return f"{label:<{_LABEL_WIDTH}} {value}".rstrip()


def _conditions(status: Document, terminal: Terminal) -> Iterator[str]:
    found = [c for c in status.get("conditions") or () if isinstance(c, dict)]
    if not found:
        return
    yield "Conditions:"
    for condition in found:
        said = str(condition.get("message") or condition.get("status"))
        yield _pair(f" {condition.get('type')}", terminal.safe(said))


def _times(workflow: Document, now: datetime) -> Iterator[str]:
    status = workflow.get("status") or {}
    stamps = (
        ("Created:", documents.created(workflow)),
        ("Started:", status.get("startedAt")),
        ("Finished:", status.get("finishedAt")),
    )
    for label, stamp in stamps:
        moment = parse_time(stamp)
        if moment is not None:
            ago = words(round((now - moment).total_seconds() * SECOND))
            yield _pair(label, f"{moment.astimezone():%a %b %d %H:%M:%S %z} ({ago} ago)")
    taken = nanoseconds(status.get("startedAt"), status.get("finishedAt"), now)
    if taken is not None:
        yield _pair("Duration:", long_words(taken))


def _resources(status: Document) -> Iterator[str]:
    used = status.get("resourcesDuration")
    if used:
        yield _pair("ResourcesDuration:", resources(used))


def resources(used: Mapping[str, Any]) -> str:
    """`1s*(1 cpu),4s*(100Mi memory)`: what was asked for, times how long it was held."""
    units = {"cpu": "1 cpu", "memory": "100Mi memory", "storage": "10Gi storage"}
    return ",".join(f"{seconds}s*({units.get(name, f'1 {name}')})" for name, seconds in sorted(used.items()))


def _parameters(title: str, parameters: Iterable[Document] | None, terminal: Terminal) -> Iterator[str]:
    known = [p for p in parameters or () if isinstance(p, dict) and p.get("value") is not None]
    if not known:
        return
    yield title
    for parameter in known:
        yield _pair(f"  {terminal.safe(str(parameter.get('name')))}:", terminal.safe(str(parameter["value"])))


class TreeText:
    """The tree of one workflow as lines; fed with each new state of it."""

    def __init__(self, terminal: Terminal, *, keep: Callable[[Node], bool] | None = None, wide: bool = False) -> None:
        self._terminal = terminal
        self._keep = keep
        self._wide = wide
        self._tree: Tree | None = None

    def lines(self, workflow: Document, now: datetime, *, folded: bool = False, headers: bool = True) -> list[str]:
        """One line per visible node under a line of headings; no lines while there are no nodes.

        Raises NodesUnreadable when the node map cannot be read.
        """
        tree = self._fed(workflow, folded=folded)
        if not tree.rows:
            return []
        rows = [(row, self._columns(tree, row, now)) for row in tree.rows]
        heading = ["STEP", "STATUS", "TEMPLATE", "PODNAME", "DURATION", "MESSAGE"]
        heading += ["RESOURCESDURATION", "NODENAME"] if self._wide else []
        lines = table([heading, *(columns for _, columns in rows)], gap=2)
        painted = [self._painted(line, row, columns) for line, (row, columns) in zip(lines[1:], rows, strict=True)]
        return [lines[0], *painted] if headers else painted

    def _fed(self, workflow: Document, *, folded: bool) -> Tree:
        if self._tree is None or self._tree.workflow != documents.name(workflow):
            self._tree = Tree(
                documents.name(workflow), clean=self._terminal.safe, pod_name_version=pod_name_version(workflow)
            )
        tree = self._tree
        tree.apply(told_nodes(workflow, node_map(workflow)), Outline(workflow))
        if self._keep is not None:
            keep = self._keep
            tree.keep(lambda row: keep(tree.node(row.key) or {}))
        elif not folded:
            _unfold(tree)
        return tree

    def _columns(self, tree: Tree, row: TreeRow, now: datetime) -> list[str]:
        glyphs = self._terminal.glyphs
        summary = row.summary(glyphs)
        step = f"{row.guides(glyphs)}{glyphs.state(row.state)} {row.name}{' ' + summary if summary else ''}"
        taken = duration(row.started, row.finished, now) if row.started else ""
        columns = [step, "" if row.fold is Fold.MORE else str(row.state), row.template, row.pod, taken, row.message]
        if self._wide:
            node = tree.node(row.key) or {}
            columns += [resources(node.get("resourcesDuration") or {})]
            columns += [self._terminal.safe(str(node.get("name") or ""))]
        return columns

    def _painted(self, line: str, row: TreeRow, columns: list[str]) -> str:
        """The line with the sign and the status in the colour of the state."""
        terminal = self._terminal
        if not terminal.color:
            return line
        step, status = columns[0], columns[1]
        sign = len(row.guides(terminal.glyphs))
        start = line.index(status, len(step)) if status else len(line)
        painted = line[:sign] + terminal.paint(line[sign], row.state) + line[sign + 1 : start]
        return painted + terminal.paint(status, row.state) + line[start + len(status) :]


def _unfold(tree: Tree) -> None:
    tree.fold_all(False)
    while more := next((row for row in tree.rows if row.fold is Fold.MORE), None):
        tree.toggle(more.key)


def now() -> datetime:
    """The clock of print-outs."""
    return datetime.now(UTC)


def whole(workflow: Document, terminal: Terminal, tree: TreeText, *, short: bool = False) -> list[str]:
    """What `argotui get` prints."""
    moment = now()
    lines = [] if short else list(head(workflow, terminal, moment))
    rows = tree.lines(workflow, moment)
    return [*lines, "", *rows] if lines and rows else [*lines, *rows]
