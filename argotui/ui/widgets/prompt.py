"""The line in which commands (`:`) and filters (`/`) are typed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input

from argotui.store.text import neutralise

Complete = Callable[[str], Iterable[str]]
"""From what was typed to whole lines that begin with it, the best first."""


class _Completion(Suggester):
    def __init__(self, complete: Complete) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._complete = complete

    async def get_suggestion(self, value: str) -> str | None:
        """The best completion."""
        return next(iter(self._complete(value)), None) if value else None


class Prompt(Input):
    """An input without a frame and without a blinking cursor (which would write to the terminal for ever)."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave", show=False),
        Binding("tab", "complete", "Complete", show=False),
        Binding("up", "earlier(-1)", "Earlier line", show=False),
        Binding("down", "earlier(1)", "Later line", show=False),
    ]

    class Typed(Message):
        """The text has changed while it is typed."""

    class Given(Message):
        """Enter was pressed."""

    class Left(Message):
        """Escape was pressed, or there was nothing left to delete."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(compact=True, select_on_focus=False, id=id)
        self.cursor_blink = False
        self.sign = ":"
        self._before: dict[str, list[str]] = {}
        self._place = 0

    def insert_text_at_cursor(self, text: str) -> None:
        """Typed or pasted text; what is pasted may hold anything."""
        super().insert_text_at_cursor(neutralise(text))

    def open(self, sign: str, value: str, complete: Complete) -> None:
        """Takes the focus; `sign` is `:` or `/` and stands before the text."""
        self.sign = sign
        self.suggester = _Completion(complete)
        self.value = value
        self.cursor_position = len(value)
        self._place = len(self._before.get(sign, []))
        self.remove_class("-wrong")
        self.screen.set_focus(self)

    def wrong(self, is_wrong: bool) -> None:
        """Shows that what was typed cannot be understood."""
        self.set_class(is_wrong, "-wrong")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Tells what was typed."""
        event.stop()
        self.post_message(self.Typed())

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Remembers the line."""
        event.stop()
        lines = self._before.setdefault(self.sign, [])
        if self.value and self.value not in lines[-1:]:
            lines.append(self.value)
        self.post_message(self.Given())

    def on_key(self, event: events.Key) -> None:
        """Backspace on an empty line leaves."""
        if event.key == "backspace" and not self.value:
            event.stop()
            event.prevent_default()
            self.post_message(self.Left())

    def action_leave(self) -> None:
        """Gives up."""
        self.post_message(self.Left())

    def action_complete(self) -> None:
        """Takes the suggestion."""
        self.action_cursor_right()
        self.action_end()

    def action_earlier(self, step: int) -> None:
        """Goes through the lines given before."""
        lines = self._before.get(self.sign, [])
        self._place = max(0, min(len(lines), self._place + step))
        self.value = lines[self._place] if self._place < len(lines) else ""
        self.cursor_position = len(self.value)
