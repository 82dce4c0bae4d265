"""The log of a step, or of several merged with a gutter that names them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from argotui.model.documents import Document
from argotui.services.desk import Desk, OpenLog
from argotui.store.freshness import Freshness
from argotui.store.nodes import NodeTable
from argotui.store.text import one_line
from argotui.ui import messages
from argotui.ui.bindings import COPY
from argotui.ui.scene import Scene
from argotui.ui.searching import SEARCH_BINDINGS, LogSearch, Searching
from argotui.ui.widgets.bars import Piece
from argotui.ui.widgets.empty import EmptyNote
from argotui.ui.widgets.logview import LogView

LABEL_MOST = 200
TAIL = 20_000
"""Lines of each pod that are read at first: a log of gigabytes must not keep its end waiting."""


class LogScreen(Searching):
    """Follows while lines come; says whether it follows, and whether all lines are there."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *SEARCH_BINDINGS,
        COPY,
        Binding("0", "from_the_start", "From the start", id="logs.all", show=False, tooltip="Read the whole log"),
    ]
    HINTS = ("logs.follow", "logs.wrap", "logs.times", "prompt.filter", "help")

    def __init__(
        self, desk: Desk, scene: Scene, table: NodeTable, node_key: str | None, *, from_the_start: bool = False
    ) -> None:
        super().__init__(desk, scene)
        self.tail = None if from_the_start else TAIL
        self.table = table
        self.node_key = node_key
        self.row = table.tree.row_of(node_key) if node_key else None
        self._labels: dict[str, str | None] = {}
        one = self.row is not None and bool(self.row.pod) and len(self.row.tries) < 2
        self.merged = not one
        pod = self.row.pod if one and self.row else ""
        self.opened: OpenLog = desk.open_log(self._workflow, pod, self._label, self.tail)

    def _workflow(self) -> Document:
        return self.table.document or {"metadata": {"namespace": self.table.key[0], "name": self.table.key[1]}}

    def _label(self, node_id: str, pod: str) -> str | None:
        """The step's name for the gutter; None for a pod that is not among the steps that are shown."""
        if node_id not in self._labels:
            self._labels = self._known_labels()
        return self._labels.get(node_id, None if self.node_key else pod)

    def _known_labels(self) -> dict[str, str | None]:
        tree = self.table.tree
        roots = [self.node_key] if self.node_key else [row.key for row in tree.rows if not row.depth]
        return {row.node_id: row.name[:LABEL_MOST] for root in roots for row in tree.below(root) if row.node_id}

    def body(self) -> Iterable[Widget]:
        self.view = LogView(self.opened.buffer, self.scene, merged=self.merged, id="log")
        self.search = LogSearch(self.view)
        self.empty = EmptyNote()
        return (self.view, self.empty)

    def on_unmount(self) -> None:
        """Nobody reads this log any more."""
        self.opened.close()

    def freshnesses(self) -> tuple[Freshness, ...]:
        return (self.desk.list_freshness,)

    def title_pieces(self) -> tuple[Piece, ...]:
        name = self.row.name if self.row else f"{self.table.key[1]}: all steps"
        pieces: list[Piece] = [("Log ", "bar--dim"), (f"{one_line(name)}  ", "bar--strong")]
        badge, tone = self._badge()
        pieces += [(f"{badge}  ", tone), (f"{self._counted()}  ", "bar--dim")]
        if self.search.said:
            pieces.append((f"{self.search.said}  ", "bar--key"))
        if self.view.window.only is not None:
            pieces.append((f"&{self.only_text}: {len(self.view.window.only)} lines  ", "bar--key"))
        if self.view.wraps:
            pieces.append(("wrapped  ", "bar--dim"))
        return tuple(pieces)

    def _badge(self) -> Piece:
        sign = "*" if self.scene.ascii else "●"
        feed = self.opened.feed
        if feed is not None and feed.freshness.error:
            return f"{feed.freshness.error}", "bar--stale"
        if feed is not None and feed.state.value == "ended":
            return "ended", "bar--dim"
        if not self.view.follows:
            return "standing still (s follows)", "bar--stale"
        return f"{sign} following", "bar--live"

    def _counted(self) -> str:
        buffer = self.opened.buffer
        if self.tail is not None and buffer.end >= self.tail:
            return f"last {len(buffer):,} lines (0 reads all)"
        return f"{'all' if buffer.is_complete else 'last'} {len(buffer):,} lines"

    def refresh_rows(self) -> None:
        self.view.sync()
        self.empty.show("" if len(self.opened.buffer) else self._why_empty())
        if self.view.pattern is not None or self.view.window.only is not None:
            self.look_further()

    def _why_empty(self) -> str:
        feed = self.opened.feed
        if feed is None:
            return ""
        if feed.notes:
            return feed.notes[-1]
        if feed.state.value == "ended":
            return "The log is empty: nothing was written, or the pod is gone and its log with it."
        state = f" ({self._now_message()})" if self._now_message() else ""
        return f"No line yet{state}. Lines appear here as they are written."

    def _now_message(self) -> str:
        row = self.table.tree.row_of(self.node_key) if self.node_key else None
        return f"{row.state.value}{f': {row.message}' if row.message else ''}" if row else ""

    def on_log_view_scrolled(self) -> None:
        """The badge says whether it follows."""
        self.show_bars()

    def action_from_the_start(self) -> None:
        """Reads the whole log."""
        if self.tail is not None:
            self.post_message(messages.OpenLog(self.table, self.node_key, from_the_start=True))

    def action_copy(self) -> None:
        """Copies the pod's name."""
        if self.row is not None and self.row.pod:
            self.post_message(messages.Copy(self.row.pod, "pod name"))
        else:
            self.post_message(messages.Copy(self.table.key[1], "name"))
