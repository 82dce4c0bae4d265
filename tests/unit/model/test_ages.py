"""Ages as kubectl prints them, read back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argotui.model.duration import SECOND, human, seconds_of_age


@given(st.integers(0, 20 * 365 * 86400))
def test_an_age_is_read_to_the_precision_that_it_is_told_in(seconds: int) -> None:
    read = seconds_of_age(human(seconds * SECOND))
    assert read is not None
    assert read <= seconds
    assert seconds - read <= max(60, seconds / 3)


@pytest.mark.parametrize("text", ["", "<invalid>", "<unknown>", "5", "m", "5m3", "9" * 40 + "d", "5m 3s"])
def test_what_is_no_age(text: str) -> None:
    assert seconds_of_age(text) is None
