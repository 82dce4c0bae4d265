"""Where commands lead: other lists, other namespaces, help, an object as YAML."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from argotui.store.named import Key
from argotui.store.text import one_line
from argotui.ui.commands import VERBS, Command, UnknownCommand, parse_command
from argotui.ui.help_text import help_lines
from argotui.ui.room import Room
from argotui.ui.screens.menu import Entry
from argotui.ui.screens.templates import TemplatesScreen
from argotui.ui.screens.viewer import ViewerScreen
from argotui.ui.screens.workflows import WorkflowsScreen
from argotui.ui.themes import THEMES
from argotui.ui.widgets.bars import Tone

if TYPE_CHECKING:
    from argotui.ui.console import ConsoleApp


class Guide:
    """Carries out commands for the app."""

    def __init__(self, app: ConsoleApp) -> None:
        self._app = app

    @property
    def room(self) -> Room:
        """The room on top."""
        return [screen for screen in self._app.screen_stack if isinstance(screen, Room)][-1]

    def home(self) -> WorkflowsScreen:
        """Leaves all screens but the list of workflows."""
        while len(self._app.screen_stack) > 1:
            self._app.pop_screen()
        screen = self._app.screen_stack[0]
        assert isinstance(screen, WorkflowsScreen)
        return screen

    def entries(self) -> list[Entry]:
        """The commands, for the palette."""
        verbs = (verb for verb in VERBS if not verb.action and not verb.argument)
        return [Entry(f":{verb.name}", verb.name, ":", verb.title) for verb in verbs]

    async def obey_text(self, line: str) -> None:
        """Carries out a line as if it had been typed."""
        try:
            command = parse_command(line)
        except UnknownCommand as error:
            self._app.tell(str(error), Tone.WARNING)
            return
        if command is not None:
            await self.obey(command)

    async def obey(self, command: Command) -> None:
        """Carries out a command."""
        if command.verb.action:
            self._act(command)
            return
        done = getattr(self, f"_go_{command.verb.name}")(command)
        if done is not None:
            await done

    def _act(self, command: Command) -> None:
        if command.verb.name == "submit" and not command.argument:
            self._app.push_screen(TemplatesScreen(self._app.desk, self._app.scene))
        else:
            self.room.action_act(command.verb.action)

    def _go_workflows(self, command: Command) -> None:
        screen = self.home()
        if command.argument:
            self._namespace(command.argument)
        if command.filter is not None:
            screen.set_filter(command.filter)

    def _go_namespace(self, command: Command) -> None:
        if not command.argument:
            self._app.tell("which? for example :ns argo, or :ns all", Tone.WARNING)
            return
        self.home()
        self._namespace(command.argument)

    def _namespace(self, name: str) -> None:
        everything = name in ("all", "*")
        self._app.desk.move(namespace=None if everything else name, all_namespaces=everything)

    def _go_context(self, command: Command) -> None:
        if not command.argument:
            known = self._app.desk.contexts()
            names = f":ctx {'|'.join(known)}" if known else ":ctx NAME, a context of the kubeconfig"
            self._app.tell(f"which? {names}", Tone.WARNING)
            return
        self.home()
        self._app.desk.move(context=command.argument, namespace=None, local=False)

    def _go_templates(self, _: Command) -> None:
        self._app.push_screen(TemplatesScreen(self._app.desk, self._app.scene))

    def _go_cron(self, _: Command) -> None:
        # loaded when it is wanted: schedules and time zones are not needed for the list of workflows
        screens: Any = importlib.import_module("argotui.ui.screens.crons")
        self._app.push_screen(screens.CronsScreen(self._app.desk, self._app.scene))

    def _go_open(self, command: Command) -> None:
        namespace, _, name = command.argument.rpartition("/")
        session = self._app.desk.session
        if not name or session is None:
            self._app.tell("which? :open NAME or :open NAMESPACE/NAME", Tone.WARNING)
            return
        self._app.open_workflow((namespace or session.home_namespace, name))

    def _go_logs(self, _: Command) -> None:
        keys = {"WorkflowsScreen": "logs", "TreeScreen": "all_logs"}
        action = keys.get(type(self.room).__name__)
        if action:
            getattr(self.room, f"action_{action}")()

    def _go_yaml(self, _: Command) -> None:
        if hasattr(self.room, "action_yaml"):
            self.room.action_yaml()

    def _go_cluster(self, _: Command) -> None:
        self._app.push_screen(ViewerScreen(self._app.desk, self._app.scene, "Cluster", self._cluster_lines()))

    def _cluster_lines(self) -> list[str]:
        desk = self._app.desk
        session, isolation = desk.session, desk.isolation
        if session is None:
            return [desk.problem or "not connected yet"]
        writes = "refused: this console is read-only" if session.read_only else "as far as the cluster allows them"
        lines = [
            f"context     {one_line(session.context)}",
            f"server      {one_line(session.client.config.server)}",
            f"namespace   {one_line(session.namespace) or 'all'}",
            f"you         {one_line(session.identity.full)}",
            f"writes      {writes}",
        ]
        if isolation is not None:
            lines += ["", f"Steps run with the runtime {isolation.runtime!r}."]
            lines += [f"  {isolation.reason}"] if isolation.reason else []
            lines += ["", "It keeps apart:", *(f"  {item}" for item in isolation.isolates)]
            lines += ["", "It does NOT keep apart:", *(f"  {item}" for item in isolation.not_isolated)]
        return lines

    def _go_theme(self, command: Command) -> None:
        names = {theme.name.removeprefix("argotui-"): theme.name for theme in THEMES}
        if command.argument not in names:
            self._app.tell(f"which? :theme {'|'.join(names)}", Tone.WARNING)
            return
        self._app.theme = names[command.argument]

    def _go_help(self, _: Command) -> None:
        self.help()

    def help(self) -> None:
        """The keys that work in the top room, and the commands."""
        self._app.push_screen(ViewerScreen(self._app.desk, self._app.scene, "Help", help_lines(self.room)))

    def _go_quit(self, _: Command) -> None:
        self._app.exit(0)

    async def open_first(self, namespace: str, name: str) -> None:
        """Opens the workflow that was named on the command line, as soon as its namespace is known."""
        session = await self._app.desk.connected()
        self._app.open_workflow((namespace or session.home_namespace, name))

    async def show_object(self, kind: str, key: Key) -> None:
        """Reads an object anew and shows it as YAML."""
        session = self._app.desk.session
        if session is None:
            self._app.tell("not connected", Tone.WARNING)
            return
        reading: Any = importlib.import_module("argotui.services.reading")
        found = await reading.as_yaml(session, kind, key)
        if found.problem:
            self._app.tell(found.problem, Tone.BAD)
        else:
            screen = ViewerScreen(self._app.desk, self._app.scene, f"{kind} {one_line(key[1])}", found.lines)
            self._app.push_screen(screen)
