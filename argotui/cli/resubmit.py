"""`argotui resubmit`."""

from __future__ import annotations

import argparse

from argotui.cli import options
from argotui.cli.acting import do, meant, need_workflows, passed
from argotui.cli.following import check_follow_up
from argotui.cli.retry import tell_and_follow
from argotui.cli.running import CliSession, run_connected


def add_parser(subparsers: options.Subparsers) -> None:
    """Declares the verb."""
    parser = subparsers.add_parser("resubmit", help="submit workflows again, as new ones")
    parser.add_argument("names", nargs="*", metavar="WORKFLOW")
    options.selectors(parser)
    parser.add_argument("--memoized", action="store_true", help="take over the results of steps that succeeded")
    parser.add_argument(
        "--priority",
        type=options.number(-options.INT32 - 1, options.INT32),
        metavar="N",
        help="priority of the new workflow",
    )
    options.parameters(parser, "override a parameter of the workflow")
    options.output(parser, "name", "json", "yaml", "wide")
    options.wait_watch_log(parser)
    options.reason(parser)


def run(args: argparse.Namespace) -> int:
    """Resubmits; returns the exit code."""
    need_workflows(args)
    return run_connected(args, lambda session: _resubmit(session, args))


async def _resubmit(session: CliSession, args: argparse.Namespace) -> int:
    workflows = await meant(session, args)
    check_follow_up(args, len(workflows))
    answers = {"memoized": "true" if args.memoized else "false", **passed(args.parameter)}
    if args.priority is not None:
        answers["priority"] = str(args.priority)
    outcomes = await do(session, "workflow.resubmit", workflows, answers, args.reason)
    return await tell_and_follow(session, args, outcomes)
