"""Log lines keep their numbers, their colours and their order; the memory they take is capped."""

from __future__ import annotations

import re

from argotui.store.ansi import Span, Style
from argotui.store.logs import PIECE, LogBuffer, RawLine
from argotui.store.logwindow import LogWindow


def raw(text: str | bytes, source: str = "build", time: str = "") -> RawLine:
    """A line as it comes from the cluster."""
    return RawLine(source, time, text if isinstance(text, bytes) else text.encode())


def filled(*lines: str) -> LogBuffer:
    """A buffer with these lines."""
    buffer = LogBuffer()
    buffer.append(raw(line) for line in lines)
    return buffer


def texts(buffer: LogBuffer) -> list[str]:
    """What would be shown."""
    return [entry.line.text for _, entry in buffer.slice(0, buffer.end)]


def test_lines_are_safe_and_colours_carry_over_within_a_source_only() -> None:
    buffer = LogBuffer()
    buffer.append([raw("\x1b[31mred\x1b[2J"), raw("plain", source="test"), raw("still\x1b[0m not")])
    assert texts(buffer) == ["red␛[2J", "plain", "still not"]
    assert buffer.entry(0).line.spans == (Span(0, 7, Style(fg=1)),)
    assert buffer.entry(1).line.spans == ()
    assert buffer.entry(2).line.spans == (Span(0, 5, Style(fg=1)),)
    assert buffer.sources == ["build", "test"]


def test_a_line_that_overwrites_itself_is_kept_as_what_it_showed() -> None:
    assert texts(filled("10%\r20%\r100%\r\n")) == ["10%", "20%", "100%"]


def test_a_very_long_line_is_kept_in_pieces() -> None:
    buffer = filled("x" * (2 * PIECE + 5))
    assert [entry.is_continued for _, entry in buffer.slice(0, 9)] == [False, True, True]
    assert sum(map(len, texts(buffer))) == 2 * PIECE + 5


def test_binary_output_is_no_problem() -> None:
    buffer = LogBuffer()
    buffer.append([raw(bytes(range(256)))])
    assert "␛" in "".join(texts(buffer))


def test_the_oldest_lines_go_when_the_cap_is_reached_and_numbers_stay() -> None:
    buffer = LogBuffer(max_bytes=10_000)
    for number in range(100):
        buffer.append([raw(f"line {number}")])
    assert buffer.size <= 10_000
    assert not buffer.is_complete
    assert buffer.end == 100
    assert buffer.entry(99).line.text == "line 99"
    assert buffer.entry(buffer.first).line.text == f"line {buffer.first}"


def test_slices_are_the_same_from_either_end() -> None:
    buffer = filled(*(f"line {n}" for n in range(50)))
    for start, stop in ((0, 5), (45, 50), (20, 30), (48, 99), (-3, 2), (60, 70)):
        expected = list(range(max(0, start), min(50, stop)))
        assert [(n, entry.line.text) for n, entry in buffer.slice(start, stop)] == [(n, f"line {n}") for n in expected]


def test_matches_are_line_numbers() -> None:
    buffer = filled("ok", "ERROR one", "ok", "error two")
    assert buffer.matches(re.compile("error", re.IGNORECASE), 0, buffer.end) == [1, 3]


def window(*lines: str, width: int = 4) -> LogWindow:
    """A window over wrapped lines."""
    buffer = filled(*lines)
    return LogWindow(buffer, lambda number: max(1, -(-len(buffer.entry(number).line.text) // width)))


def test_wrapped_lines_fill_the_screen_from_any_part() -> None:
    view = window("aaaabbbb", "c", "ddddeeeeff")
    assert view.rows(4) == [(0, 0), (0, 1), (1, 0), (2, 0)]
    view.top = (0, 1)
    assert view.rows(9) == [(0, 1), (1, 0), (2, 0), (2, 1), (2, 2)]


def test_the_bottom_and_scrolling_meet() -> None:
    view = window("aaaabbbb", "c", "ddddeeeeff")
    assert view.bottom(4) == (1, 0)
    assert view.scroll(1, 4) is False
    assert view.top == (0, 1)
    assert view.scroll(5, 4) is True
    assert view.top == (1, 0)
    view.scroll(-9, 4)
    assert view.top == (0, 0)


def test_only_the_lines_that_are_wanted_are_walked() -> None:
    view = window(*(f"{n}" for n in range(20)))
    view.only = [3, 7, 11, 15]
    assert view.rows(3) == [(3, 0), (7, 0), (11, 0)]
    assert view.bottom(2) == (11, 0)
    view.top = (11, 0)
    assert view.extent() == (2, 4)


def test_a_window_whose_lines_were_dropped_goes_on_with_the_oldest() -> None:
    buffer = LogBuffer(max_bytes=3_000)
    view = LogWindow(buffer, lambda _: 1)
    buffer.append(raw(f"{n}") for n in range(100))
    assert view.rows(1) == [(buffer.first, 0)]


def test_an_empty_log_has_no_rows() -> None:
    view = LogWindow(LogBuffer(), lambda _: 1)
    assert view.rows(5) == []
    assert view.scroll(1, 5) is True
