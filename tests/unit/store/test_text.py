"""Nothing that a terminal would obey survives, and nothing that a person should see is lost."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from argotui.store.ansi import PLAIN, Span, Style, parse_ansi, with_escapes
from argotui.store.text import REPLACEMENT, is_clean, neutralise, one_line

HOSTILE = "A\x1b]52;c;c3RvbGVu\x07B\x9b31mC\u202etxt.exe\u200bD\x00\x7f\ud800\u2028E"


def is_harmless(text: str) -> bool:
    """Judged by Unicode's own table, not by ours."""
    return all(unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} for c in text)


def test_every_character_that_unicode_calls_control_format_or_surrogate_is_replaced() -> None:
    every = "".join(map(chr, range(0x110000)))
    assert is_harmless(neutralise(every))


def test_a_control_is_seen_as_its_picture() -> None:
    assert neutralise("a\x1b[2Jb\x07\x7f") == "a␛[2Jb␇␡"
    assert neutralise("x\x9b31m\u202ey") == f"x{REPLACEMENT}31m{REPLACEMENT}y"


def test_ordinary_text_in_any_script_is_left_alone() -> None:
    for text in ("build-42", "größe ✔ ●", "ビルド完了", "сборка", "עברית", "a e\u0301"):
        assert neutralise(text) == text
        assert is_clean(text)


def test_newlines_and_tabs_follow_the_policy() -> None:
    assert neutralise("a\r\nb\tc\rd") == "a␤b␉c␍d"
    assert neutralise("a\r\nb\tc", newline="\n", tab="    ") == "a\nb    c"


def test_variation_selectors_vanish_because_terminals_disagree_about_them() -> None:
    assert neutralise("\u26a0\ufe0f low") == "\u26a0 low"


def test_one_line_takes_any_json_value_and_cuts_it() -> None:
    assert one_line(None) == ""
    assert one_line(7) == "7"
    assert one_line("x" * 9, limit=5) == "xxxx…"


@settings(deadline=None)
@given(st.text(st.characters()))
def test_any_text_becomes_harmless_and_stays_so(text: str) -> None:
    once = neutralise(text)
    assert is_harmless(once)
    assert neutralise(once) == once


@settings(deadline=None)
@given(st.text(st.one_of(st.sampled_from("\x1b\x9b[;:m0123456789\t\r"), st.characters())))
def test_any_log_line_becomes_harmless_and_spans_lie_within_it(line: str) -> None:
    parsed = parse_ansi(line)
    assert is_harmless(parsed.text)
    end = 0
    for span in parsed.spans:
        assert end <= span.start < span.end <= len(parsed.text)
        end = span.end


def test_colours_are_kept_as_data() -> None:
    parsed = parse_ansi("ok \x1b[1;31mFAILED\x1b[0m 3")
    assert parsed.text == "ok FAILED 3"
    assert parsed.spans == (Span(3, 9, Style(fg=1, bold=True)),)
    assert parsed.after == PLAIN


@pytest.mark.parametrize(
    ("sequence", "style"),
    [
        ("\x1b[38;5;208m", Style(fg=208)),
        ("\x1b[48;2;1;2;3m", Style(bg=(1, 2, 3))),
        ("\x1b[38:2::9:8:7m", Style(fg=(9, 8, 7))),
        ("\x1b[38;5;208;4m", Style(fg=208, underline=True)),
        ("\x1b[97;104m", Style(fg=15, bg=12)),
        ("\x1b[38;5;999m", PLAIN),
        ("\x1b[38m", PLAIN),
        ("\x1b[5;8m", PLAIN),
        ("\x1b[1;2;22m", PLAIN),
        ("\x1b[31;39m", PLAIN),
        ("\x1b[7m\x1b[m", PLAIN),
    ],
)
def test_sgr_codes(sequence: str, style: Style) -> None:
    assert parse_ansi(sequence + "x").after == style


def test_a_colour_carries_over_to_the_next_line() -> None:
    first = parse_ansi("\x1b[33mwarn")
    second = parse_ansi("still warn", first.after)
    assert second.spans == (Span(0, 10, Style(fg=3)),)


def test_other_sequences_are_seen_not_obeyed() -> None:
    assert parse_ansi("a\x1b[2Ab\x1b]0;title\x07").text == "a␛[2Ab␛]0;title␇"
    assert parse_ansi("\x1b[01;31m\x1b[Kmatch\x1b[m\x1b[K").text == "match"


def test_tabs_stop_at_every_eighth_column_across_colours() -> None:
    assert parse_ansi("ab\tc").text == "ab      c"
    assert parse_ansi("ab\x1b[1m\tc").text == "ab      c"


def test_the_known_attack_is_inert() -> None:
    assert is_harmless(neutralise(HOSTILE))
    assert is_harmless(parse_ansi(HOSTILE).text)


def test_a_coloured_line_can_be_written_to_a_terminal_again() -> None:
    parsed = parse_ansi("ok \x1b[1;31mBAD\x1b[38;2;1;2;3m!\x1b]0;x\x07")
    assert with_escapes(parsed) == "ok \x1b[1;38;5;1mBAD\x1b[0m\x1b[1;38;2;1;2;3m!␛]0;x␇\x1b[0m"
    assert parse_ansi(with_escapes(parsed)).spans == parsed.spans
