"""What really goes to the terminal, which Pilot cannot see: how many bytes, and which."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.terminal import Terminal

pytestmark = pytest.mark.timeout(120)

ROOT = Path(__file__).parents[2]
Opened = Callable[..., Terminal]
POINTER = "\x1b]22;default\x07"
"""Textual's own: the shape of the mouse pointer."""


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """Opens the console in a terminal; closed at the end."""
    terminals: list[Terminal] = []

    def open_one(scenario: str, *, columns: int = 120, rows: int = 40, **environment: str) -> Terminal:
        unwanted = ("NO_COLOR", "TMUX", "SSH_CONNECTION", "SSH_TTY", "COLUMNS", "LINES")
        kept = {k: v for k, v in os.environ.items() if k not in unwanted}
        kept |= {"XDG_STATE_HOME": str(tmp_path), "PYTHONPATH": str(ROOT), **environment}
        chosen = [f"{name}={environment[name]}" for name in ("TERM", "COLORTERM") if name in environment]
        command = ["env", *chosen, sys.executable, "-m", "tests.console.pty_app", scenario]
        terminals.append(Terminal(command, kept, columns=columns, rows=rows))
        return terminals[-1]

    yield open_one
    for terminal in terminals:
        terminal.close()


def settle(terminal: Terminal) -> None:
    """Reads until nothing more comes."""
    while terminal.read(1.0):
        """There is more."""


def written_by(terminal: Terminal, cause: Callable[[], object]) -> bytes:
    """What the terminal is sent because of something."""
    before = len(terminal.written)
    cause()
    settle(terminal)
    return bytes(terminal.written[before:])


def test_nothing_is_sent_at_rest(opened: Opened) -> None:
    terminal = opened("many")
    terminal.wait("job-00")
    settle(terminal)
    before = len(terminal.written)
    terminal.read(3.0)
    assert len(terminal.written) == before


def test_one_row_costs_few_bytes_and_a_burst_little_more(opened: Opened) -> None:
    terminal = opened("many", columns=180, rows=50)
    terminal.wait("job-00")
    settle(terminal)
    one = written_by(terminal, lambda: os.kill(terminal.pid, signal.SIGUSR1))
    assert b"1/9" in one
    assert len(one) <= 400
    burst = written_by(terminal, lambda: os.kill(terminal.pid, signal.SIGUSR2))
    assert len(burst) <= 50 * 400
    moved = written_by(terminal, lambda: terminal.press("j"))
    assert len(moved) <= 2000


def test_an_open_prompt_does_not_blink(opened: Opened) -> None:
    terminal = opened("many")
    terminal.wait("job-00")
    terminal.press("/", "job-1")
    terminal.wait("10 of 50")
    settle(terminal)
    assert written_by(terminal, lambda: terminal.read(2.0)) == b""


def test_the_first_picture_comes_before_the_network_and_is_small(opened: Opened) -> None:
    terminal = opened("many", columns=180, rows=50)
    terminal.wait("argotui")
    assert "connecting" in terminal.text or "live" in terminal.text
    terminal.wait("job-00")
    settle(terminal)
    assert len(terminal.written) <= 120_000


def test_hostile_text_sends_no_sequence_of_its_own(opened: Opened) -> None:
    terminal = opened("hostile")
    terminal.wait("gnp.exe")
    terminal.press(":", "open evil", "enter")
    terminal.wait("checkout")
    for keys in (("j", "l"), ("esc", "w", "d"), ("esc", "y"), ("esc", "a")):
        terminal.press(*keys)
        settle(terminal)
    terminal.press("esc")
    settle(terminal)
    terminal.press("ctrl+q")
    terminal.wait_for_exit()
    sent = bytes(terminal.written).decode("utf-8").replace(POINTER, "")
    assert "pwned" not in sent
    assert not re.search("[\x00-\x07\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f\u200b\u202e]", sent)
    ours = re.compile(r"\x1b(?:\[[\d;?>$]*[A-Za-z]|\[<u|\[\d+;\d+[Hf]|[=>]|\(B)")
    rest = ours.sub("", sent)
    assert "\x1b" not in rest, re.findall("\x1b.{0,12}", rest)


@pytest.mark.parametrize(
    "environment",
    [{"NO_COLOR": "1"}, {"TERM": "linux", "COLORTERM": ""}, {"TEST_THEME": "light"}, {"TEST_ASCII": "1"}],
    ids=["no-color", "linux-console", "light", "ascii"],
)
def test_other_terminals_show_the_same(opened: Opened, environment: dict[str, str]) -> None:
    terminal = opened("everything", **environment)
    terminal.wait("Waiting approval")
    terminal.wait("OOMKilled")
    if "NO_COLOR" in environment:
        assert not re.search(rb"\x1b\[[\d;]*[34]8;[25];", bytes(terminal.written))
    terminal.press("G", "enter")
    terminal.wait("update-gitops")
    terminal.press("ctrl+q")
    assert terminal.wait_for_exit() == 0


def test_a_copy_inside_tmux_is_wrapped_for_it(opened: Opened) -> None:
    terminal = opened("everything", TMUX="/tmp/tmux-0/default,1,0")
    terminal.wait("OOMKilled")
    sent = written_by(terminal, lambda: terminal.press("c"))
    assert b"\x1bPtmux;\x1b\x1b]52;c;" in sent


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_signal_restores_the_terminal(opened: Opened, number: signal.Signals) -> None:
    terminal = opened("everything")
    terminal.wait("OOMKilled")
    os.kill(terminal.pid, number)
    assert terminal.wait_for_exit() == 0
    assert b"\x1b[?1049l" in terminal.written
    assert b"\x1b[?25h" in terminal.written


def test_a_storm_of_resizes_ends_in_a_whole_picture(opened: Opened) -> None:
    terminal = opened("everything")
    terminal.wait("OOMKilled")
    for width in (80, 60, 130, 81, 200, 119, 40, 100, 20, 120):
        terminal.resize(width, 20 + width % 21)
        terminal.read(0.03)
    terminal.resize(110, 30)
    terminal.wait(lambda screen: "Waiting approval" in screen and "NAME" in screen)
    settle(terminal)
    assert all(len(line) <= 110 for line in terminal.text.splitlines())
    assert terminal.text.count("Waiting approval") == 1


def test_keys_that_arrive_in_one_piece_act_one_after_the_other(opened: Opened) -> None:
    terminal = opened("everything")
    terminal.wait("OOMKilled")
    terminal.press("/ci-pipeline\r\r")
    terminal.wait("update-gitops")
    terminal.press("\x1b")
    terminal.wait("NAME")
    terminal.press(":open ci-pipeline-8x2kq\r")
    terminal.wait("update-gitops")
    terminal.press("axrl looks good")
    terminal.wait("xrl looks good")
    terminal.wait("gate 'approve' of argo/ci-pipeline-8x2kq succeeds")
