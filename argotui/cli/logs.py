"""`argotui logs`."""

from __future__ import annotations

import argparse
import re

from argotui.cli import options
from argotui.cli.following import print_log
from argotui.cli.log_text import LogPrinter
from argotui.cli.running import CliError, CliSession, run_connected
from argotui.cli.terminal import terminal
from argotui.model.duration import SECOND, DurationError, go_duration
from argotui.model.times import format_time, parse_time
from argotui.services.log_stream import LogRequest
from argotui.services.lookup import workflow_named


def add_parser(subparsers: options.Subparsers) -> None:
    """Declares the verb."""
    parser = subparsers.add_parser("logs", help="print the log of a workflow, all its pods merged, or of one pod")
    parser.add_argument("name", metavar="WORKFLOW")
    parser.add_argument("pod", metavar="POD", nargs="?", default="")
    parser.add_argument("-f", "--follow", action="store_true", help="go on until the workflow is completed")
    parser.add_argument("-c", "--container", default="main", metavar="NAME", help="container; default: main")
    parser.add_argument("--since", default="", metavar="TIME", help="only lines newer than this: 5s, 2m, 3h")
    parser.add_argument("--since-time", default="", metavar="DATE", help="only lines after this moment (RFC 3339)")
    parser.add_argument(
        "--tail",
        type=options.number(-1, options.INT64),
        default=-1,
        metavar="N",
        help="only the last N lines of each pod",
    )
    parser.add_argument("--timestamps", action="store_true", help="the time of each line")
    parser.add_argument("--grep", default="", metavar="REGEX", help="only lines that match")
    parser.add_argument("-p", "--previous", action="store_true", help="the container's instance before the last one")
    parser.add_argument("-l", "--selector", default="", metavar="LABELS", help="only pods that match the labels")
    parser.add_argument("--no-color", action="store_true", help="no colours")


def run(args: argparse.Namespace) -> int:
    """Prints; returns the exit code."""
    return run_connected(args, lambda session: _logs(session, args))


async def _logs(session: CliSession, args: argparse.Namespace) -> int:
    request = request_of(args)
    printer = LogPrinter(terminal(no_color=args.no_color), timestamps=args.timestamps, grep=_pattern(args.grep))
    workflow = await workflow_named(session.client, session.namespace, args.name)
    await print_log(session, workflow, request, printer=printer)
    return 0


def request_of(args: argparse.Namespace) -> LogRequest:
    """What the options ask for. Raises CliError for what cannot be understood."""
    if args.since and args.since_time:
        raise CliError("only one of --since and --since-time may be used")
    return LogRequest(
        container=args.container,
        follow=args.follow,
        tail_lines=args.tail if args.tail >= 0 else None,
        since_seconds=_seconds(args.since),
        since_time=_moment(args.since_time),
        previous=args.previous,
        pod=args.pod,
        labels=args.selector,
    )


def _seconds(text: str) -> int | None:
    if not text:
        return None
    try:
        return max(1, go_duration(text) // SECOND)
    except DurationError as error:
        raise CliError(f"--since: {error}") from error


def _moment(text: str) -> str | None:
    if not text:
        return None
    try:
        moment = parse_time(text)
    except ValueError as error:
        raise CliError(f"--since-time: {error}") from error
    return format_time(moment) if moment else None


def _pattern(text: str) -> re.Pattern[bytes] | None:
    if not text:
        return None
    try:
        return re.compile(text.encode())
    except re.error as error:
        raise CliError(f"--grep: {error}") from error
