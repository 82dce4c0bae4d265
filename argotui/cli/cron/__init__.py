"""`argotui cron list | get | create | update | delete | suspend | resume | lint | backfill`."""

from __future__ import annotations

import argparse
import importlib

from argotui.cli import options

_VERBS = {
    "list": "reading",
    "get": "reading",
    "create": "making",
    "update": "making",
    "delete": "acting",
    "suspend": "acting",
    "resume": "acting",
    "lint": "making",
    "backfill": "backfill",
}
"""Each verb with its module here."""


def add_parser(subparsers: options.Subparsers) -> None:
    """Declares the verb and its own verbs."""
    parser = subparsers.add_parser("cron", help="cron workflows: workflows that run at certain times")
    verbs = parser.add_subparsers(dest="cron_verb", metavar="VERB", required=True)
    for module in dict.fromkeys(_VERBS.values()):
        importlib.import_module(f"argotui.cli.cron.{module}").add_parsers(verbs)


def run(args: argparse.Namespace) -> int:
    """Runs the chosen verb; returns the exit code."""
    module = importlib.import_module(f"argotui.cli.cron.{_VERBS[args.cron_verb]}")
    result: int = getattr(module, f"run_{args.cron_verb}")(args)
    return result
