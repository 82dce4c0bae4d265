"""A list that shows the rows of a table of the store."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from argotui.ui.scene import Scene
from argotui.ui.widgets.columns import Column
from argotui.ui.widgets.rowlist import RowList


class Row(Protocol):
    """What a list has to know of a row."""

    @property
    def key(self) -> Hashable: ...


R_co = TypeVar("R_co", bound=Row, covariant=True)
R = TypeVar("R", bound=Row)


class Table(Protocol[R_co]):
    """Rows in the order in which they are shown."""

    @property
    def rows(self) -> Sequence[R_co]: ...

    def number_of(self, key: Any) -> int | None: ...


class TableList(RowList, Generic[R]):
    """A subclass says which columns there are and how a row looks."""

    def __init__(self, table: Table[R], scene: Scene, *, id: str | None = None) -> None:
        super().__init__(scene, id=id)
        self.table = table

    @property
    def row(self) -> R | None:
        """The row under the cursor."""
        return self.table.rows[self.cursor] if self.cursor < len(self.table.rows) else None

    @property
    def columns(self) -> tuple[Column, ...]:
        """Columns that fit, with their widths."""
        raise NotImplementedError

    def row_count(self) -> int:
        return len(self.table.rows)

    def key_at(self, number: int) -> Hashable:
        return self.table.rows[number].key

    def number_of(self, key: Hashable) -> int | None:
        return self.table.number_of(key)
