"""What screens tell the app. Screens do not know each other; they meet here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

from argotui.model.documents import Document
from argotui.store.named import Key
from argotui.store.nodes import NodeTable
from argotui.ui.commands import Command
from argotui.ui.widgets.bars import Tone

if TYPE_CHECKING:
    from argotui.services.actions import Target


@dataclass(frozen=True)
class Subject:
    """What the cursor stands on: an object (or as much of it as is known), and one of its nodes."""

    document: Document
    node_id: str | None = None
    kind: str = "Workflow"

    def target(self) -> Target:
        """For the actions. Only called when the services are loaded."""
        from argotui.model.resources import find
        from argotui.services.actions import Target

        resource = find(self.kind)
        assert resource is not None
        return Target(self.document, self.node_id, resource)


@dataclass
class Act(Message):
    """Do an action of the registry with what the cursor stands on."""

    action_id: str
    subject: Subject | None


@dataclass
class OpenWorkflow(Message):
    """Show one workflow, or the merged log of its steps."""

    key: Key
    log: bool = False


@dataclass
class OpenLog(Message):
    """Show the log of a workflow; only of the node `node_key` of its tree when that is not None."""

    table: NodeTable
    node_key: str | None = None
    from_the_start: bool = False
    """All lines, in the place of the log that is shown now."""


@dataclass
class ShowText(Message):
    """Show a text, line by line."""

    title: str
    lines: list[str]


@dataclass
class Given(Message):
    """A command was typed."""

    command: Command


@dataclass
class Copy(Message):
    """Put a text on the clipboard of the terminal."""

    text: str
    what: str


@dataclass
class Tell(Message):
    """Tell the person something."""

    text: str
    tone: Tone = Tone.PLAIN


@dataclass
class ShowObject(Message):
    """Show an object as the cluster has it, read anew."""

    kind: str
    key: Key


class ChooseTemplate(Message):
    """Show the templates that can be submitted."""


class ShowMenu(Message):
    """Show all actions that exist here; those that cannot be done say why."""


class ShowPalette(Message):
    """Show everything that can be done or visited from here."""


class ShowHelp(Message):
    """Show the keys that work here."""


class Reconnect(Message):
    """Connect anew."""
