"""What all full screens share: the bars, the prompt, and the keys that work everywhere."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input, TextArea

from argotui.engine.filters import FilterError
from argotui.services.desk import Desk
from argotui.store.freshness import Freshness
from argotui.ui import messages
from argotui.ui.bindings import EVERYWHERE, key_name
from argotui.ui.commands import UnknownCommand, complete_command, parse_command
from argotui.ui.scene import Scene
from argotui.ui.status import status_line, title_line
from argotui.ui.widgets.bars import Bar, HintBar, Piece, Tone
from argotui.ui.widgets.linewidget import LineWidget, Nothing
from argotui.ui.widgets.prompt import Prompt

SHORT_NOTICE = 6.0
LONG_NOTICE = 20.0
"""Seconds for which a notice stays; bad news stay longer."""


class Room(Screen[None]):
    """Base of the screens. A subclass gives `body`, and answers what is below it."""

    BINDINGS: ClassVar[list[BindingType]] = [*EVERYWHERE]
    HINTS: ClassVar[tuple[str, ...]] = ()
    """Ids of the bindings that the bottom line names first."""

    def __init__(self, desk: Desk, scene: Scene) -> None:
        super().__init__()
        self.desk = desk
        self.scene = scene
        self.filter_text = ""
        self.bars = Bar(scene, id="bars")
        self.hints = HintBar(scene, id="hints")
        self.prompt = Prompt(id="prompt")
        self._notice_timer: Timer | None = None
        self._before_prompt = ""
        self._is_built = False
        self._hinted = -1

    # what a subclass answers

    def body(self) -> Iterable[Widget]:
        """What stands between the bars; the first widget that can have the focus gets it."""
        raise NotImplementedError

    def title_pieces(self) -> tuple[Piece, ...]:
        """What is shown here, for the second line."""
        raise NotImplementedError

    def refresh_rows(self) -> None:
        """Something may have changed: bring the widgets up to date."""
        raise NotImplementedError

    def freshnesses(self) -> tuple[Freshness, ...]:
        """Of all that is shown here."""
        return (self.desk.list_freshness,)

    def subject(self) -> messages.Subject | None:
        """What the cursor stands on."""
        return None

    def apply_filter(self, text: str) -> None:
        """Shows only what the filter lets through. Raises FilterError."""

    def apply_only(self, text: str) -> None:
        """Hides lines that do not match (`&` in a log)."""

    only_text = ""
    """What `&` was given."""

    @property
    def can_leave(self) -> bool:
        """Whether there is something behind this screen."""
        return True

    # building

    def compose(self) -> ComposeResult:
        yield self.bars
        yield from self.body()
        yield self.hints
        yield self.prompt

    def on_mount(self) -> None:
        """The bars are right from the first picture on."""
        self._is_built = True
        self.pulse()
        self.hints.hint(self._key_hints())

    def on_screen_resume(self) -> None:
        """This screen is on top again: catch up."""
        self.pulse()

    def pulse(self) -> None:
        """Brings rows and bars up to date; not before they exist."""
        if self._is_built:
            self.refresh_rows()
            self.show_bars()
            if self._hinted != self.desk.access.generation:
                self._hinted = self.desk.access.generation
                self.hints.hint(self._key_hints())

    def show_bars(self) -> None:
        """The two lines at the top."""
        self.bars.show(
            status_line(self.desk, self.scene, self.freshnesses(), self.app.clock_seconds()),  # type: ignore[attr-defined]
            title_line(self.title_pieces(), self.filter_text),
        )

    @property
    def now(self) -> datetime:
        """The clock of the scene."""
        return self.scene.clock()

    def _key_hints(self) -> list[tuple[str, str]]:
        found: dict[str, tuple[str, str]] = {}
        for active in self.active_bindings.values():
            binding = active.binding
            name = binding.id or binding.action
            if binding.description and (binding.show or name in self.HINTS):
                text = binding.description.lower()
                text += " (not allowed)" if self.app.actor.lacks(name) else ""  # type: ignore[attr-defined]
                found.setdefault(name, (key_name(binding.key), text))
        first = [found.pop(hint) for hint in self.HINTS if hint in found]
        return [*first, *found.values()]

    # telling

    def tell(self, text: str, tone: Tone = Tone.PLAIN) -> None:
        """Shows a notice in the bottom line for a while."""
        self.hints.notice(text, tone)
        if self._notice_timer is not None:
            self._notice_timer.stop()
        stays = SHORT_NOTICE if tone in (Tone.PLAIN, Tone.GOOD) else LONG_NOTICE
        self._notice_timer = self.set_timer(stays, self.hints.dismiss)

    def on_nothing(self, event: Nothing) -> None:
        """A key found nothing to do."""
        self.tell(event.reason)

    # prompt

    def action_prompt(self, sign: str) -> None:
        """Opens the prompt for a command or a filter."""
        self.add_class("-prompting")
        self.prompt.display = True
        before = {"/": self.filter_text, "&": self.only_text}.get(sign, "")
        self._before_prompt = before
        self.prompt.open(sign, before, self._complete)

    def _complete(self, text: str) -> Iterable[str]:
        if self.prompt.sign != ":":
            return ()
        namespaces = sorted({row.key[0] for row in self.desk.workflows.all()})
        return complete_command(text, namespaces, ())

    def on_prompt_typed(self) -> None:
        """A filter works while it is typed."""
        if self.prompt.has_focus:
            self._live(self.prompt.value)

    def _live(self, text: str) -> bool:
        if self.prompt.sign == "/":
            return self._try_filter(text)
        if self.prompt.sign == "&":
            self.apply_only(text)
            self.pulse()
        return True

    def set_filter(self, text: str) -> None:
        """Filters by a text that was not typed after `/`."""
        self._try_filter(text)

    def _try_filter(self, text: str) -> bool:
        try:
            self.apply_filter(text)
        except FilterError as error:
            self.prompt.wrong(True)
            self.tell(str(error), Tone.WARNING)
            return False
        self.prompt.wrong(False)
        self.hints.dismiss()
        self.filter_text = text.strip()
        self.pulse()
        return True

    def on_prompt_given(self) -> None:
        """Enter: the filter stays, the command is carried out."""
        text = self.prompt.value
        if self.prompt.sign != ":":
            if self._live(text):
                self._close_prompt()
            return
        self._close_prompt()
        try:
            command = parse_command(text)
        except UnknownCommand as error:
            self.tell(str(error), Tone.WARNING)
            return
        if command is not None:
            self.post_message(messages.Given(command))

    def on_prompt_left(self) -> None:
        """Escape: the filter is as it was before."""
        self._live(self._before_prompt)
        self._close_prompt()

    def _close_prompt(self) -> None:
        self.remove_class("-prompting")
        self.prompt.display = False
        self.hints.dismiss()
        self.focus_main()

    def focus_main(self) -> None:
        """Gives the focus back to what the screen is for."""
        next(widget for widget in self.query(LineWidget) if widget.can_focus).focus()

    # keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While something is typed, `:` and `/` are letters."""
        return action != "prompt" or not isinstance(self.focused, Input | TextArea)

    def action_back(self) -> None:
        """Clears a notice or the filter, else goes back."""
        if self.hints.has_notice:
            self.hints.dismiss()
        elif self.filter_text:
            self._try_filter("")
        elif self.can_leave:
            self.dismiss()
        else:
            self.tell("this is the first screen; ctrl+q or :q leaves")

    def action_act(self, action_id: str) -> None:
        """Does an action of the registry."""
        self.post_message(messages.Act(action_id, self.subject()))

    def action_help(self) -> None:
        """The keys that work here."""
        self.post_message(messages.ShowHelp())

    def action_menu(self) -> None:
        """All actions."""
        self.post_message(messages.ShowMenu())

    def action_palette(self) -> None:
        """Everything."""
        self.post_message(messages.ShowPalette())

    def action_reconnect(self) -> None:
        """Connects anew."""
        self.post_message(messages.Reconnect())
