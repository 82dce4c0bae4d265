"""The real `argotui --local` in a real pty, used as a person would; and the terminal afterwards."""

import os
import re
import signal
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.localcluster import LocalCluster
from tests.terminal import Terminal

pytestmark = pytest.mark.timeout(240)

# private modes that are on in a terminal that nobody has touched: lines wrap, the cursor shows
ON_BY_DEFAULT = {b"7", b"25"}


@pytest.fixture(scope="module")
def demo(cluster: LocalCluster) -> str:
    """The demo's pipeline, submitted; its name."""
    return next(line for line in cluster.argotui("demo", "--prepare").stdout.split() if line.startswith("ci-pipeline-"))


@pytest.fixture
def terminal(cluster: LocalCluster) -> Iterator[Terminal]:
    environment = {**cluster.environment}
    environment.pop("NO_COLOR", None)
    environment.pop("KUBECONFIG", None)
    started = Terminal([sys.executable, "-m", "argotui", "--local"], environment)
    yield started
    started.close()


def _matches(pattern: str) -> Callable[[str], bool]:
    return lambda screen: re.search(pattern, screen) is not None


def _assert_left_as_found(terminal: Terminal) -> None:
    """Every private mode is back at its default and the line discipline is as before."""
    state: dict[bytes, bool] = {}
    for match in re.finditer(rb"\x1b\[\?([\d;]+)([hl])", bytes(terminal.written)):
        for mode in match[1].split(b";"):
            state[mode] = match[2] == b"h"
    assert {mode: on for mode, on in state.items() if on != (mode in ON_BY_DEFAULT)} == {}
    assert b"\x1b[?1049h" in terminal.written
    assert termios.tcgetattr(terminal._fd)[:4] == terminal.modes[:4]


def test_the_demo_from_the_first_picture_to_succeeded(cluster: LocalCluster, terminal: Terminal, demo: str) -> None:
    terminal.wait(demo)
    terminal.press("/", "ci-pipeline", "enter")
    terminal.wait(lambda screen: demo in screen and "nightly-report" not in screen)
    terminal.press("enter")
    terminal.wait("checkout")
    terminal.wait(_matches(r"checkout.*Succeeded|Succeeded.*checkout|✔ checkout"), 60)

    # the log of the step under the cursor
    for _ in range(40):
        if "checkout" in terminal.screen.display[terminal.screen.cursor.y]:
            break
        terminal.press("j")
        terminal.read(0.2)
    terminal.press("g", "j", "l")
    terminal.wait("checked out", 30)
    terminal.press("esc")
    terminal.wait("update-gitops")

    # the gate waits: approved with a reason
    terminal.wait(_matches(r"approve.*Waiting|Waiting.*approve|◆ approve"), 90)
    terminal.press("a")
    terminal.wait(lambda screen: "reason" in screen.lower())
    terminal.press("tested on staging")
    terminal.wait("tested on staging")
    # a dialog that has just appeared ignores enter for a moment, so that type-ahead cannot confirm it
    terminal.read(0.5)
    terminal.press("enter")
    terminal.wait(_matches(r"update-gitops.*Succeeded|✔ update-gitops"), 60)
    assert cluster.workflow(demo)["status"]["phase"] == "Succeeded"

    terminal.press("ctrl+q")
    assert terminal.wait_for_exit() == 0
    _assert_left_as_found(terminal)
    annotations = cluster.workflow(demo)["metadata"]["annotations"]
    trail = [value for key, value in annotations.items() if key.startswith("audit.argotui.io/")]
    assert any("tested on staging" in value for value in trail)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_dropped_connection_restores_the_terminal(terminal: Terminal, number: signal.Signals, demo: str) -> None:
    terminal.wait(demo)
    os.kill(terminal.pid, number)
    terminal.wait_for_exit()
    _assert_left_as_found(terminal)


def _written_within(terminal: Terminal, seconds: float) -> int:
    """Bytes that come while somebody only looks."""
    before, until = len(terminal.written), time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        terminal.read(left)
    return len(terminal.written) - before


def test_nothing_is_written_at_rest(cluster: LocalCluster, terminal: Terminal, demo: str) -> None:
    terminal.wait(demo)
    _written_within(terminal, 1.0)  # the first picture
    # what is young counts its seconds; nothing else may move, so few bytes come whenever one looks
    quietest = min(_written_within(terminal, 1.0) for _ in range(5))
    assert quietest < 2000


def test_a_resize_storm_ends_in_a_whole_picture(terminal: Terminal, demo: str) -> None:
    terminal.wait(demo)
    for width in (80, 60, 130, 81, 200, 119, 40, 100):
        terminal.resize(width, 24 + width % 20)
        terminal.read(0.05)
    terminal.resize(100, 30)
    terminal.wait(demo)
    assert terminal.exit_code is None


def test_the_pictures_of_a_slow_reader(terminal: Terminal, demo: str, cluster: LocalCluster, tmp_path: Path) -> None:
    """A reader that stalls stops the console, never the cluster."""
    terminal.wait(demo)
    cluster.argotui("submit", str(Path(__file__).parents[2] / "examples" / "02-steps.yaml"), "--wait", timeout=60)
    terminal.wait("steps-")
