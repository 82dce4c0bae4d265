"""The workflows that run at certain times: when each runs next, and what holds it up."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType

from argotui.engine.cron.outlook import next_run
from argotui.services.desk import Desk
from argotui.store.crons import CronRow
from argotui.store.named import NamedTable
from argotui.ui import messages
from argotui.ui.bindings import COPY
from argotui.ui.commands import parse_command
from argotui.ui.paint import fit, width_of
from argotui.ui.scene import Scene
from argotui.ui.screens.named import NamedScreen
from argotui.ui.spans import age, coarse
from argotui.ui.widgets.bars import Tone
from argotui.ui.widgets.columns import Column, laid_out
from argotui.ui.widgets.tablelist import TableList

_OWN = {f"workflow.{verb}": f"cron.{verb}" for verb in ("suspend", "resume", "delete")}
"""What commands that are made for workflows mean here."""


class CronList(TableList[CronRow]):
    """Cron workflows, one a line."""

    def __init__(self, table: NamedTable[CronRow], scene: Scene, *, id: str) -> None:
        super().__init__(table, scene, id=id)
        self._next: dict[tuple[str, str], tuple[str, datetime | None]] = {}

    @property
    def columns(self) -> tuple[Column, ...]:
        """Columns that fit, with their widths."""
        rows = self.table.rows
        longest = max((width_of(row.name) for row in rows), default=0)
        schedule = max((width_of(row.schedules) for row in rows), default=0)
        columns = [
            Column("name", "NAME", max(16, min(longest, self.size.width // 3))),
            Column("schedule", "SCHEDULE", max(11, min(schedule, self.size.width // 5))),
            Column("zone", "ZONE", max([4, *(min(width_of(row.timezone), 20) for row in rows)])),
            Column("next", "NEXT RUN", 22),
            Column("in", "IN", 6),
            Column("last", "LAST", 6),
            Column("active", "ACTIVE", 6),
        ]
        if self.scene.all_namespaces:
            columns.insert(0, Column("ns", "NAMESPACE", 14))
        return laid_out([*columns, Column("state", "STATE", 0)], self.size.width)

    def signature(self, number: int) -> tuple[Any, ...]:
        row = self.table.rows[number]
        return row, self._next_texts(row), age(row.last, self.scene.clock()), self.columns

    def segments(self, number: int, width: int) -> list[Segment]:
        row = self.table.rows[number]
        following, until = self._next_texts(row)
        cells = {
            "ns": row.namespace,
            "name": row.name,
            "schedule": row.schedules,
            "zone": row.timezone or "UTC",
            "next": following,
            "in": until,
            "last": age(row.last, self.scene.clock()),
            "active": str(row.active or ""),
            "state": row.state,
        }
        dim = self.look("row--dim")
        styles = {"name": None, "next": None, "state": None if row.is_bad else dim}
        return [
            Segment(fit(cells[c.name], c.width, self.scene.ellipsis) + " ", styles.get(c.name, dim))
            for c in self.columns
        ]

    def _next_texts(self, row: CronRow) -> tuple[str, str]:
        """The next run in the time of this machine, and how long it takes until then."""
        if row.state and not row.is_bad:
            return "", ""
        now = self.scene.clock()
        known = self._next.get(row.key)
        if known is None or known[0] != row.version or (known[1] is not None and known[1] <= now):
            known = self._next[row.key] = (row.version, next_run(row.document, now))
        if known[1] is None:
            return "never", ""
        return f"{known[1].astimezone():%a %d %b %H:%M %Z}", coarse((known[1] - now).total_seconds())


class CronsScreen(NamedScreen[CronRow]):
    """CronWorkflows; `enter` shows the workflows of the one under the cursor."""

    KIND = "CronWorkflow"
    PLURAL = "Cron workflows"
    NONE = "No cron workflows here. `argotui cron create` (or kubectl) brings them in."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Workflows", id="cron.open", tooltip="The workflows that it has started"),
        Binding("t", "submit", "Run now", id="template.submit", tooltip="Start one now; asks for the parameters"),
        Binding("s", "act('cron.suspend')", "Suspend/resume", id="cron.suspend", tooltip="Start nothing, or go on"),
        Binding("ctrl+d", "act('cron.delete')", "Delete", id="cron.delete", show=False, tooltip="Remove it (:delete)"),
        Binding("y", "yaml", "YAML", id="cron.yaml"),
        COPY,
    ]

    def __init__(self, desk: Desk, scene: Scene) -> None:
        super().__init__(desk, scene, desk.open_crons())

    def make_list(self) -> CronList:
        return CronList(self.opened.table, self.scene, id="crons")

    def action_act(self, action_id: str) -> None:
        """Does an action, of those that are made for cron workflows."""
        action_id = _OWN.get(action_id, action_id)
        if action_id.startswith("workflow.") and not action_id.endswith(".submit"):
            self.tell("that is for workflows; enter shows those of this cron workflow", Tone.WARNING)
        else:
            super().action_act(action_id)

    def action_open(self) -> None:
        """The list of workflows, with those that it has started."""
        if row := self.list.row:
            wanted = f"-l workflows.argoproj.io/cron-workflow={row.name}"
            command = parse_command(f"wf {row.namespace} /{wanted}")
            assert command is not None
            self.post_message(messages.Given(command))
