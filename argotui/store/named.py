"""Rows of objects that are known by namespace and name."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

from argotui.engine.tree import Changed

Key = tuple[str, str]
"""Namespace and name."""


class Named(Protocol):
    """A row that knows its object."""

    @property
    def key(self) -> Key: ...


R = TypeVar("R", bound=Named)


class NamedTable(Generic[R]):
    """All rows in the order of their names."""

    def __init__(self) -> None:
        self.rows: list[R] = []
        self._all: dict[Key, R] = {}

    def __len__(self) -> int:
        return len(self.rows)

    def get(self, key: Key) -> R | None:
        """The row of an object."""
        return self._all.get(key)

    def number_of(self, key: Key) -> int | None:
        """The row number of an object."""
        return next((number for number, row in enumerate(self.rows) if row.key == key), None)

    def put(self, row: R) -> Changed:
        """Takes over a row."""
        before = self._all.get(row.key)
        self._all[row.key] = row
        here = self.number_of(row.key) if before is not None else None
        if here is not None:
            self.rows[here] = row
            return Changed((here,))
        return self._rebuild()

    def remove(self, key: Key) -> Changed:
        """Takes a row out."""
        return self._rebuild() if self._all.pop(key, None) is not None else Changed()

    def clear(self) -> Changed:
        """Forgets everything."""
        self._all = {}
        return self._rebuild()

    def _rebuild(self) -> Changed:
        self.rows = sorted(self._all.values(), key=lambda row: (row.key[1], row.key[0]))
        return Changed((), 0)
