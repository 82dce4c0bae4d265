"""`argotui stop`."""

from __future__ import annotations

import argparse

from argotui.cli import options
from argotui.cli.acting import do, meant, need_workflows, tell
from argotui.cli.running import CliSession, run_connected
from argotui.model import documents
from argotui.model.documents import Document


def add_parser(subparsers: options.Subparsers) -> None:
    """Declares the verb."""
    parser = subparsers.add_parser("stop", help="end workflows; their exit handlers run")
    parser.add_argument("names", nargs="*", metavar="WORKFLOW")
    options.selectors(parser)
    parser.add_argument("--dry-run", action="store_true", help="only say which workflows would be stopped")
    parser.add_argument("-m", "--message", default="", metavar="TEXT", help="message for the gates that end by it")
    parser.add_argument(
        "--node-field-selector", default="", metavar="FIELDS", help="fail only the waiting gates that match"
    )
    options.reason(parser)


def run(args: argparse.Namespace) -> int:
    """Stops; returns the exit code."""
    need_workflows(args)
    return run_connected(args, lambda session: _stop(session, args))


async def _stop(session: CliSession, args: argparse.Namespace) -> int:
    workflows = await meant(session, args)
    if args.dry_run:
        return say_dry_run(workflows, "stopped")
    reason = args.reason or args.message
    if args.node_field_selector:
        answers = {"selector": args.node_field_selector, "phase": "Failed", "message": args.message}
        outcomes = await do(session, "node.set", workflows, answers, reason)
    else:
        outcomes = await do(session, "workflow.stop", workflows, {}, reason)
    return tell(outcomes)


def say_dry_run(workflows: list[Document], done: str) -> int:
    """Prints what would have been done."""
    for workflow in workflows:
        print(f"workflow {documents.name(workflow)} {done} (dry-run)")
    return 0
