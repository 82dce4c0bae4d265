"""What a pod's status says about its node (§1.5, §5.4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from argotui.model.documents import Document, dig, name, namespace
from argotui.model.keys import CONTAINER_INIT, CONTAINER_MAIN, CONTAINER_SUPERVISOR, CONTAINER_WAIT
from argotui.model.phase import Phase
from argotui.model.quantity import Quantity, QuantityError
from argotui.model.times import format_time, parse_time

Status = Mapping[str, Any]

_PRE_MAIN_FAILURE: Final = 65
_REPORTERS: Final = (CONTAINER_WAIT, CONTAINER_SUPERVISOR)
_KILLED: Final = (137, 143)
_DENOMINATORS: Final = {"memory": 100 * 2**20, "storage": 10 * 2**30, "ephemeral-storage": 10 * 2**30}
_DEFAULT_REQUESTS: Final = {"cpu": "100m", "memory": "100Mi"}


def pod_phase(pod: Document) -> str:
    """`status.phase`; a pod that nobody has looked at yet is Pending."""
    return dig(pod, "status", "phase") or Phase.PENDING


def is_running(pod: Document) -> bool:
    """The pod runs on a node."""
    return pod_phase(pod) == Phase.RUNNING


def is_over(pod: Document) -> bool:
    """All containers have ended for good."""
    return pod_phase(pod) in (Phase.SUCCEEDED, Phase.FAILED)


def statuses(pod: Document) -> list[Document]:
    """Statuses of the regular containers."""
    return dig(pod, "status", "containerStatuses") or []


def _init_statuses(pod: Document) -> list[Document]:
    return dig(pod, "status", "initContainerStatuses") or []


def _terminated(status: Status) -> Document | None:
    return dig(status, "state", "terminated") if isinstance(status, dict) else None


def executor_status(pod: Document) -> Document | None:
    """The status of the container that reports the results: `wait`, or `main` where there is none."""
    found = {status.get("name"): status for status in statuses(pod)}
    for reporter in _REPORTERS:
        if reporter in found:
            return found[reporter]
    return found.get(CONTAINER_MAIN) if _reports_itself(pod) else None


def _reports_itself(pod: Document) -> bool:
    """The executor is main itself (resource templates)."""
    return not any(container.get("name") in _REPORTERS for container in dig(pod, "spec", "containers") or ())


def exit_code(pod: Document) -> str | None:
    """The exit code of `main` as text, once it has ended."""
    for status in statuses(pod):
        ended = _terminated(status)
        if status.get("name") == CONTAINER_MAIN and ended is not None:
            return str(ended.get("exitCode", 0))
    return None


def report_is_lost(pod: Document) -> bool:
    """The executor cannot report any more: it failed, or was taken away with an evicted pod."""
    status = executor_status(pod)
    if status is None:
        return pod_phase(pod) == Phase.FAILED and dig(pod, "status", "reason") == "Evicted"
    ended = _terminated(status)
    return ended is not None and bool(ended.get("exitCode"))


def is_report_due(pod: Document) -> bool:
    """The executor ended well, so its last report is on its way or here."""
    status = executor_status(pod)
    ended = None if status is None else _terminated(status)
    return ended is not None and not ended.get("exitCode")


def is_executor_busy(pod: Document) -> bool:
    """The reporting container still runs; a pod that failed is not waited for."""
    status = executor_status(pod)
    running = status is not None and dig(status, "state", "running") is not None
    return running and pod_phase(pod) != Phase.FAILED


def has_stray_containers(pod: Document) -> bool:
    """Everything that belongs to the step has ended, but some container (injected from outside) runs on."""
    running = ended = False
    for status in statuses(pod):
        if _terminated(status) is not None:
            ended = ended or status.get("name") == CONTAINER_MAIN
        elif dig(status, "state", "running") is not None:
            if status.get("name") in (CONTAINER_MAIN, CONTAINER_WAIT, CONTAINER_SUPERVISOR):
                return False
            running = True
    return running and ended


def pending_reason(pod: Document) -> str:
    """Why a pending pod does not start: first waiting container, else the scheduler's word."""
    for status in statuses(pod):
        waiting = dig(status, "state", "waiting")
        if waiting is not None:
            return _reason(waiting)
    for condition in dig(pod, "status", "conditions") or ():
        if condition.get("reason") == "Unschedulable":
            return _reason(condition)
    return ""


def _reason(entry: Status) -> str:
    reason, message = entry.get("reason") or "", entry.get("message") or ""
    return f"{reason}: {message}" if message else reason


def finished_at(pod: Document, now: datetime) -> str | None:
    """When the last container ended; now while one still runs; None when none was started."""
    latest: datetime | None = None
    for status in (*_init_statuses(pod), *statuses(pod)):
        if dig(status, "state", "running") is not None:
            latest = now
        moment = parse_time((_terminated(status) or {}).get("finishedAt"))
        if moment is not None and (latest is None or moment > latest):
            latest = moment
    return None if latest is None else format_time(latest)


def failure(pod: Document) -> tuple[Phase, str]:
    """Phase and message of a failed pod's node, by the container that is to blame."""
    message = dig(pod, "status", "message")
    if message:
        return Phase.FAILED, str(message)
    ordered = [*_init_statuses(pod), *_by_importance(pod)]
    if not ordered:
        return Phase.FAILED, f"can't find failed message for pod {name(pod)} namespace {namespace(pod)}"
    for status in ordered:
        blamed = _blame(status)
        if blamed is not None:
            return blamed
    return _without_culprit(pod)


def _by_importance(pod: Document) -> list[Document]:
    supervised = exit_code(pod) == str(_PRE_MAIN_FAILURE)

    def rank(status: Document) -> int:
        if status.get("name") == CONTAINER_SUPERVISOR and supervised:
            return 0
        if status.get("name") == CONTAINER_MAIN:
            return 1
        return 2 if status.get("name") in (CONTAINER_WAIT, CONTAINER_SUPERVISOR) else 3

    return sorted(statuses(pod), key=rank)


def _blame(status: Document) -> tuple[Phase, str] | None:
    container = status.get("name") or ""
    waiting = dig(status, "state", "waiting")
    if waiting is not None:
        reason, message = waiting.get("reason") or "", waiting.get("message") or ""
        return Phase.ERROR, f"Pod failed before {container} container starts due to {reason}: {message}"
    ended = _terminated(status)
    if ended is None or not ended.get("exitCode"):
        return None
    code = ended["exitCode"]
    text = f"{container}: {ended.get('reason') or ''} (exit code {code})"
    if ended.get("message"):
        text += f": {ended['message']}"
    if container in (CONTAINER_INIT, CONTAINER_WAIT, CONTAINER_SUPERVISOR):
        return Phase.ERROR, text
    if container != CONTAINER_MAIN and code in _KILLED:
        return None
    return Phase.FAILED, text


def _without_culprit(pod: Document) -> tuple[Phase, str]:
    done = {status.get("name") for status in statuses(pod) if _terminated(status) is not None}
    main, wait = CONTAINER_MAIN in done, bool(done & {CONTAINER_WAIT, CONTAINER_SUPERVISOR})
    if main and wait:
        return Phase.SUCCEEDED, ""
    if main:
        return Phase.FAILED, "pod failed: wait container did not complete successfully"
    if wait:
        return Phase.FAILED, "pod failed: main container did not complete successfully"
    return Phase.FAILED, "pod failed: neither main nor wait container completed successfully"


def resource_seconds(pod: Document) -> dict[str, int]:
    """Requested amount (in the unit upstream counts in) times running time, over all containers (§1.8)."""
    seconds: dict[str, int] = {}
    times = {status.get("name"): _runtime(status) for status in (*_init_statuses(pod), *statuses(pod))}
    for container in _containers(pod):
        runtime = times.get(container.get("name"), 0.0)
        for resource, amount in _requests(container).items():
            seconds[resource] = seconds.get(resource, 0) + int(runtime * amount)
    return seconds


def _containers(pod: Document) -> Iterator[Document]:
    yield from dig(pod, "spec", "initContainers") or ()
    yield from dig(pod, "spec", "containers") or ()


def _runtime(status: Status) -> float:
    ended = _terminated(status) or {}
    started, finished = parse_time(ended.get("startedAt")), parse_time(ended.get("finishedAt"))
    return (finished - started).total_seconds() if started and finished else 0.0


def _requests(container: Document) -> dict[str, float]:
    resources = container.get("resources") or {}
    wanted = {**_DEFAULT_REQUESTS, **(resources.get("limits") or {}), **(resources.get("requests") or {})}
    amounts: dict[str, float] = {}
    for resource, text in wanted.items():
        try:
            amounts[resource] = float(Quantity.parse(text)) / _DENOMINATORS.get(resource, 1)
        except QuantityError:
            continue
    return amounts
