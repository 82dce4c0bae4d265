"""Variables that upstream's controller reads beside those of its flags (§8.2)."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from argotui.controller.options import LeaseTiming, OptionError, Tuning
from argotui.engine.config import PodNameVersion
from argotui.model.duration import DurationError, go_duration

Environ = Mapping[str, str]

_NO_ARCHIVE: Final = "there is no workflow archive and no offloading in this version"
_NO_POLL: Final = "a workflow is looked at when something happens to it, never at intervals"
IDLE: Final = {
    "ALL_POD_CHANGES_SIGNIFICANT": _NO_POLL,
    "ARCHIVED_WORKFLOW_GC_PERIOD": _NO_ARCHIVE,
    "ARGO_POD_STATUS_CAPTURE_FINALIZER": "pods are made without that finalizer; their end is read before they go",
    "CRON_SYNC_PERIOD": "every CronWorkflow has a timer of its own",
    "DEFAULT_REQUEUE_TIME": _NO_POLL,
    "GRPC_MESSAGE_SIZE": "nothing here speaks gRPC",
    "GZIP_IMPLEMENTATION": "there is one",
    "INFORMER_WRITE_BACK": "what was written is always remembered",
    "MAX_OPERATION_TIME": "a step of a workflow costs what has changed, however large it is",
    "OFFLOAD_NODE_STATUS_TTL": _NO_ARCHIVE,
    "SEMAPHORE_NOTIFY_DELAY": "who waits for a lock is told at once",
    "WATCH_CONTROLLER_SEMAPHORE_CONFIGMAPS": "ConfigMaps of semaphores are always followed",
    "WORKFLOW_GC_PERIOD": _NO_ARCHIVE,
}
"""Variables that are taken and change nothing, with the reason."""

_PROPAGATION: Final = ("Background", "Foreground", "Orphan")
_TRUE: Final = ("1", "t", "true")


def seconds(environ: Environ, key: str, otherwise: float) -> float:
    """A duration in Go's form. Raises OptionError."""
    text = environ.get(key, "")
    try:
        found = go_duration(text) / 1e9 if text else otherwise
    except DurationError as error:
        raise OptionError(f"{key}: {error}") from error
    if found < 0:
        raise OptionError(f"{key}: must not be negative, found {text}")
    return found


def switch(environ: Environ, key: str) -> bool:
    """True for what Go takes for true."""
    return environ.get(key, "").lower() in _TRUE


def lease_timing(environ: Environ) -> LeaseTiming:
    """Raises OptionError when the three do not fit together."""
    base = LeaseTiming()
    timing = LeaseTiming(
        lease=seconds(environ, "LEADER_ELECTION_LEASE_DURATION", base.lease),
        renew=seconds(environ, "LEADER_ELECTION_RENEW_DEADLINE", base.renew),
        retry=seconds(environ, "LEADER_ELECTION_RETRY_PERIOD", base.retry),
    )
    if not 0 < timing.retry < timing.renew < timing.lease:
        raise OptionError(
            "LEADER_ELECTION_RETRY_PERIOD < LEADER_ELECTION_RENEW_DEADLINE < LEADER_ELECTION_LEASE_DURATION must hold, "
            f"not {timing.retry:g}s, {timing.renew:g}s, {timing.lease:g}s"
        )
    return timing


def tuning(environ: Environ) -> Tuning:
    """Raises OptionError for a value that cannot be used, and for one that this version cannot honour."""
    _refuse_storage(environ)
    _check_propagation(environ)
    base = Tuning()
    return Tuning(
        pod_names=_pod_names(environ),
        progress_patch=seconds(environ, "ARGO_PROGRESS_PATCH_TICK_DURATION", base.progress_patch),
        progress_file=seconds(environ, "ARGO_PROGRESS_FILE_TICK_DURATION", base.progress_file),
        pod_missing=seconds(environ, "RECENTLY_STARTED_POD_DURATION", base.pod_missing),
        result_timeout=seconds(environ, "TASK_RESULT_TIMEOUT_DURATION", base.result_timeout),
        cache_gc_period=seconds(environ, "CACHE_GC_PERIOD", base.cache_gc_period),
        cache_unused=seconds(environ, "CACHE_GC_AFTER_NOT_HIT_DURATION", base.cache_unused),
        transient_pattern=_pattern(environ),
        retry_host_label=environ.get("RETRY_HOST_NAME_LABEL_KEY", ""),
        event_annotations=switch(environ, "EVENT_AGGREGATION_WITH_ANNOTATIONS"),
    )


def remarks(environ: Environ) -> Iterator[str]:
    """A sentence for each variable that is set and changes nothing."""
    for key, why in IDLE.items():
        if environ.get(key):
            yield f"{key} means nothing here: {why}"


def _pod_names(environ: Environ) -> PodNameVersion:
    match environ.get("POD_NAMES", ""):
        case "v1":
            return "v1"
        case "" | "v2":
            return "v2"
        case other:
            raise OptionError(f"POD_NAMES: must be v1 or v2, found {other}")


def _pattern(environ: Environ) -> str:
    text = environ.get("TRANSIENT_ERROR_PATTERN", "")
    try:
        re.compile(text)
    except re.error as error:
        raise OptionError(f"TRANSIENT_ERROR_PATTERN: not a regular expression: {error}") from error
    return text


def _check_propagation(environ: Environ) -> None:
    text = environ.get("WF_DEL_PROPAGATION_POLICY", "")
    if text and text not in _PROPAGATION:
        raise OptionError(f"WF_DEL_PROPAGATION_POLICY: must be one of {', '.join(_PROPAGATION)}, found {text}")


def _refuse_storage(environ: Environ) -> None:
    """Other ways to store nodes than plain and gzip: what was written so could not be read again here."""
    if switch(environ, "ALWAYS_OFFLOAD_NODE_STATUS"):
        raise OptionError("ALWAYS_OFFLOAD_NODE_STATUS: offloading to a database is not supported by this version")
    algorithm = environ.get("WORKFLOW_COMPRESSION_ALGORITHM", "gzip")
    if algorithm not in ("", "gzip"):
        raise OptionError(f"WORKFLOW_COMPRESSION_ALGORITHM: {algorithm} is not supported by this version, only gzip is")
