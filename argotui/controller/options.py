"""What the controller is started with: flags, and an environment variable for each flag (§8.2)."""

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from argotui.model.duration import DurationError, go_duration

LOG_LEVELS = ("debug", "info", "warn", "error")


class OptionError(Exception):
    """A flag or an environment variable has a value that cannot be used; the text names it."""


@dataclass(frozen=True)
class LeaseTiming:
    """Seconds: a holder renews every `retry` and gives up after `renew`; others take over after `lease`."""

    lease: float = 15.0
    renew: float = 10.0
    retry: float = 5.0


@dataclass(frozen=True)
class Options:
    """Everything that does not change while the process runs."""

    kubeconfig: str | None = None
    context: str | None = None
    namespace: str = ""
    """The controller's own namespace; "" means that of the kubeconfig's context."""
    namespaced: bool = False
    managed_namespace: str = ""
    configmap: str = "workflow-controller-configmap"
    executor_image: str = ""
    executor_image_pull_policy: str = ""
    log_level: str = "info"
    log_format: str = "text"
    lease: LeaseTiming = LeaseTiming()
    lease_disabled: bool = False
    metrics_host: str = "127.0.0.1"
    """The address at which metrics are served."""
    report: str = ""
    """File that says what is done with the configuration, for the local cluster; "" for none."""
    identity: str = ""
    """Holder of the Lease; "" means one made from host and user that is the same after a restart."""


def parse_options(argv: Sequence[str], environ: Mapping[str, str] = os.environ) -> Options:
    """Flags win over `ARGO_…` variables. Raises OptionError; exits on --help and unknown flags."""
    found = _parser(environ).parse_args(argv)
    _refuse_storage(environ)
    if found.managed_namespace and not found.namespaced:
        raise OptionError("--managed-namespace needs --namespaced")
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
        metrics_host=found.metrics_host,
        report=found.report,
        lease=_timing(environ),
        lease_disabled=environ.get("LEADER_ELECTION_DISABLE", "").lower() == "true",
        identity=environ.get("LEADER_ELECTION_IDENTITY", ""),
    )


def _parser(environ: Mapping[str, str]) -> argparse.ArgumentParser:
    def default(flag: str, otherwise: str) -> str:
        return environ.get("ARGO_" + flag.upper().replace("-", "_"), otherwise)

    parser = argparse.ArgumentParser(
        prog="argotui controller",
        description="Runs workflows on a cluster; elected by the Lease that upstream uses.",
    )
    parser.add_argument("--kubeconfig", help="file to use instead of $KUBECONFIG or ~/.kube/config")
    parser.add_argument("--context", help="context of the kubeconfig")
    parser.add_argument("-n", "--namespace", default="", help="the controller's own namespace")
    parser.add_argument(
        "--namespaced",
        action="store_true",
        default=default("namespaced", "") == "true",
        help="run workflows of one namespace only",
    )
    parser.add_argument(
        "--managed-namespace",
        default=default("managed-namespace", ""),
        help="that namespace, when it is not its own",
    )
    parser.add_argument("--configmap", default=default("configmap", Options.configmap), help="its configuration")
    parser.add_argument("--executor-image", default=default("executor-image", ""), help="image of argoexec")
    parser.add_argument("--executor-image-pull-policy", default=default("executor-image-pull-policy", ""))
    parser.add_argument(
        "--metrics-host",
        default=default("metrics-host", Options.metrics_host),
        help="address at which metrics are served (default: this machine only)",
    )
    parser.add_argument("--report", default="", help=argparse.SUPPRESS)
    parser.add_argument("--loglevel", choices=LOG_LEVELS, default=default("loglevel", "info"))
    parser.add_argument("--log-format", choices=("text", "json"), default=default("log-format", "text"))
    return parser


def _refuse_storage(environ: Mapping[str, str]) -> None:
    """Other ways to store nodes than plain and gzip: what was written so could not be read again here."""
    if environ.get("ALWAYS_OFFLOAD_NODE_STATUS", "").lower() == "true":
        raise OptionError("ALWAYS_OFFLOAD_NODE_STATUS: offloading to a database is not supported by this version")
    algorithm = environ.get("WORKFLOW_COMPRESSION_ALGORITHM", "gzip")
    if algorithm not in ("", "gzip"):
        raise OptionError(f"WORKFLOW_COMPRESSION_ALGORITHM: {algorithm} is not supported by this version, only gzip is")


def _timing(environ: Mapping[str, str]) -> LeaseTiming:
    base = LeaseTiming()
    timing = LeaseTiming(
        lease=_seconds(environ, "LEADER_ELECTION_LEASE_DURATION", base.lease),
        renew=_seconds(environ, "LEADER_ELECTION_RENEW_DEADLINE", base.renew),
        retry=_seconds(environ, "LEADER_ELECTION_RETRY_PERIOD", base.retry),
    )
    if not 0 < timing.retry < timing.renew < timing.lease:
        raise OptionError(
            "LEADER_ELECTION_RETRY_PERIOD < LEADER_ELECTION_RENEW_DEADLINE < LEADER_ELECTION_LEASE_DURATION must hold, "
            f"not {timing.retry:g}s, {timing.renew:g}s, {timing.lease:g}s"
        )
    return timing


def _seconds(environ: Mapping[str, str], key: str, otherwise: float) -> float:
    text = environ.get(key, "")
    try:
        return go_duration(text) / 1e9 if text else otherwise
    except DurationError as error:
        raise OptionError(f"{key}: {error}") from error
