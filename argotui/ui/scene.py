"""What widgets need to know beside their rows: the clock, the signs, and how much of a name to show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from argotui.engine.glyphs import Glyphs, glyphs


def utc_now() -> datetime:
    """The real clock."""
    return datetime.now(UTC)


@dataclass
class Scene:
    """One per console; tests pass a clock that stands still."""

    ascii: bool = False
    all_namespaces: bool = False
    clock: Callable[[], datetime] = utc_now

    @property
    def glyphs(self) -> Glyphs:
        """The signs to draw with."""
        return glyphs(self.ascii)

    @property
    def ellipsis(self) -> str:
        """What stands for text that was cut."""
        return self.glyphs.ellipsis
