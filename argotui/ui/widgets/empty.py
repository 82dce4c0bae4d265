"""A sentence in the place of rows: why there are none, and what to do."""

from __future__ import annotations

from textual.widgets import Static


class EmptyNote(Static):
    """Hidden while there is nothing to say."""

    def __init__(self) -> None:
        super().__init__("", markup=False)
        self.display = False
        self._text = ""

    def show(self, text: str) -> None:
        """Shows a clean text, or nothing."""
        if text != self._text:
            self._text = text
            self.update(text)
            self.display = bool(text)
