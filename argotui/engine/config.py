"""The controller's configuration as far as the engine needs it (§8.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Self

from argotui.engine.configform import ConfigError, settings_of
from argotui.engine.metricsconfig import MetricsConfigError, MetricsSettings, read_metrics
from argotui.engine.restrictions import MODES
from argotui.engine.retention import PHASES as RETAINED
from argotui.engine.retention import Retention
from argotui.model.dialect import today
from argotui.model.documents import Document
from argotui.model.duration import DurationError, go_duration

DEFAULT_EXECUTOR_IMAGE: Final = "quay.io/argoproj/argoexec:v4.1.2"

PodNameVersion = Literal["v1", "v2"]


@dataclass(frozen=True, slots=True)
class Rate:
    """Pods that may be made: limit per second, and burst at once after a pause."""

    limit: float
    burst: int


@dataclass(frozen=True)
class EngineConfig:
    """Read-only settings of one controller.

    namespace: the controller's own. images: image -> {entrypoint, cmd} (lists of text). main_container and
    executor: partial containers that are merged below the main container and the executor's own ones.
    workflow_defaults: {metadata, spec} with the lowest precedence. transient_error_pattern: regular
    expression of messages that count as transient (environment). retry_host_label: node label by which retries
    avoid a host (environment). template_referencing: Strict or Secure: workflows have to be made of templates.
    pod_restarts: how often a pod that its host lost before it began is made again.
    parallelism, namespace_parallelism: running workflows, 0 is unlimited.
    resource_rate: how fast pods may be made, None is unlimited. node_events_as_pod: events of nodes are about
    their pods. initial_delay_ns: how long a new workflow is left alone. pod_gc_delay_ns: how long podGC waits
    before it deletes a pod, unless the workflow says otherwise; pod_gc_grace_seconds: None leaves the pod its own.
    retention: how many completed workflows are kept, None keeps all. metrics: where they are served.
    disable_agent_pod_creation: somebody else serves WorkflowTaskSets. ignored: keys that were read and change
    nothing in this program.
    progress_patch_ns, progress_file_ns: how often executors report and look for progress, told to them unless one is
    0. recently_started_seconds: a pod that is missing so soon after its node's start is made again.
    result_timeout_seconds: how long a node that was ended waits for the report of a pod that does not end (all four
    from the environment).
    """

    namespace: str = ""
    executor_image: str = DEFAULT_EXECUTOR_IMAGE
    executor_pull_policy: str = ""
    images: Mapping[str, Document] = field(default_factory=dict)
    instance_id: str = ""
    workflow_defaults: Document = field(default_factory=dict)
    main_container: Document | None = None
    executor: Document | None = None
    pod_name_version: PodNameVersion = "v2"
    artifact_repository: Document | None = None
    node_events: bool = True
    workflow_events: bool = True
    transient_error_pattern: str = ""
    retry_host_label: str = "kubernetes.io/hostname"
    template_referencing: str = ""
    pod_restarts: int = 0
    managed_namespace: str = ""
    parallelism: int = 0
    namespace_parallelism: int = 0
    resource_rate: Rate | None = None
    node_events_as_pod: bool = False
    initial_delay_ns: int = 0
    pod_gc_delay_ns: int = 5 * 10**9
    pod_gc_grace_seconds: int | None = None
    retention: Retention | None = None
    metrics: MetricsSettings = field(default_factory=MetricsSettings)
    disable_agent_pod_creation: bool = False
    ignored: tuple[str, ...] = ()
    progress_patch_ns: int = 60 * 10**9
    progress_file_ns: int = 3 * 10**9
    recently_started_seconds: float = 10.0
    result_timeout_seconds: float = 600.0

    @classmethod
    def from_config_map(
        cls,
        data: Mapping[str, str],
        *,
        namespace: str = "",
        executor_image: str = "",
        executor_pull_policy: str = "",
        pod_name_version: PodNameVersion = "v2",
    ) -> Self:
        """Read `data` of the workflow-controller-configmap, in either layout.

        executor_image and executor_pull_policy (command line) win over the configured ones. Raises
        ConfigError for a key that upstream does not know, for a wrong type, and for a setting that this
        version cannot honour.
        """
        settings = settings_of(data)
        fields = _read(settings)
        executor = fields.get("executor") or {}
        return cls(
            namespace=namespace,
            executor_image=executor_image or executor.get("image") or DEFAULT_EXECUTOR_IMAGE,
            executor_pull_policy=executor_pull_policy or executor.get("imagePullPolicy") or "",
            pod_name_version=pod_name_version,
            node_events_as_pod=bool((settings.get("nodeEvents") or {}).get("sendAsPod")),
            ignored=tuple(sorted(key for key in settings if key in _IGNORED)),
            **fields,
        )


def _read(settings: Mapping[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for key, value in settings.items():
        if key in _READ:
            name, convert = _READ[key]
            if value is not None:
                fields[name] = convert(key, value)
        elif key in _REFUSED_WHEN:
            _refuse(key, value)
        elif key not in _IGNORED:
            raise ConfigError(f"{key}: unknown setting")
    return fields


def _refuse(key: str, value: Any) -> None:
    """Settings that would change what happens to workflows are refused rather than passed over."""
    matters, shown = _REFUSED_WHEN[key]
    if value and matters(value):
        raise ConfigError(f"{shown or key} is not supported by this version of argotui")


def _mapping(key: str, value: Any) -> Document:
    if not isinstance(value, dict):
        raise ConfigError(f"{key}: must be a map, found {type(value).__name__}")
    return value


def _text(key: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ConfigError(f"{key}: must be a text, found {type(value).__name__}")
    return value


def _count(key: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ConfigError(f"{key}: must be a whole number, 0 or more, found {value!r}")
    return value


def _flag(key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ConfigError(f"{key}: must be true or false, found {value!r}")
    return value


def _duration(key: str, value: Any) -> int:
    """Nanoseconds of a duration in Go's form."""
    try:
        return go_duration(_text(key, value))
    except DurationError as error:
        raise ConfigError(f"{key}: {error}") from None


def _metrics(key: str, value: Any) -> MetricsSettings:
    try:
        return read_metrics(_mapping(key, value))
    except MetricsConfigError as error:
        raise ConfigError(f"{key}.{error}") from None


def _retention(key: str, value: Any) -> Retention:
    settings = _mapping(key, value)
    unknown = sorted(set(settings) - set(RETAINED))
    if unknown:
        raise ConfigError(f"{key}.{unknown[0]}: unknown field; use {', '.join(RETAINED)}")
    return Retention(**{phase: _count(f"{key}.{phase}", number) for phase, number in settings.items()})


def _rate(key: str, value: Any) -> Rate:
    rate = _mapping(key, value)
    unknown = sorted(set(rate) - {"limit", "burst"})
    if unknown:
        raise ConfigError(f"{key}.{unknown[0]}: unknown field")
    limit, burst = rate.get("limit"), rate.get("burst")
    if isinstance(limit, bool) or not isinstance(limit, int | float) or not 0 < limit < float("inf"):
        raise ConfigError(f"{key}.limit: must be a number of pods per second, more than 0, found {limit!r}")
    if isinstance(burst, bool) or not isinstance(burst, int) or burst < 1:
        raise ConfigError(f"{key}.burst: must be a whole number, 1 or more, found {burst!r}")
    return Rate(float(limit), burst)


def _images(key: str, value: Any) -> dict[str, Document]:
    images: dict[str, Document] = {}
    for image, entry in _mapping(key, value).items():
        known = _mapping(f"{key}.{image}", {} if entry is None else entry)
        for part, words in known.items():
            if part not in ("entrypoint", "cmd"):
                raise ConfigError(f"{key}.{image}.{part}: unknown field; use entrypoint and cmd")
            if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
                raise ConfigError(f"{key}.{image}.{part}: must be a list of texts")
        images[str(image)] = known
    return images


def _events(key: str, value: Any) -> bool:
    settings = _mapping(key, value)
    unknown = sorted(set(settings) - {"enabled", "sendAsPod"})
    if unknown:
        raise ConfigError(f"{key}.{unknown[0]}: unknown field")
    for name in settings:
        if not isinstance(settings[name], bool | None):
            raise ConfigError(f"{key}.{name}: must be true or false, found {settings[name]!r}")
    return settings.get("enabled") is not False


def _defaults(key: str, value: Any) -> Document:
    defaults = _mapping(key, value)
    unknown = sorted(set(defaults) - {"metadata", "spec", "apiVersion", "kind", "status"})
    if unknown:
        raise ConfigError(f"{key}.{unknown[0]}: unknown field; a Workflow has metadata and spec")
    return today(defaults)


def _template_referencing(key: str, value: Any) -> str:
    settings = _mapping(key, value)
    unknown = sorted(set(settings) - {"templateReferencing"})
    if unknown:
        raise ConfigError(f"{key}.{unknown[0]}: unknown field")
    mode = _text(f"{key}.templateReferencing", settings.get("templateReferencing") or "")
    if mode not in ("", *MODES):
        raise ConfigError(f"{key}.templateReferencing: must be one of {', '.join(MODES)}, found {mode}")
    return mode


def _pod_restarts(key: str, value: Any) -> int:
    settings = _mapping(key, value)
    unknown = sorted(set(settings) - {"enabled", "maxRestarts"})
    if unknown:
        raise ConfigError(f"{key}.{unknown[0]}: unknown field")
    most = settings.get("maxRestarts")
    count = 3 if most is None else _count(f"{key}.maxRestarts", most)
    return count if settings.get("enabled") else 0


_READ: Final[dict[str, tuple[str, Callable[[str, Any], Any]]]] = {
    "instanceID": ("instance_id", _text),
    "namespace": ("managed_namespace", _text),
    "parallelism": ("parallelism", _count),
    "namespaceParallelism": ("namespace_parallelism", _count),
    "images": ("images", _images),
    "executor": ("executor", _mapping),
    "mainContainer": ("main_container", _mapping),
    "workflowDefaults": ("workflow_defaults", _defaults),
    "retentionPolicy": ("retention", _retention),
    "metricsConfig": ("metrics", _metrics),
    "failedPodRestart": ("pod_restarts", _pod_restarts),
    "workflowRestrictions": ("template_referencing", _template_referencing),
    "initialDelay": ("initial_delay_ns", _duration),
    "podGCDeleteDelayDuration": ("pod_gc_delay_ns", _duration),
    "podGCGracePeriodSeconds": ("pod_gc_grace_seconds", _count),
    "artifactRepository": ("artifact_repository", _mapping),
    "resourceRateLimit": ("resource_rate", _rate),
    "disableAgentPodCreation": ("disable_agent_pod_creation", _flag),
    "nodeEvents": ("node_events", _events),
    "workflowEvents": ("workflow_events", _events),
}

_REFUSED_WHEN: Final[dict[str, tuple[Callable[[Any], bool], str]]] = {
    "persistence": (lambda value: bool(value.get("archive") or value.get("nodeStatusOffLoad")), ""),
    "synchronization": (bool, ""),
    "kubeConfig": (bool, ""),
    "artifactDrivers": (bool, ""),
    "initlessPod": (lambda value: bool(value.get("enabled")), "initlessPod.enabled"),
}

_IGNORED: Final = frozenset(
    {
        "telemetryConfig",
        "podSpecLogStrategy",
        "links",
        "columns",
        "navColor",
        "sso",
    }
)
"""Settings of the server, of metrics, and of features that a workflow cannot ask for in this version."""
