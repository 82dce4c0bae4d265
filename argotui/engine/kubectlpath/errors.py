"""What can be wrong with a path."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class PathError(ValueError):
    """A path that cannot be read, or cannot be followed in this document; the text is kubectl's.

    found: what had been found when it went wrong; a filter that only asks whether something is there counts it.
    """

    def __init__(self, message: str, found: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.found = list(found)
