"""How a template or workflow is run: retries, locks, metrics, remembered results."""

from argotui.model.manifest.meta import ConfigMapKeySelector
from argotui.model.manifest.parts import (
    IntOrString,
    Part,
)


class CacheConfigMap(Part):
    """ConfigMap that remembers results."""

    name: str | None = None
    """Name of the ConfigMap."""
    key: str | None = None
    """Not used: every result has its own key."""
    optional: bool | None = None
    """Not used."""


class Cache(Part):
    """Where results are remembered."""

    config_map: CacheConfigMap | None = None
    """ConfigMap that holds them."""


class Memoize(Part):
    """Reuse of the result of an earlier run."""

    key: str | None = None
    """What makes two runs equal."""
    cache: Cache | None = None
    """Where results are remembered."""
    max_age: str | None = None
    """How old a result may be, e.g. 24h."""


class MetricLabel(Part):
    """One label of a metric."""

    key: str
    """Name of the label."""
    value: str
    """Value of the label."""


class Gauge(Part):
    """A value that goes up and down."""

    value: str
    """The value."""
    realtime: bool | None = None
    """Whether it is reported while the step runs."""
    operation: str | None = None
    """Set, Add or Sub."""


class Histogram(Part):
    """A distribution."""

    value: str
    """The value to count."""
    buckets: list[float]
    """Upper bounds of the buckets."""


class Counter(Part):
    """A value that only goes up."""

    value: str
    """How much to add."""


class Prometheus(Part):
    """One metric."""

    name: str
    """Name of the metric."""
    help: str
    """What it says."""
    labels: list[MetricLabel] | None = None
    """Labels of the metric."""
    when: str | None = None
    """Condition under which it is reported."""
    gauge: Gauge | None = None
    """A value that goes up and down."""
    histogram: Histogram | None = None
    """A distribution."""
    counter: Counter | None = None
    """A value that only goes up."""


class Metrics(Part):
    """Metrics reported when a step or workflow ends."""

    prometheus: list[Prometheus] | None = None
    """The metrics."""


class SyncDatabaseRef(Part):
    """A limit kept in the database."""

    key: str
    """Key of the limit."""


class SemaphoreRef(Part):
    """A number of places of which one is taken."""

    config_map_key_ref: ConfigMapKeySelector | None = None
    """Key of a ConfigMap that holds the number."""
    namespace: str | None = None
    """Namespace of the ConfigMap; the workflow's if not given."""
    database: SyncDatabaseRef | None = None
    """Number kept in the database, instead of a ConfigMap."""


class Mutex(Part):
    """A lock that one at a time can hold."""

    name: str | None = None
    """Name of the lock."""
    namespace: str | None = None
    """Namespace of the lock; the workflow's if not given."""
    database: bool | None = None
    """Whether the lock is kept in the database."""


class Synchronization(Part):
    """Locks that are held while something runs; all are taken or none."""

    semaphores: list[SemaphoreRef] | None = None
    """Semaphores."""
    mutexes: list[Mutex] | None = None
    """Mutexes."""
    semaphore: SemaphoreRef | None = None
    """Older form of semaphores: one."""
    mutex: Mutex | None = None
    """Older form of mutexes: one."""


class Backoff(Part):
    """Pauses between attempts."""

    duration: str | None = None
    """First pause; a plain number is seconds."""
    factor: IntOrString | None = None
    """What each pause is multiplied with."""
    max_duration: str | None = None
    """Time from the first start after which no attempt is made."""
    cap: str | None = None
    """Longest pause."""


class RetryNodeAntiAffinity(Part):
    """Keep away from nodes where an attempt failed."""


class RetryAffinity(Part):
    """Where an attempt runs."""

    node_anti_affinity: RetryNodeAntiAffinity | None = None
    """Keep away from nodes where an attempt failed."""


class RetryStrategy(Part):
    """Whether and when a failed step is tried again."""

    limit: IntOrString | None = None
    """Attempts after the first one; without a limit if not given."""
    retry_policy: str | None = None
    """Which ends are tried again: OnFailure, OnError, Always or OnTransientError."""
    backoff: Backoff | None = None
    """Pauses between attempts."""
    expression: str | None = None
    """Condition on the last attempt."""
    affinity: RetryAffinity | None = None
    """Where an attempt runs."""


class ExecutorConfig(Part):
    """Settings of the executor's containers."""

    service_account_name: str | None = None
    """Service account that they report with."""
