"""Every case of the first slice ends in memory exactly as upstream recorded it."""

from __future__ import annotations

import pytest

from .replay import CONFORMANCE, Case, Replay

REFUSED = ("invalid-two-types",)
"""The API server's schema does not let it in, so the engine never sees it."""

FIRST_SLICE = [line for line in (CONFORMANCE / "first-slice.txt").read_text().split("\n") if line and line[0] != "#"]
CASES = [name for name in FIRST_SLICE if name not in REFUSED]

POD_SECONDS = {"retry-max-duration": 2.6}
"""How long the recorded pods took, where the outcome depends on it."""


@pytest.mark.parametrize("fresh", [False, True], ids=["kept", "reloaded"])
@pytest.mark.parametrize("name", CASES)
def test_case(name: str, fresh: bool) -> None:
    replay = Replay(Case.read(name), seconds=POD_SECONDS.get(name, 1.0), fresh=fresh).run()
    assert replay.differences() == []
