"""Rows of objects that are known by namespace and name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from argotui.engine.tree import Changed
from argotui.model.documents import Document
from argotui.store.text import one_line

Key = tuple[str, str]
"""Namespace and name."""


class Named:
    """What a row tells of the key of its object, clean."""

    __slots__ = ()
    key: Key

    @property
    def namespace(self) -> str:
        return one_line(self.key[0])

    @property
    def name(self) -> str:
        return one_line(self.key[1])


class NamedObject(Named):
    """A row that keeps its object, as the cluster has it."""

    __slots__ = ()
    document: Document


R = TypeVar("R", bound=NamedObject)


class NamedTable(Generic[R]):
    """All rows in the order of their names. row_of: makes a row from a whole object, whatever its shape."""

    def __init__(self, row_of: Callable[[Document], R]) -> None:
        self._row_of = row_of
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

    def take(self, document: Document) -> Changed:
        """Takes over an object."""
        row = self._row_of(document)
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
