"""A list to choose from by typing: all actions with the reason why one is refused (`.`), or everything (`ctrl+p`)."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from rich.segment import Segment
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from argotui.ui.paint import fit, width_of
from argotui.ui.scene import Scene
from argotui.ui.widgets.fields import LineField
from argotui.ui.widgets.rowlist import RowList


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to choose. `refusal` says why it cannot be chosen; texts are clean."""

    id: str
    title: str
    key: str = ""
    detail: str = ""
    refusal: str = ""


class EntryList(RowList):
    """The entries that match what was typed."""

    def __init__(self, scene: Scene, entries: Sequence[Entry]) -> None:
        super().__init__(scene, id="entries")
        self.entries = list(entries)
        self.shown = list(entries)

    def narrow(self, text: str) -> None:
        """Keeps entries in which all typed words occur."""
        words = text.lower().split()
        self.shown = [e for e in self.entries if all(w in f"{e.title} {e.detail} {e.key}".lower() for w in words)]
        self.sync()

    @property
    def entry(self) -> Entry | None:
        """The entry under the cursor."""
        return self.shown[self.cursor] if self.cursor < len(self.shown) else None

    def row_count(self) -> int:
        return len(self.shown)

    def key_at(self, number: int) -> Hashable:
        return self.shown[number].id

    def number_of(self, key: Hashable) -> int | None:
        return next((number for number, entry in enumerate(self.shown) if entry.id == key), None)

    def signature(self, number: int) -> tuple[Any, ...]:
        return (self.shown[number],)

    def segments(self, number: int, width: int) -> list[Segment]:
        entry = self.shown[number]
        dim = self.look("row--dim")
        title_width = min(36, max(width_of(e.title) for e in self.entries) + 1)
        told = f"refused: {entry.refusal}" if entry.refusal else entry.detail
        return [
            Segment(f" {fit(entry.key, 8)} ", dim),
            Segment(fit(entry.title, title_width, self.scene.ellipsis), dim if entry.refusal else None),
            Segment(fit(told, max(0, width - title_width - 10), self.scene.ellipsis), dim),
        ]


class Menu(ModalScreen["str | None"]):
    """Returns the id of what was chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave", id="menu.leave"),
        Binding("down", "move(1)", "Down", show=False),
        Binding("up", "move(-1)", "Up", show=False),
        Binding("pagedown", "move(10)", "Down", show=False),
        Binding("pageup", "move(-10)", "Up", show=False),
    ]

    def __init__(self, scene: Scene, title: str, entries: Sequence[Entry]) -> None:
        super().__init__()
        self._title = title
        self.list = EntryList(scene, entries)

    def compose(self) -> ComposeResult:
        with Vertical(id="menu"):
            yield Static(self._title, markup=False, id="menu-title")
            yield LineField("", placeholder="type to find", id="menu-input")
            yield self.list
            yield Static("", markup=False, id="menu-note")

    def on_mount(self) -> None:
        """Typing starts at once."""
        self.list.can_focus = False
        self.list.styles.height = min(len(self.list.entries), 16)
        self.query_one("#menu-input").focus()
        self.list.sync()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrows the list."""
        self.list.narrow(event.value)
        self.query_one("#menu-note", Static).update("" if self.list.shown else "nothing matches")

    def on_input_submitted(self) -> None:
        """Chooses; what is refused says why."""
        entry = self.list.entry
        if entry is None:
            return
        if entry.refusal:
            self.query_one("#menu-note", Static).update(f"{entry.title}: {entry.refusal}")
            return
        self.dismiss(entry.id)

    def on_click(self, event: events.Click) -> None:
        """The mouse (only with --mouse)."""
        if event.widget is self.list:
            self.list.move_to(self.list.top + event.y)
            self.on_input_submitted()

    def action_move(self, step: int) -> None:
        """Moves the cursor while the input keeps the focus."""
        self.list.move_to(self.list.cursor + step)

    def action_leave(self) -> None:
        """Nothing is chosen."""
        self.dismiss(None)
