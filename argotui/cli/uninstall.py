"""`argotui uninstall`."""

from __future__ import annotations

import argparse

from argotui.cli import options
from argotui.cli.install import tell
from argotui.cli.running import CliError, CliSession, run_connected
from argotui.cli.terminal import complain
from argotui.services.install.removing import uninstall, workflows
from argotui.services.install.settings import InstallSettings


def add_parser(subparsers: options.Subparsers) -> None:
    """Declares the verb."""
    parser = subparsers.add_parser("uninstall", help="take away what install put on a cluster")
    parser.add_argument("--crds", action="store_true", help="the CRDs, too, and with them every workflow")
    parser.add_argument("--yes", action="store_true", help="needed with --crds while there are workflows")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be deleted")


def run(args: argparse.Namespace) -> int:
    """Uninstalls; returns the exit code: 1 when anything was refused."""
    return run_connected(args, lambda session: _uninstall(session, args))


async def _uninstall(session: CliSession, args: argparse.Namespace) -> int:
    if session.is_local:
        raise CliError("the local cluster is ended by `argotui local stop` and removed by `argotui local reset`")
    if not args.dry_run:
        await _warn(session, args)
    namespace = args.namespace or InstallSettings.namespace
    found = uninstall(session.client, namespace, crds=args.crds, dry_run=args.dry_run)
    outcomes = [tell(outcome) async for outcome in found]
    if not outcomes:
        print("nothing of argotui's is installed")
    elif args.dry_run:
        print("nothing was changed (dry-run)")
    return int(any(outcome.refused for outcome in outcomes))


async def _warn(session: CliSession, args: argparse.Namespace) -> None:
    if args.crds:
        number = await workflows(session.client, unfinished=False)
        if number != 0 and not args.yes:
            many = "" if number is None else f" ({number})"
            raise CliError(f"--crds deletes every workflow of the cluster{many}, finished ones too; add --yes")
    elif number := await workflows(session.client, unfinished=True):
        complain(f"workflows not completed: {number}; they rest until a controller runs again", prefix="note: ")
