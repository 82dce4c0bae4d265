"""The process that starts etcd and kube-apiserver, and ends them when the session that uses them is gone.

`python keeper.py DIRECTORY` reads one JSON document a line on its standard input and answers each with one:

    {"start": NAME, "command": [...], "log": PATH}    {"pid": 123}
    {"signal": 9, "to": NAME, "wait": true}           {"code": -9}, or {} without `wait`
    {"ask": NAME}                                     {"code": null} while it runs

When its input ends, for whatever reason, it kills all of them and removes DIRECTORY; and the kernel kills them when
this process itself is killed. Needs the standard library only.
"""

import contextlib
import ctypes
import json
import shutil
import signal
import subprocess
import sys
from typing import Any

_PR_SET_PDEATHSIG = 1
_LIBRARY = ctypes.CDLL(None) if sys.platform == "linux" else None


def _die_with_parent() -> None:
    if _LIBRARY is not None:
        _LIBRARY.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Keeper:
    """The children by name."""

    def __init__(self) -> None:
        self.children: dict[str, subprocess.Popen[bytes]] = {}

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Does what one line asks for."""
        if "start" in asked:
            with open(asked["log"], "ab") as log:
                child = subprocess.Popen(
                    asked["command"], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    preexec_fn=_die_with_parent,  # noqa: PLW1509 - this process has one thread
                )  # fmt: skip
            self.children[asked["start"]] = child
            return {"pid": child.pid}
        if "ask" in asked:
            return {"code": self.children[asked["ask"]].poll()}
        child = self.children[asked["to"]]
        child.send_signal(asked["signal"])
        return {"code": child.wait()} if asked.get("wait") else {}

    def end(self) -> None:
        """kill -9 of all."""
        for child in self.children.values():
            child.kill()
            child.wait()


def _serve(directory: str) -> None:
    keeper = Keeper()
    try:
        for line in sys.stdin:
            print(json.dumps(keeper.answer(json.loads(line))), flush=True)
    finally:
        keeper.end()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        _serve(sys.argv[1])
