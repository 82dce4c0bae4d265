"""`argotui suspend`."""

from __future__ import annotations

import argparse

from argotui.cli import options
from argotui.cli.acting import do, meant, need_workflows, tell
from argotui.cli.running import CliSession, run_connected


def add_parser(subparsers: options.Subparsers) -> None:
    """Declares the verb."""
    parser = subparsers.add_parser("suspend", help="start nothing new until resumed; running steps finish")
    parser.add_argument("names", nargs="*", metavar="WORKFLOW")
    options.selectors(parser)
    options.reason(parser)


def run(args: argparse.Namespace) -> int:
    """Suspends; returns the exit code."""
    need_workflows(args)
    return run_connected(args, lambda session: _suspend(session, args))


async def _suspend(session: CliSession, args: argparse.Namespace) -> int:
    return tell(await do(session, "workflow.suspend", await meant(session, args), {}, args.reason))
