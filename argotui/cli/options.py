"""Options that every verb has, and how a verb's arguments are parsed."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from typing import Any, Final, NoReturn

GLOBAL_HELP = """\
  --local              the local cluster
  --context NAME       context of the kubeconfig
  --kubeconfig FILE    kubeconfig to use
  -n, --namespace NS   namespace (default: the context's)
  -A, --all-namespaces all namespaces, where a verb can use them
  --version            print the version"""

INT32: Final = 2**31 - 1
INT64: Final = 2**63 - 1
_WHOLE: Final = re.compile(r"[+-]?[0-9]+", re.ASCII)
_LONGEST: Final = 100
_SHOWN: Final = 30

Subparsers = Any
"""What a verb's `add_parser` gets: an object with `add_parser(name, **options) -> ArgumentParser`."""

_NOT_HERE = "argotui talks to the Kubernetes API itself and never to an Argo server"
_CREDENTIALS = "the kubeconfig says how to connect; this version takes no credentials from the command line"
_REFUSED = {
    ("-s", "--argo-server"): _NOT_HERE,
    ("--token", "--username", "--password", "--client-certificate", "--client-key"): _CREDENTIALS,
    ("--server", "--cluster", "--user", "--certificate-authority", "--tls-server-name"): _CREDENTIALS,
    ("--as", "--as-group", "--as-uid"): "impersonation is not supported by this version of argotui",
    ("--proxy-url",): "proxies are not supported by this version of argotui",
    ("--instanceid",): "controllers with an instance id are not supported by this version of argotui",
}


class Refuse(argparse.Action):
    """An option that `argo` has and that cannot work here; using it is an error that says why."""

    def __init__(self, option_strings: Sequence[str], dest: str, *, why: str, nargs: int | str | None = None) -> None:
        self.why = why
        super().__init__(option_strings, dest, nargs, help=argparse.SUPPRESS, default=argparse.SUPPRESS)

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> NoReturn:
        parser.exit(2, f"argotui: {option_string} cannot be used: {self.why}\n")


def common() -> argparse.ArgumentParser:
    """A parent parser with the options for the connection."""
    parser = argparse.ArgumentParser(add_help=False)
    group = parser.add_argument_group("cluster")
    group.add_argument("--local", action="store_true", help="the local cluster")
    group.add_argument("--context", metavar="NAME", help="context of the kubeconfig")
    group.add_argument("--kubeconfig", metavar="FILE", help="kubeconfig to use")
    group.add_argument("-n", "--namespace", metavar="NS", help="namespace; default: the context's")
    for names, why in _REFUSED.items():
        group.add_argument(*names, action=Refuse, why=why)
    # accepted for the sake of scripts written for argo: they change nothing here
    group.add_argument("--loglevel", help=argparse.SUPPRESS)
    group.add_argument("-v", "--verbose", action="store_true", help=argparse.SUPPRESS)
    return parser


def nested_common() -> argparse.ArgumentParser:
    """The same options for a verb of a verb: those before it stay as they are when they are not given again."""
    parser = common()
    for action in parser._actions:
        action.default = argparse.SUPPRESS
    return parser


class _Subparsers:
    """Makes the one parser that is needed, with the common options."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.made: list[argparse.ArgumentParser] = []

    def add_parser(self, name: str, *, help: str = "", **options: Any) -> argparse.ArgumentParser:
        options.setdefault("description", help or None)
        options.setdefault("allow_abbrev", False)
        parser = argparse.ArgumentParser(prog=f"argotui {name}", parents=[common()], **options)
        self.made.append(parser)
        return parser


def parse(name: str, add_parser: Callable[[Any], None], arguments: list[str]) -> argparse.Namespace:
    """The verb's arguments. Ends the process (SystemExit 2) with a usage line when they are wrong."""
    subparsers = _Subparsers(name)
    add_parser(subparsers)
    (parser,) = subparsers.made
    nested = any(isinstance(action, argparse._SubParsersAction) for action in parser._actions)
    # names and options may be mixed in any order, which argparse only does on request
    return parser.parse_args(arguments) if nested else parser.parse_intermixed_args(arguments)


def number(least: int, most: int) -> Callable[[str], int]:
    """What argparse calls for the text of a whole number between these two, both allowed."""

    def read(text: str) -> int:
        if not _WHOLE.fullmatch(text):
            raise argparse.ArgumentTypeError(f"{_shortened(text)} is not a whole number")
        found = int(text[:_LONGEST])  # Python reads no thousands of digits; so many are too large at any rate
        if not least <= found <= most:
            raise argparse.ArgumentTypeError(f"{_shortened(text)} is not between {least} and {most}")
        return found

    return read


def _shortened(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")


def all_namespaces(parser: argparse.ArgumentParser) -> None:
    """-A, for verbs that can look at every namespace."""
    parser.add_argument("-A", "--all-namespaces", action="store_true", help="all namespaces")


def output(parser: argparse.ArgumentParser, *formats: str) -> None:
    """-o with the formats that a verb can print."""
    text = "one of " + "|".join(formats)
    parser.add_argument("-o", "--output", choices=formats, default="", metavar="FORMAT", help=text)


def selectors(parser: argparse.ArgumentParser) -> None:
    """-l and --field-selector, to mean workflows without naming them."""
    parser.add_argument("-l", "--selector", default="", metavar="LABELS", help="all workflows that match the labels")
    parser.add_argument(
        "--field-selector", default="", metavar="FIELDS", help="all workflows that match the fields, as metadata.name=x"
    )


def reason(parser: argparse.ArgumentParser) -> None:
    """--reason, kept in the audit trail."""
    parser.add_argument("--reason", default="", metavar="TEXT", help="why; kept in the audit trail")


def wait_watch_log(parser: argparse.ArgumentParser) -> None:
    """--wait, --watch and --log: what to do after something was started."""
    parser.add_argument("-w", "--wait", action="store_true", help="wait until it is completed")
    parser.add_argument("--watch", action="store_true", help="show it until it is completed")
    parser.add_argument("--log", action="store_true", help="print its log until it is completed")


def parameters(parser: argparse.ArgumentParser, text: str) -> None:
    """-p NAME=VALUE, any number of times."""
    parser.add_argument("-p", "--parameter", action="append", default=[], metavar="NAME=VALUE", help=text)
