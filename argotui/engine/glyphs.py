"""The signs for states and tree lines, and their ASCII twin. Each sign is one cell wide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class State(StrEnum):
    """What a person is told about a node: its phase, or what the phase alone does not say."""

    PENDING = "Pending"
    RUNNING = "Running"
    WAITING = "Waiting"
    """A gate that waits for a person."""
    SUCCEEDED = "Succeeded"
    SKIPPED = "Skipped"
    OMITTED = "Omitted"
    FAILED = "Failed"
    ERROR = "Error"
    PLANNED = "Planned"
    """In the spec, not created yet."""


BROKEN: Final = frozenset({State.FAILED, State.ERROR})


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One set of signs. `joints` and `bars` are two cells wide, indexed as `engine.tree` numbers them."""

    states: Mapping[State, str]
    joints: tuple[str, ...]
    bars: tuple[str, ...]
    folded: str
    unfolded: str
    times: str
    ellipsis: str

    def state(self, state: str) -> str:
        """The sign of a state; a blank for a word that this version does not know."""
        try:
            return self.states[State(state)]
        except ValueError:
            return " "


UNICODE: Final = Glyphs(
    states={
        State.PENDING: "◷",
        State.RUNNING: "●",
        State.WAITING: "◆",
        State.SUCCEEDED: "✔",
        State.SKIPPED: "○",
        State.OMITTED: "○",
        State.FAILED: "✗",
        State.ERROR: "⚠",
        State.PLANNED: "·",
    },
    joints=("├─", "└─", "├┬", "└┬", "│├", " ├", "│└", " └"),
    bars=("  ", "│ ", " │", "││"),
    folded="▸",
    unfolded="▾",
    times="×",
    ellipsis="…",
)
ASCII: Final = Glyphs(
    states={
        State.PENDING: ".",
        State.RUNNING: "*",
        State.WAITING: "?",
        State.SUCCEEDED: "+",
        State.SKIPPED: "-",
        State.OMITTED: "-",
        State.FAILED: "x",
        State.ERROR: "!",
        State.PLANNED: "_",
    },
    joints=("|-", "`-", "|=", "`=", "|=", " =", "|=", " ="),
    bars=("  ", "| ", " |", "||"),
    folded=">",
    unfolded="v",
    times="x",
    ellipsis="~",
)


def glyphs(ascii_only: bool) -> Glyphs:
    """The set to draw with."""
    return ASCII if ascii_only else UNICODE
