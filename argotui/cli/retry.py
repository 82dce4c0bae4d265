"""`argotui retry`."""

from __future__ import annotations

import argparse

from argotui.cli import options
from argotui.cli.acting import do, exit_code, meant, need_workflows, notes, passed
from argotui.cli.following import check_follow_up, follow_up
from argotui.cli.get import print_workflow
from argotui.cli.running import CliSession, run_connected
from argotui.cli.terminal import complain
from argotui.services.actions.types import Outcome, Result


def add_parser(subparsers: options.Subparsers) -> None:
    """Declares the verb."""
    parser = subparsers.add_parser("retry", help="run the failed steps of workflows again, in the same workflow")
    parser.add_argument("names", nargs="*", metavar="WORKFLOW")
    options.selectors(parser)
    parser.add_argument(
        "--node-field-selector", default="", metavar="FIELDS", help="nodes to run again; needs --restart-successful"
    )
    parser.add_argument(
        "--restart-successful", action="store_true", help="run also the successful nodes that match the selector"
    )
    options.parameters(parser, "override a parameter of the workflow")
    options.output(parser, "name", "json", "yaml", "wide")
    options.wait_watch_log(parser)
    options.reason(parser)


def run(args: argparse.Namespace) -> int:
    """Retries; returns the exit code."""
    need_workflows(args)
    return run_connected(args, lambda session: _retry(session, args))


async def _retry(session: CliSession, args: argparse.Namespace) -> int:
    workflows = await meant(session, args)
    check_follow_up(args, len(workflows))
    answers = {
        "selector": args.node_field_selector,
        "restart_successful": "true" if args.restart_successful else "false",
        **passed(args.parameter),
    }
    return await tell_and_follow(session, args, await do(session, "workflow.retry", workflows, answers, args.reason))


async def tell_and_follow(session: CliSession, args: argparse.Namespace, outcomes: list[Outcome]) -> int:
    """Prints the workflows that were started, complains about the others, then waits, watches or logs."""
    started = [outcome.document for outcome in outcomes if outcome.document and outcome.result is not Result.FAILED]
    for workflow in started:
        print_workflow(workflow, args.output)
    for outcome in outcomes:
        if outcome.result is Result.FAILED:
            complain(f"{outcome.target.label}: {outcome.text}")
    notes(outcomes)
    failed = exit_code(outcomes)
    return (await follow_up(session, args, started) if started else 0) or failed
