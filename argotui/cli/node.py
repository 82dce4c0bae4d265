"""`argotui node set`."""

from __future__ import annotations

import argparse

from argotui.cli import options
from argotui.cli.acting import do, tell
from argotui.cli.running import CliError, CliSession, run_connected
from argotui.services.actions.asking import PARAMETER
from argotui.services.lookup import workflow_named


def add_parser(subparsers: options.Subparsers) -> None:
    """Declares the verb."""
    parser = subparsers.add_parser("node", help="set the phase, the message or the outputs of waiting gates")
    parser.add_argument("verb", choices=("set",))
    parser.add_argument("name", metavar="WORKFLOW")
    parser.add_argument("--node-field-selector", default="", metavar="FIELDS", help="gates, as displayName=approve")
    parser.add_argument("--phase", default="", metavar="PHASE", help="Succeeded, Failed or Error")
    parser.add_argument("-m", "--message", default="", metavar="TEXT", help="the node's message")
    parser.add_argument(
        "-p", "--output-parameter", action="append", default=[], metavar="NAME=VALUE", help="value of a supplied output"
    )
    options.reason(parser)


def run(args: argparse.Namespace) -> int:
    """Sets; returns the exit code."""
    return run_connected(args, lambda session: _set(session, args))


async def _set(session: CliSession, args: argparse.Namespace) -> int:
    workflow = await workflow_named(session.client, session.namespace, args.name)
    answers = {"selector": args.node_field_selector, "phase": args.phase, "message": args.message}
    answers |= {f"{PARAMETER}{name}": value for name, value in map(_pair, args.output_parameter)}
    return tell(await do(session, "node.set", [workflow], answers, args.reason or args.message))


def _pair(text: str) -> tuple[str, str]:
    """Name and value; a value in quotes is unquoted, as `argo` does it."""
    name, separator, value = text.partition("=")
    if not separator:
        raise CliError(f"expected a parameter of the form NAME=VALUE, not {text!r}")
    return name, _unquoted(value)


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] == '"':
        import json

        try:
            found = json.loads(value)
        except ValueError:
            return value
        return found if isinstance(found, str) else value
    return value
