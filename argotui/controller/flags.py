"""The command line of the controller: upstream's flags, and a variable `ARGO_<FLAG>` for each of them (§8.2)."""

import argparse
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NoReturn

from argotui.controller import environment
from argotui.controller.options import HEALTH_PORT, LOG_LEVELS, OptionError, Options, Workers

_TRUE: Final = ("1", "t", "T", "true", "TRUE", "True")
_FALSE: Final = ("0", "f", "F", "false", "FALSE", "False")

_PLUGINS: Final = ("executor-plugins", "workflow-level-executor-plugins")
_IDLE: Final = {
    "workflow-archive-workers": "there is no workflow archive in this version",
    "gloglevel": "there is one log, and its level is that of --loglevel",
}
"""Flags that are taken and change nothing, with the reason."""

_SWITCHES: Final = ("namespaced", *_PLUGINS)


def parse_options(argv: Sequence[str], environ: Mapping[str, str] = os.environ) -> Options:
    """Flags win over `ARGO_…` variables. Raises OptionError; leaves the process on --help."""
    parser = _parser(in_pod=bool(environ.get("KUBERNETES_SERVICE_HOST")))
    found = parser.parse_args([*_from_environment(parser, environ), *argv])
    for flag in _PLUGINS:
        if getattr(found, flag.replace("-", "_")):
            raise OptionError(f"--{flag}: executor plugins are not supported by this version of argotui")
    if found.managed_namespace and not found.namespaced:
        raise OptionError("--managed-namespace needs --namespaced: without it every namespace is watched")
    timing = environment.lease_timing(environ)
    return Options(
        kubeconfig=found.kubeconfig,
        context=found.context,
        namespace=found.namespace,
        namespaced=found.namespaced,
        managed_namespace=found.managed_namespace,
        configmap=found.configmap,
        executor_image=found.executor_image,
        executor_image_pull_policy=found.executor_image_pull_policy,
        log_level=found.loglevel,
        log_format=found.log_format,
        qps=found.qps,
        burst=found.burst,
        workers=Workers(
            found.workflow_workers, found.workflow_ttl_workers, found.pod_cleanup_workers, found.cron_workflow_workers
        ),
        tuning=environment.tuning(environ),
        lease=timing,
        lease_disabled=environment.switch(environ, "LEADER_ELECTION_DISABLE"),
        metrics_host=found.metrics_host,
        health_port=found.health_port,
        health_age=environment.seconds(environ, "HEALTHZ_AGE", Options.health_age),
        report=found.report,
        identity=environ.get("LEADER_ELECTION_IDENTITY", ""),
        remarks=(*_idle(found), *environment.remarks(environ)),
    )


class _Parser(argparse.ArgumentParser):
    """Errors are raised, so that a value from the environment is not blamed on a flag nobody gave."""

    def error(self, message: str) -> NoReturn:
        raise OptionError(message)


def _from_environment(parser: argparse.ArgumentParser, environ: Mapping[str, str]) -> list[str]:
    words: list[str] = []
    for flag in _flags(parser):
        variable = "ARGO_" + flag.upper().replace("-", "_")
        text = environ.get(variable)
        if not text:
            continue
        word = f"--{flag}={text}"
        try:
            parser.parse_args([word])
        except OptionError as error:
            raise OptionError(f"{variable}: {error}") from None
        words.append(word)
    return words


def _flags(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        if action.help != argparse.SUPPRESS and action.dest != "help":
            yield action.dest.replace("_", "-")


def _idle(found: argparse.Namespace) -> Iterator[str]:
    for flag, why in _IDLE.items():
        if getattr(found, flag.replace("-", "_")) is not None:
            yield f"--{flag} means nothing here: {why}"


def _parser(*, in_pod: bool) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="argotui controller",
        description="Runs workflows on a cluster; elected by the Lease that upstream uses.",
        allow_abbrev=False,
    )
    _add_cluster(parser)
    _add_executor(parser)
    _add_pace(parser)
    _add_serving(parser, in_pod=in_pod)
    for flag in _SWITCHES:
        parser.add_argument(f"--{flag}", nargs="?", const=True, default=False, type=_flag, help=_SWITCH_HELP[flag])
    for flag, why in _IDLE.items():
        parser.add_argument(f"--{flag}", metavar="N", type=_number(0), help=f"taken, and means nothing: {why}")
    parser.add_argument("--report", default="", help=argparse.SUPPRESS)
    return parser


_SWITCH_HELP: Final = {
    "namespaced": "run workflows of one namespace only",
    "executor-plugins": "refused: this version has no executor plugins",
    "workflow-level-executor-plugins": "refused likewise",
}


def _add_cluster(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kubeconfig", help="file to use instead of $KUBECONFIG, ~/.kube/config or the pod's account")
    parser.add_argument("--context", help="context of the kubeconfig")
    parser.add_argument("-n", "--namespace", default="", help="the controller's own namespace")
    parser.add_argument("--managed-namespace", default="", help="with --namespaced: that namespace, if not its own")
    parser.add_argument("--configmap", default=Options.configmap, help="its configuration")


def _add_executor(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--executor-image", default="", help="image of argoexec")
    parser.add_argument(
        "--executor-image-pull-policy", default="", choices=("", "Always", "IfNotPresent", "Never"), help="and its pull"
    )


def _add_pace(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--qps", type=_rate, default=0.0, help="requests a second to the API; 0, the default, leaves it to the server"
    )
    parser.add_argument("--burst", type=_number(1), default=Options.burst, help="with --qps: requests at once")
    for name, default, what in (
        ("workflow-workers", Workers.workflows, "requests of workflows in flight at once"),
        ("workflow-ttl-workers", Workers.ttl, "deletions of completed workflows at once"),
        ("pod-cleanup-workers", Workers.pod_cleanup, "deletions of finished pods at once"),
        ("cron-workflow-workers", Workers.crons, "cron workflows looked at at once"),
    ):
        parser.add_argument(f"--{name}", type=_number(1), default=default, help=what)


def _add_serving(parser: argparse.ArgumentParser, *, in_pod: bool) -> None:
    parser.add_argument(
        "--metrics-host",
        default="0.0.0.0" if in_pod else Options.metrics_host,
        help="address at which metrics and health are served (in a pod: all; else: this machine only)",
    )
    parser.add_argument(
        "--health-port",
        type=_number(0),
        default=HEALTH_PORT if in_pod else 0,
        help=f"port of /healthz and /readyz (in a pod: {HEALTH_PORT}; else: none)",
    )
    parser.add_argument("--loglevel", choices=LOG_LEVELS, default="info")
    parser.add_argument("--log-format", choices=("text", "json"), default="text")


def _flag(text: str) -> bool:
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise argparse.ArgumentTypeError(f"must be true or false, found {text!r}")


def _number(least: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"must be a whole number, {least} or more, found {text!r}")
        return int(text)

    return read


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = -1.0
    if not 0 <= rate < float("inf"):
        raise argparse.ArgumentTypeError(f"must be a number, 0 or more, found {text!r}")
    return rate
