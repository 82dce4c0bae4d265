"""`python -m argotui.local.supervisor --dir DIR --runtime NAME`, started by `argotui local start`."""

import argparse
import asyncio
import logging
import sys
from pathlib import Path

from argotui.local.supervisor.supervisor import AlreadyRunning, prepare, supervise, take_lock


def main(argv: list[str]) -> int:
    """Exit code 0 when stopped, 3 when another supervisor runs in the directory."""
    parser = argparse.ArgumentParser(prog="argotui.local.supervisor")
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--runtime", default="auto")
    parser.add_argument("--listening-fd", type=int, help="written to and closed once the control socket listens")
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    prepare(options.dir)
    try:
        take_lock(options.dir)
    except AlreadyRunning as error:
        print(error, file=sys.stderr)
        return 3
    asyncio.run(supervise(options.dir, options.runtime, options.listening_fd))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
