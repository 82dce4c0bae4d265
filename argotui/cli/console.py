"""`argotui` without a verb: the console."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from pathlib import Path

from argotui.cli.local import local_cluster_runs
from argotui.cli.options import common
from argotui.cli.terminal import complain
from argotui.config.paths import local_kubeconfig


def run_console(argv: list[str]) -> int:
    """Parses the options, starts the local cluster where it is asked for, and opens the console."""
    args = _parser().parse_args(argv)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        complain("the console needs a terminal; `argotui --help` lists the verbs that do not")
        return 2
    if args.local and (args.kubeconfig or args.context):
        complain("--local cannot be combined with --kubeconfig or --context")
        return 2
    local = args.local or _falls_back(args.kubeconfig, args.context)
    if local and not local_cluster_runs():
        return 1
    # nothing that talks to a cluster is imported before the console has painted: that costs a third of a second
    from argotui.ui.app import run_console as run_app
    from argotui.ui.options import ConsoleOptions

    options = ConsoleOptions(
        kubeconfig=args.kubeconfig,
        context=args.context,
        namespace=args.namespace,
        all_namespaces=args.all_namespaces,
        local=local,
        ascii=args.ascii,
        read_only=args.read_only,
        open=args.open or (args.workflow or "").partition("/")[2] or None,
        mouse=args.mouse,
        theme=args.theme,
    )
    code: int = run_app(options)
    return code


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="argotui", parents=[common()], allow_abbrev=False)
    parser.add_argument("workflow", nargs="?", metavar="wf/NAME", help="workflow to open at once")
    parser.add_argument("--open", metavar="NAME", help="the same")
    parser.add_argument("-A", "--all-namespaces", action="store_true", help="all namespaces")
    parser.add_argument("--read-only", "--readonly", action="store_true", help="refuse every write")
    parser.add_argument("--ascii", "--no-utf8", action="store_true", help="ASCII only")
    parser.add_argument("--mouse", action="store_true", help="use the mouse")
    parser.add_argument("--theme", choices=("dark", "light", "ansi"), help="colours")
    return parser


def _falls_back(kubeconfig: str | None, context: str | None) -> bool:
    """Whether nothing but a local cluster is there to be shown."""
    configured = kubeconfig or context or os.environ.get("KUBECONFIG") or os.environ.get("KUBERNETES_SERVICE_HOST")
    if configured or (Path.home() / ".kube" / "config").exists() or not local_kubeconfig().exists():
        return False
    complain("no kubeconfig is configured: using the local cluster")
    return True
