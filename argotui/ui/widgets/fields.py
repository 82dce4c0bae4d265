"""Form fields: text, several lines, a choice; and the buttons below a form. None of them blinks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static, TextArea

from argotui.store.text import neutralise, one_line


class ChoiceField(Widget, can_focus=True):
    """One of a few values. Left, right and space go through them; a letter goes to the next that begins with it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,space", "step(1)", "Next", show=False),
        Binding("left", "step(-1)", "Previous", show=False),
    ]

    class Changed(Message):
        """Another value was chosen."""

    def __init__(self, choices: Sequence[str], value: str, *, shown: Sequence[str] = (), id: str | None = None) -> None:
        super().__init__(id=id)
        self._choices = tuple(choices)
        self._shown = tuple(one_line(text) for text in (shown or choices))
        self._place = self._choices.index(value) if value in self._choices else None

    @property
    def answer(self) -> str:
        """The chosen value as it was given; empty while none is chosen."""
        return "" if self._place is None else self._choices[self._place]

    def render(self) -> Text:
        """The value between arrows, and all values when there are few."""
        chosen = "choose one" if self._place is None else self._shown[self._place] or "(empty)"
        others = f"   one of: {', '.join(self._shown)}" if len(self._shown) <= 8 else f"   one of {len(self._shown)}"
        parts = (("< ", "dim"), (chosen, "bold"), (" >", "dim"), (others, "dim"))
        return Text.assemble(*parts, no_wrap=True, overflow="ellipsis")

    def action_step(self, step: int) -> None:
        """The next or previous value."""
        here = -1 if self._place is None and step > 0 else self._place or 0
        self._choose((here + step) % len(self._choices))

    def on_key(self, event: object) -> None:
        """A letter goes to the next value that begins with it."""
        letter = getattr(event, "character", None)
        if not letter or not letter.isalnum():
            return
        start = -1 if self._place is None else self._place
        order = [(start + n) % len(self._shown) for n in range(1, len(self._shown) + 1)]
        found = next((n for n in order if self._shown[n].lower().startswith(letter.lower())), None)
        if found is not None:
            self._choose(found)

    def _choose(self, place: int) -> None:
        if place != self._place:
            self._place = place
            self.refresh()
            self.post_message(self.Changed())


class LineField(Input):
    """A line of text. Hidden characters of a value are shown as pictures; unless it is edited it stays what it was."""

    def __init__(self, value: str, *, placeholder: str = "", id: str | None = None) -> None:
        self._given, self._shown = value, neutralise(value)
        super().__init__(value=self._shown, placeholder=placeholder, compact=True, select_on_focus=False, id=id)
        self.cursor_blink = False

    @property
    def answer(self) -> str:
        """What was given or typed."""
        return self._given if self.value == self._shown else self.value

    def insert_text_at_cursor(self, text: str) -> None:
        """Typed or pasted text; what is pasted may hold anything."""
        super().insert_text_at_cursor(neutralise(text))


class LinesField(TextArea):
    """Several lines of text; tab leaves it. Hidden characters are treated as in `LineField`."""

    def __init__(self, value: str, *, id: str | None = None) -> None:
        self._given, self._shown = value, neutralise(value, newline="\n", tab="    ")
        super().__init__(self._shown, compact=True, tab_behavior="focus", show_line_numbers=False, id=id)
        self.cursor_blink = False

    @property
    def answer(self) -> str:
        """What was given or typed."""
        return self._given if self.text == self._shown else self.text


class Push(Static, can_focus=True):
    """A button of one row."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "push", "Push", show=False),
        Binding("right", "app.focus_next", "Next", show=False),
        Binding("left", "app.focus_previous", "Previous", show=False),
    ]

    class Pushed(Message):
        """The button was pressed."""

        def __init__(self, push: Push) -> None:
            super().__init__()
            self.push = push

        @property
        def control(self) -> Push:
            """For handlers that name a button."""
            return self.push

    def __init__(self, label: str, *, id: str) -> None:
        super().__init__(f"[ {label} ]", markup=False, id=id)

    def action_push(self) -> None:
        """Enter or space."""
        self.post_message(self.Pushed(self))

    def on_click(self) -> None:
        """The mouse (only with --mouse)."""
        self.action_push()
