"""What the controller needs of the engine's Run, so that its loop can be tested with a scripted one."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from argotui.controller.caches import Caches
from argotui.engine.config import EngineConfig
from argotui.engine.effects import Effect
from argotui.engine.facts import Fact
from argotui.model.documents import Document


class Decision(Protocol):
    """One step: a merge patch and what is to be done."""

    @property
    def changes(self) -> Document:
        """JSON merge patch of the workflow, `{}` when nothing changed."""

    @property
    def effects(self) -> Sequence[Effect]:
        """In the order in which they are to begin."""


class Thinker(Protocol):
    """A loaded workflow that decides what follows from facts."""

    @property
    def workflow(self) -> Document:
        """The whole object after the last step, its nodes uncompressed; not to be changed."""

    def advance(self, facts: Sequence[Fact], now: datetime, entropy: bytes) -> Decision:
        """What follows from `facts` at `now` (aware, UTC)."""


Load = Callable[[Document, EngineConfig, Caches], Thinker]
"""Makes a Thinker from a stored object."""
