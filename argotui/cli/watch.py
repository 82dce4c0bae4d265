"""`argotui watch`."""

from __future__ import annotations

import argparse

from argotui.cli import options
from argotui.cli.get import add_view, keep_of
from argotui.cli.running import CliSession, run_connected
from argotui.cli.watching import watch
from argotui.services.lookup import resolve_name


def add_parser(subparsers: options.Subparsers) -> None:
    """Declares the verb."""
    parser = subparsers.add_parser(
        "watch", help="show a workflow until it is completed; exit code 0 only when it Succeeded"
    )
    parser.add_argument("name", metavar="WORKFLOW")
    add_view(parser)


def run(args: argparse.Namespace) -> int:
    """Watches; returns the exit code."""
    return run_connected(args, lambda session: _watch(session, args))


async def _watch(session: CliSession, args: argparse.Namespace) -> int:
    keep = keep_of(args)
    name = await resolve_name(session.client, session.namespace, args.name)
    return await watch(session, session.namespace, name, keep=keep, no_color=args.no_color, no_utf8=args.no_utf8)
