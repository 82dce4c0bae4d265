"""The console: screens, themes, the pulse that repaints, and what screens ask for."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual.app import App
from textual.binding import BindingType
from textual.screen import Screen
from textual.timer import Timer

from argotui.model import documents
from argotui.model.documents import Document
from argotui.services.desk import Desk
from argotui.services.place import SessionOptions
from argotui.store.named import Key
from argotui.store.text import one_line
from argotui.ui import messages
from argotui.ui.acting import Actor
from argotui.ui.bindings import key_name
from argotui.ui.clipboard import osc52, to_file
from argotui.ui.going import Guide
from argotui.ui.keys import KeyQueue
from argotui.ui.options import ConsoleOptions
from argotui.ui.room import Room
from argotui.ui.scene import Scene, utc_now
from argotui.ui.screens.logs import LogScreen
from argotui.ui.screens.menu import Entry, Menu
from argotui.ui.screens.templates import TemplatesScreen
from argotui.ui.screens.tree import TreeScreen
from argotui.ui.screens.viewer import ViewerScreen
from argotui.ui.screens.workflows import WorkflowsScreen
from argotui.ui.stylesheets import stylesheets
from argotui.ui.terminal import on_hangup
from argotui.ui.themes import DEFAULTS, THEMES, theme_for
from argotui.ui.widgets.bars import Tone

if TYPE_CHECKING:
    from argotui.services.desk import Connect

PULSE = 0.1
"""Seconds from a change to its picture: a burst of a thousand changes costs one repaint."""
TICK = 1.0


class ConsoleApp(App[int]):
    """`connect`, `clock` and `seconds` are given by tests."""

    TITLE = "argotui"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = []
    CSS_PATH = stylesheets()

    def __init__(
        self,
        options: ConsoleOptions,
        *,
        connect: Connect | None = None,
        clock: Callable[[], Any] = utc_now,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = theme_for(os.environ, options.theme)
        self.options = options
        self.scene = Scene(ascii=options.ascii, all_namespaces=options.all_namespaces, clock=clock)
        self.clock_seconds = seconds
        self.desk = Desk(_session_options(options), self._changed, connect)
        self.actor = Actor(self, self.desk)
        self.guide = Guide(self)
        self._pulse_timer: Timer | None = None
        self._desk_task: asyncio.Task[None] | None = None
        self.keys = KeyQueue(self, super().on_event)
        self._key_task: asyncio.Task[None] | None = None

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return dict(DEFAULTS)

    def get_default_screen(self) -> Screen[Any]:
        return WorkflowsScreen(self.desk, self.scene)

    def on_mount(self) -> None:
        """First the picture, then everything that takes time."""
        if not self.is_headless:
            on_hangup(self._leave)
        self._key_task = asyncio.get_running_loop().create_task(self.keys.run())
        self.set_interval(TICK, self._tick)
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        self._desk_task = asyncio.get_running_loop().create_task(self.desk.run())
        if self.options.open:
            namespace, _, name = self.options.open.rpartition("/")
            self.run_worker(self.guide.open_first(namespace, name))

    def _leave(self) -> None:
        self.exit(0)

    async def on_unmount(self) -> None:
        """The connection closes with the console."""
        if self._key_task is not None:
            self._key_task.cancel()
        if self._desk_task is not None:
            self._desk_task.cancel()
            await asyncio.gather(self._desk_task, return_exceptions=True)

    async def on_event(self, event: events.Event) -> None:
        """Keys are delivered one after the other; everything else as it comes."""
        if isinstance(event, events.Key) and not event.is_forwarded:
            self.keys.put(event)
        else:
            await super().on_event(event)

    # pulse

    def _changed(self) -> None:
        """Something in the store changed: one repaint soon, however many changes come until then."""
        if self._pulse_timer is None and self.is_running:
            self._pulse_timer = self.set_timer(PULSE, self._pulse)

    def _pulse(self) -> None:
        self._pulse_timer = None
        told = self.desk.notice()
        if told:
            self.tell(told, Tone.WARNING)
        for screen in self._shown_rooms():
            screen.pulse()

    def _tick(self) -> None:
        """Durations and ages; what looks the same costs nothing. And rights, every few minutes."""
        self.desk.refresh_rights()
        for screen in self._shown_rooms():
            screen.pulse()

    def _shown_rooms(self) -> list[Room]:
        """The rooms that can be seen: the top one, also through a dialog above it."""
        rooms = [screen for screen in self.screen_stack if isinstance(screen, Room)]
        return rooms[-1:]

    # telling

    def tell(self, text: str, tone: Tone = Tone.PLAIN) -> None:
        """Shows a notice (clean text) in the bottom line of the top room."""
        for room in self._shown_rooms():
            room.tell(text, tone)

    def on_tell(self, event: messages.Tell) -> None:
        """A notice."""
        self.tell(event.text, event.tone)

    # what screens ask for

    def on_act(self, event: messages.Act) -> None:
        """An action."""
        self.run_worker(self._act(event), group="action", exclusive=False)

    async def _act(self, event: messages.Act) -> None:
        with self.keys.held() as release:  # what is typed next is meant for the dialog
            await self.actor.act(event.action_id, event.subject, release)

    def on_open_workflow(self, event: messages.OpenWorkflow) -> None:
        """One workflow, or its log."""
        screen = self.open_workflow(event.key)
        if event.log:
            self.push_screen(LogScreen(self.desk, self.scene, screen.opened.table, None))

    def open_workflow(self, key: Key) -> TreeScreen:
        """Shows one workflow."""
        screen = TreeScreen(self.desk, self.scene, key)
        self.push_screen(screen)
        return screen

    def show_made(self, workflow: Document) -> None:
        """Shows a workflow that has just been made."""
        self.guide.home()
        self.open_workflow(documents.key(workflow))

    def on_open_log(self, event: messages.OpenLog) -> None:
        """A log."""
        screen = LogScreen(self.desk, self.scene, event.table, event.node_key, from_the_start=event.from_the_start)
        if event.from_the_start:
            self.switch_screen(screen)
        else:
            self.push_screen(screen)

    def on_show_text(self, event: messages.ShowText) -> None:
        """A text."""
        self.push_screen(ViewerScreen(self.desk, self.scene, event.title, event.lines))

    def on_show_object(self, event: messages.ShowObject) -> None:
        """An object as YAML."""
        self.run_worker(self.guide.show_object(event.kind, event.key))

    def on_choose_template(self) -> None:
        """The templates."""
        self.push_screen(TemplatesScreen(self.desk, self.scene))

    async def on_given(self, event: messages.Given) -> None:
        """A command."""
        await self.guide.obey(event.command)

    def on_copy(self, event: messages.Copy) -> None:
        """Copies a text."""
        self.copy_text(event.text, event.what)

    def on_reconnect(self) -> None:
        """Connects anew."""
        self.guide.home()
        self.desk.reconnect()

    def on_show_help(self) -> None:
        """The keys that work here."""
        self.guide.help()

    def on_show_menu(self) -> None:
        """All actions."""
        self.run_worker(self._choose("Actions", self._action_entries()))

    def on_show_palette(self) -> None:
        """All actions, then everything else that can be done from here."""
        self.run_worker(self._choose("Find", [*self._action_entries(), *self.guide.entries()]))

    def _action_entries(self) -> Sequence[Entry]:
        room = self._shown_rooms()[-1]
        keys = {active.binding.id or "": key_name(key) for key, active in reversed(room.active_bindings.items())}
        return self.actor.entries(room.subject(), keys) if self.desk.session else ()

    async def _choose(self, title: str, entries: Sequence[Entry]) -> None:
        room = self._shown_rooms()[-1]
        chosen = await self.push_screen_wait(Menu(self.scene, title, entries))
        if chosen is None:
            return
        if chosen.startswith(":"):
            await self.guide.obey_text(chosen[1:])
        else:
            room.action_act(chosen)

    def copy_text(self, text: str, what: str) -> None:
        """Puts a text on the terminal's clipboard, or into a file when it is too long for that."""
        sequence = osc52(text, os.environ)
        if sequence is None:
            self.tell(f"the {what} is too long for the clipboard: {one_line(to_file(text))}", Tone.WARNING)
            return
        self._clipboard = text
        if self._driver is not None and not self.is_headless:
            self._driver.write(sequence)
        self.tell(f"copied the {what} to the terminal's clipboard", Tone.GOOD)


def _session_options(options: ConsoleOptions) -> SessionOptions:
    return SessionOptions(
        kubeconfig=options.kubeconfig,
        context=options.context,
        namespace=options.namespace,
        all_namespaces=options.all_namespaces,
        local=options.local,
        read_only=options.read_only,
    )
