"""What the controller is started with, as plain values (§8.2)."""

from dataclasses import dataclass, field
from typing import Final

from argotui.engine.config import PodNameVersion

LOG_LEVELS: Final = ("debug", "info", "warn", "error")
HEALTH_PORT: Final = 6060


class OptionError(Exception):
    """A flag or an environment variable has a value that cannot be used; the text names it."""


@dataclass(frozen=True)
class LeaseTiming:
    """Seconds: a holder renews every `retry` and gives up after `renew`; others take over after `lease`."""

    lease: float = 15.0
    renew: float = 10.0
    retry: float = 5.0


@dataclass(frozen=True)
class Workers:
    """Requests in flight at once, for each kind of work."""

    workflows: int = 32
    ttl: int = 4
    pod_cleanup: int = 4
    crons: int = 8


@dataclass(frozen=True)
class Tuning:
    """What the environment says of how workflows are run. Durations in seconds.

    progress_patch, progress_file: told to the executors; when either is 0 they are told nothing.
    pod_missing: a pod that is missing so soon after its node's start is made again.
    result_timeout: how long a node that was ended waits for the report of a pod that does not end.
    cache_gc_period: how often remembered results are looked through, 0 is never; cache_unused: those that nobody
    asked for in this time go then.
    """

    pod_names: PodNameVersion = "v2"
    progress_patch: float = 60.0
    progress_file: float = 3.0
    pod_missing: float = 10.0
    result_timeout: float = 600.0
    cache_gc_period: float = 0.0
    cache_unused: float = 30.0
    transient_pattern: str = ""
    retry_host_label: str = ""
    event_annotations: bool = False
    """Events that differ in their annotations only are told apart when they are counted together."""


@dataclass(frozen=True)
class Options:
    """Everything that does not change while the process runs."""

    kubeconfig: str | None = None
    context: str | None = None
    namespace: str = ""
    """The controller's own namespace; "" means that of the kubeconfig's context, or of the pod it runs in."""
    namespaced: bool = False
    managed_namespace: str = ""
    configmap: str = "workflow-controller-configmap"
    executor_image: str = ""
    executor_image_pull_policy: str = ""
    log_level: str = "info"
    log_format: str = "text"
    qps: float = 0.0
    """Requests a second to the API, 0 for as many as the server takes."""
    burst: int = 30
    """Requests at once after a pause; counts only with `qps`."""
    workers: Workers = Workers()
    tuning: Tuning = Tuning()
    lease: LeaseTiming = LeaseTiming()
    lease_disabled: bool = False
    metrics_host: str = "127.0.0.1"
    """The address at which metrics and health are served."""
    health_port: int = 0
    """Port of health and readiness, 0 for none."""
    health_age: float = 300.0
    """Seconds after which a workflow that was never looked at makes the controller unhealthy."""
    report: str = ""
    """File that says what is done with the configuration, for the local cluster; "" for none."""
    identity: str = ""
    """Holder of the Lease; "" means one made from host and user that is the same after a restart."""
    remarks: tuple[str, ...] = field(default=(), compare=False)
    """What was given and means nothing here, a sentence each, for the log."""
