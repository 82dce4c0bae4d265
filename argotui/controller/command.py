"""The command line of the controller: options, logging, exit code."""

import asyncio
import json
import logging
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from argotui.controller.flags import parse_options
from argotui.controller.options import OptionError, Options
from argotui.controller.running import run_controller

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warn": logging.WARNING, "error": logging.ERROR}


def main(argv: Sequence[str]) -> int:
    """0 after SIGTERM, 1 for a configuration that cannot be used, 2 for a wrong command line."""
    try:
        options = parse_options(argv)
    except OptionError as error:
        print(f"argotui controller: {error}", file=sys.stderr)
        return 2
    _start_logging(options)
    return asyncio.run(run_controller(options))


class _JsonLines(logging.Formatter):
    """One JSON object a line: time, level, msg, error."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "msg": record.getMessage(),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line)


def _start_logging(options: Options) -> None:
    handler = logging.StreamHandler(sys.stderr)
    if options.log_format == "json":
        handler.setFormatter(_JsonLines())
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(_LEVELS[options.log_level])
    # its own chatter about every connection would bury what happens to workflows
    logging.getLogger("aiohttp").setLevel(logging.WARNING)
    logging.getLogger("asyncio").setLevel(logging.WARNING)
