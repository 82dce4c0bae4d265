"""`argotui resume`."""

from __future__ import annotations

import argparse

from argotui.cli import options
from argotui.cli.acting import do, meant, need_workflows, tell
from argotui.cli.running import CliSession, run_connected


def add_parser(subparsers: options.Subparsers) -> None:
    """Declares the verb."""
    parser = subparsers.add_parser("resume", help="let suspended workflows and their waiting gates go on")
    parser.add_argument("names", nargs="*", metavar="WORKFLOW")
    options.selectors(parser)
    parser.add_argument(
        "--node-field-selector", default="", metavar="FIELDS", help="only the gates that match, as displayName=approve"
    )
    parser.add_argument("-m", "--message", default="", metavar="TEXT", help="message for the gates")
    options.reason(parser)


def run(args: argparse.Namespace) -> int:
    """Resumes; returns the exit code."""
    need_workflows(args)
    return run_connected(args, lambda session: _resume(session, args))


async def _resume(session: CliSession, args: argparse.Namespace) -> int:
    answers = {"selector": args.node_field_selector, "message": args.message}
    return tell(await do(session, "workflow.resume", await meant(session, args), answers, args.reason or args.message))
