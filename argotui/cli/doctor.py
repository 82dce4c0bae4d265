"""`argotui doctor`."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from datetime import UTC, datetime

from argotui.cli import options
from argotui.cli.printing import as_json
from argotui.cli.running import CliSession, run_connected
from argotui.cli.terminal import Terminal, terminal
from argotui.services.doctor.controllers import home_of
from argotui.services.doctor.examine import examine
from argotui.services.doctor.finding import Finding, Level, Site
from argotui.services.install.settings import InstallSettings

_COLORS = {Level.OK: "32", Level.NOTE: "36", Level.UNKNOWN: "2", Level.WARNING: "33", Level.PROBLEM: "31;1"}


def add_parser(subparsers: options.Subparsers) -> None:
    """Declares the verb."""
    parser = subparsers.add_parser("doctor", help="check a cluster: what is wrong, and what to do about it")
    parser.add_argument(
        "--controller-namespace",
        default="",
        metavar="NS",
        help=f"where the controller is (default: the namespace if one is there, else {InstallSettings.namespace})",
    )
    parser.add_argument(
        "--configmap", default=InstallSettings.configmap, metavar="NAME", help="its ConfigMap (%(default)s)"
    )
    options.output(parser, "json")


def run(args: argparse.Namespace) -> int:
    """Examines; returns the exit code: 1 when there is a problem."""
    return run_connected(args, lambda session: _examine(session, args))


async def _examine(session: CliSession, args: argparse.Namespace) -> int:
    home = args.controller_namespace or await home_of(session.client, session.namespace, InstallSettings.namespace)
    site = Site(session.client, home, session.namespace, args.configmap, datetime.now(UTC))
    to, found = terminal(), []
    async for finding in examine(site):
        found.append(finding)
        if not args.output:
            _tell(finding, to)
    if args.output:
        print(as_json([asdict(finding) for finding in found]))
    else:
        print(_summary(found))
    return int(any(finding.level is Level.PROBLEM for finding in found))


def _tell(finding: Finding, to: Terminal) -> None:
    level = to.sgr(f"{finding.level:<8}", _COLORS[finding.level])
    print(f"{level} {finding.about:<14} {to.safe(finding.text)}")
    if finding.advice:
        print(f"{'':<24}{to.safe(finding.advice)}")


def _summary(found: list[Finding]) -> str:
    counts = [(sum(finding.level is level for finding in found), level) for level in (Level.PROBLEM, Level.WARNING)]
    told = ", ".join(f"{number} {level}{'' if number == 1 else 's'}" for number, level in counts if number)
    unseen = len({finding.about for finding in found if finding.level is Level.UNKNOWN})
    left = f"; what you may not look at: {unseen} of {len({finding.about for finding in found})}" if unseen else ""
    return f"{told or 'nothing wrong was found'}{left}"
