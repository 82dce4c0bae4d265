"""Finding lines in a log: `/` keeps all lines and goes to the next match, `&` keeps only the matching ones."""

from __future__ import annotations

import asyncio
import re

from textual import work
from textual.binding import Binding

from argotui.store.logs import LogBuffer, search_pattern
from argotui.ui.room import Room
from argotui.ui.widgets.logview import LogView

SLICE = 4000
"""Lines that are looked at before others get a turn: some milliseconds."""


class LogSearch:
    """The search and the filter of one log view. `said` is what the badge tells about them."""

    def __init__(self, view: LogView) -> None:
        self.view = view
        self.found: list[int] = []
        self._searched_to = 0
        self._filtered_to = 0
        self._only: re.Pattern[str] | None = None
        self._inverse = False

    @property
    def buffer(self) -> LogBuffer:
        return self.view.buffer

    @property
    def said(self) -> str:
        """`match 3 of 12`, or empty."""
        if self.view.pattern is None:
            return ""
        if not self.found:
            return "no match"
        here = self.view.found
        return f"match {self.found.index(here) + 1 if here in self.found else '-'} of {len(self.found)}"

    def search(self, text: str) -> None:
        """Marks what matches; an empty text ends the search."""
        self.view.pattern = search_pattern(text) if text else None
        self.view.found = None
        self.found = []
        self._searched_to = self.buffer.first
        self.view.sync()

    def filter(self, text: str) -> None:
        """Shows only lines that match (`!` first: that do not); an empty text shows all again."""
        self._inverse = text.startswith("!")
        bare = text.removeprefix("!")
        self._only = search_pattern(bare) if bare else None
        self._filtered_to = self.buffer.first
        self.view.show_only([] if self._only else None)

    async def catch_up(self) -> None:
        """Looks at lines that came since, in slices."""
        await self._catch_up_search()
        await self._catch_up_filter()

    async def _catch_up_search(self) -> None:
        while self.view.pattern is not None and self._searched_to < self.buffer.end:
            start, stop = self._searched_to, min(self.buffer.end, self._searched_to + SLICE)
            self.found += self.buffer.matches(self.view.pattern, start, stop)
            self._searched_to = stop
            await asyncio.sleep(0)

    async def _catch_up_filter(self) -> None:
        grown = False
        while self._only is not None and self._filtered_to < self.buffer.end:
            start, stop = self._filtered_to, min(self.buffer.end, self._filtered_to + SLICE)
            numbers = self.buffer.matches(self._only, start, stop)
            if self._inverse:
                hits = set(numbers)
                numbers = [n for n in range(max(start, self.buffer.first), stop) if n not in hits]
            self._filtered_to = stop
            if self.view.window.only is not None:
                self.view.window.only += numbers
            grown = True
            await asyncio.sleep(0)
        if grown:
            self.view.sync()

    def step(self, step: int) -> bool:
        """Goes to the next (1) or previous (-1) match; it goes round. False when nothing matches."""
        only = None if self.view.window.only is None else set(self.view.window.only)
        shown = [n for n in self.found if n >= self.buffer.first and (only is None or n in only)]
        if not shown:
            return False
        here = self.view.found if self.view.found is not None else self.view.window.top[0] - (1 if step > 0 else -1)
        if step > 0:
            target = next((number for number in shown if number > here), shown[0])
        else:
            target = next((number for number in reversed(shown) if number < here), shown[-1])
        self.view.show_line(target)
        return True


SEARCH_BINDINGS = (
    Binding("n", "match(1)", "Next match", id="logs.next-match", show=False),
    Binding("N", "match(-1)", "Previous match", id="logs.previous-match", show=False),
    Binding(
        "&", "prompt('&')", "Only matches", id="logs.only", show=False, priority=True, tooltip="Hide others; &!x: x"
    ),
)


class Searching(Room):
    """A room with a log view in it: `/` searches, `&` filters."""

    view: LogView
    search: LogSearch
    only_text = ""
    """The filter that hides other lines."""
    _goes = False
    """A search was typed and has not gone to a match yet."""

    def apply_filter(self, text: str) -> None:
        """The search, while it is typed."""
        self.search.search(text.strip())
        self._goes = True
        self.look_further()

    def look_further(self) -> None:
        """Looks at the lines that came since; goes to the first match of a new search."""
        self._look()

    @work(group="search", exclusive=True)
    async def _look(self) -> None:
        await self.search.catch_up()
        if self._goes and self.view.pattern is not None:
            self._goes = not self.search.step(1)
        self.show_bars()

    def apply_only(self, text: str) -> None:
        """The filter, while it is typed."""
        self.only_text = text.strip()
        self.search.filter(self.only_text)
        self.look_further()

    def action_back(self) -> None:
        """Shows all lines again, else as everywhere."""
        if self.only_text and not self.hints.has_notice:
            self.apply_only("")
            self.show_bars()
        else:
            super().action_back()

    def action_match(self, step: int) -> None:
        """The next or previous match."""
        if not self.search.step(step):
            self.tell("no match" if self.view.pattern else "nothing is searched for: / starts a search")
        self.show_bars()
