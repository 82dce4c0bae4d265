"""`argotui get`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from argotui.cli import options
from argotui.cli.printing import print_documents
from argotui.cli.running import CliError, CliSession, need, run_connected
from argotui.cli.terminal import terminal
from argotui.cli.watching import Keep
from argotui.cli.workflow_text import TreeText, whole
from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.selectors import node_selector
from argotui.services.lookup import workflow_named


def add_parser(subparsers: options.Subparsers) -> None:
    """Declares the verb."""
    parser = subparsers.add_parser("get", help="show workflows and their trees of steps; @latest is the newest one")
    parser.add_argument("names", nargs="*", metavar="WORKFLOW")
    options.output(parser, "name", "json", "yaml", "short", "wide")
    add_view(parser)


def add_view(parser: argparse.ArgumentParser) -> None:
    """The options that say which nodes are shown, and with which signs; shared with `watch`."""
    parser.add_argument("--status", default="", metavar="PHASE", help="only nodes in this phase")
    parser.add_argument(
        "--node-field-selector", default="", metavar="FIELDS", help="only nodes that match, as displayName=build"
    )
    parser.add_argument("--no-color", action="store_true", help="no colours")
    parser.add_argument("--no-utf8", action="store_true", help="ASCII only")


def keep_of(args: argparse.Namespace) -> Keep | None:
    """Which nodes are shown; None for all. Raises CliError for options that contradict each other."""
    if args.status and args.node_field_selector:
        raise CliError("--status cannot be combined with --node-field-selector")
    if args.status:
        wanted = args.status

        def in_phase(node: Mapping[str, Any]) -> bool:
            return bool(node.get("phase") == wanted)

        return in_phase
    return node_selector(args.node_field_selector).matches if args.node_field_selector else None


def run(args: argparse.Namespace) -> int:
    """Shows; returns the exit code."""
    need(bool(args.names), "name a workflow; @latest is the newest one")
    return run_connected(args, lambda session: _get(session, args))


async def _get(session: CliSession, args: argparse.Namespace) -> int:
    keep = keep_of(args)
    for number, name in enumerate(args.names):
        workflow = await workflow_named(session.client, session.namespace, name)
        if number and args.output not in ("name", "json", "yaml"):
            print()
        print_workflow(workflow, args.output, keep=keep, no_color=args.no_color, no_utf8=args.no_utf8)
    return 0


def print_workflow(
    workflow: Document, output: str, *, keep: Keep | None = None, no_color: bool = False, no_utf8: bool = False
) -> None:
    """One workflow in the chosen format. Also what submit, retry and resubmit print."""
    if output == "name":
        print(documents.name(workflow))
    elif output in ("json", "yaml"):
        print_documents(workflow, output)
    else:
        screen = terminal(no_color=no_color, no_utf8=no_utf8)
        tree = TreeText(screen, keep=keep, wide=output == "wide")
        print("\n".join(whole(workflow, screen, tree, short=output == "short")))
