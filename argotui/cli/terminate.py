"""`argotui terminate`."""

from __future__ import annotations

import argparse

from argotui.cli import options
from argotui.cli.acting import do, meant, need_workflows, tell
from argotui.cli.running import CliSession, run_connected
from argotui.cli.stop import say_dry_run


def add_parser(subparsers: options.Subparsers) -> None:
    """Declares the verb."""
    parser = subparsers.add_parser("terminate", help="end workflows at once; no exit handler runs")
    parser.add_argument("names", nargs="*", metavar="WORKFLOW")
    options.selectors(parser)
    parser.add_argument("--dry-run", action="store_true", help="only say which workflows would be terminated")
    options.reason(parser)


def run(args: argparse.Namespace) -> int:
    """Terminates; returns the exit code."""
    need_workflows(args)
    return run_connected(args, lambda session: _terminate(session, args))


async def _terminate(session: CliSession, args: argparse.Namespace) -> int:
    workflows = await meant(session, args)
    if args.dry_run:
        return say_dry_run(workflows, "terminated")
    return tell(await do(session, "workflow.terminate", workflows, {}, args.reason))
