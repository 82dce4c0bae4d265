"""A process for the supervisor tests: notes its pid, says `ready` unless told not to, and waits for SIGTERM."""

import os
import signal
import sys
from pathlib import Path


def main(journal: str, behaviour: str) -> int:
    with Path(journal).open("a") as file:
        file.write(f"{os.getpid()}\n")
    if behaviour == "dies":
        print("2026-11-22 12:00:00,123 ERROR there is no podman here", file=sys.stderr, flush=True)
        return 7
    if behaviour == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    print("ready", flush=True)
    signal.sigwait({signal.SIGUSR1})
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
