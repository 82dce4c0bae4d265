"""What functions may use of an evaluation beyond their arguments."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from typing import Final

from argotui.engine.expr.errors import Fault
from argotui.engine.expr.gotime.moment import Moment, from_datetime
from argotui.engine.expr.limits import Meter

_BLOCK: Final = 32


class Context:
    """meter: counts the cost. The time and the random bytes are those that the caller gave; a function
    that needs what was not given is refused."""

    __slots__ = ("_entropy", "_now", "_random", "meter")

    def __init__(self, meter: Meter, now: datetime | None = None, entropy: bytes = b"") -> None:
        self.meter = meter
        self._now = now
        self._entropy = entropy
        self._random: Iterator[int] | None = None

    def now(self) -> Moment:
        """The time of the evaluation. Raises Fault when the caller gave none."""
        if self._now is None:
            raise Fault("the time is not known here")
        return from_datetime(self._now)

    def random_below(self, limit: int) -> int:
        """A number from 0 to limit - 1, drawn from the caller's random bytes. Raises Fault without any."""
        if not self._entropy:
            raise Fault("random functions are not possible here")
        if self._random is None:
            self._random = _stream(self._entropy)
        bits = limit.bit_length()
        while True:
            number = 0
            for _ in range((bits + 7) // 8):
                number = number << 8 | next(self._random)
            number >>= -bits % 8
            if number < limit:
                return number

    def random_bytes(self, count: int) -> bytes:
        """Bytes that follow from the caller's random bytes."""
        return bytes(self.random_below(256) for _ in range(count))


def _stream(seed: bytes) -> Iterator[int]:
    """Bytes without end that follow from a seed: the same seed gives the same bytes."""
    counter = 0
    while True:
        yield from sha256(seed + counter.to_bytes(8, "big")).digest()
        counter += 1
