"""Truth tables as one test for each use: thousands of single tests would cost more in pytest than in the product.

Every row runs, also after one that fails; each that fails is reported by its name and with its own traceback.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

Check = Callable[[Any], None]


def every_row(rows: Sequence[Any], name: Callable[[Any], str]) -> Callable[[Check], Callable[[], None]]:
    """Makes one test of a check that takes a row, its only argument."""
    if not rows:
        raise ValueError("a table without rows proves nothing")

    def decorate(check: Check) -> Callable[[], None]:
        [_] = inspect.signature(check).parameters  # anything more would be a fixture, which nobody fills here

        @functools.wraps(check)
        def test() -> None:
            failed = [error for row in rows if (error := _failure(check, row, name)) is not None]
            if failed:
                raise ExceptionGroup(f"{len(failed)} of {len(rows)} rows", failed)

        del test.__dict__["__wrapped__"]  # whose argument pytest would take for a fixture
        return test

    return decorate


def _failure(check: Check, row: Any, name: Callable[[Any], str]) -> Exception | None:
    try:
        check(row)
    except Exception as error:  # noqa: BLE001 (raised again, together with the others)
        error.add_note(f"row {name(row)}")
        return error
    return None
