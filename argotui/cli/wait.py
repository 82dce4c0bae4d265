"""`argotui wait`."""

from __future__ import annotations

import argparse
import asyncio

from argotui.cli import options
from argotui.cli.following import wait
from argotui.cli.running import CliError, CliSession, need, run_connected
from argotui.cli.terminal import complain
from argotui.services.lookup import resolve_name
from argotui.services.waiting import WorkflowGone, wait_for_node


def add_parser(subparsers: options.Subparsers) -> None:
    """Declares the verb."""
    parser = subparsers.add_parser(
        "wait", help="wait until workflows are completed; exit code 0 only when all of them Succeeded"
    )
    parser.add_argument("names", nargs="*", metavar="WORKFLOW")
    parser.add_argument("--ignore-not-found", action="store_true", help="a workflow that does not exist is no error")
    parser.add_argument(
        "--until-node", default="", metavar="NAME=PHASE", help="wait only until the node of this name has this phase"
    )


def run(args: argparse.Namespace) -> int:
    """Waits; returns the exit code."""
    need(bool(args.names), "name a workflow; @latest is the newest one")
    return run_connected(args, lambda session: _wait(session, args))


async def _wait(session: CliSession, args: argparse.Namespace) -> int:
    names = [await resolve_name(session.client, session.namespace, name) for name in args.names]
    if not args.until_node:
        keys = [(session.namespace, name) for name in names]
        return await wait(session, keys, ignore_missing=args.ignore_not_found)
    node, separator, phase = args.until_node.rpartition("=")
    if not (separator and node and phase):
        raise CliError(f"--until-node expects NAME=PHASE, not {args.until_node!r}")
    results = await asyncio.gather(*(_until_node(session, args, name, node, phase) for name in names))
    return 0 if all(results) else 1


async def _until_node(session: CliSession, args: argparse.Namespace, name: str, node: str, phase: str) -> bool:
    try:
        workflow = await wait_for_node(session.client, session.namespace, name, node, phase)
    except WorkflowGone as gone:
        if args.ignore_not_found and not gone.existed:
            return True
        complain(str(gone))
        return False
    if workflow is None:
        complain(f"workflow {name} is completed, and no node {node!r} has become {phase}")
    return workflow is not None
