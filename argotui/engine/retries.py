"""Whether a failed attempt is followed by another one, and when (§2.11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from argotui.engine.errors import EngineError
from argotui.engine.expressions import Drawn, is_true
from argotui.engine.gotext import general_float
from argotui.engine.scopes import Layers
from argotui.engine.transient import looks_transient
from argotui.model import duration
from argotui.model.duration import DurationError
from argotui.model.phase import Phase, failed_or_error, fulfilled
from argotui.model.times import parse_time

Node = Mapping[str, Any]

BACKOFF: Final = "Backoff for "
"""How the message of a Retry node begins while it pauses."""

POLICIES: Final = ("Always", "OnError", "OnFailure", "OnTransientError")
_LONGEST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Ended:
    """The Retry node takes this phase and message."""

    phase: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Wait:
    """Another attempt follows, not before `until`."""

    until: datetime
    message: str


@dataclass(frozen=True, slots=True)
class Again:
    """Another attempt is made now. clears_message: a `Backoff for …` message is taken off the Retry node."""

    clears_message: bool = False


@dataclass(frozen=True, slots=True)
class Active:
    """The last attempt is not over."""


Decision = Ended | Wait | Again | Active


def policy(strategy: Node) -> str:
    """The effective retryPolicy: the given one, `Always` with an expression, else `OnFailure`."""
    return str(strategy.get("retryPolicy") or ("Always" if strategy.get("expression") else "OnFailure"))


def retries_errors(strategy: Node) -> bool:
    """True when an attempt that could not even start may be followed by another one."""
    return policy(strategy) in ("Always", "OnError", "OnTransientError")


def decide(
    strategy: Node,
    attempts: Sequence[Node],
    now: datetime,
    *,
    shutdown: str = "",
    workflow_deadline: datetime | None = None,
    transient_pattern: str = "",
) -> Decision:
    """What happens to a Retry node with these attempts (node documents, oldest first, at least one).

    Raises EngineError for a strategy that cannot be read.
    """
    last = attempts[-1]
    phase = last.get("phase") or ""
    if not fulfilled(phase, last.get("taskResultSynced")):
        return Active()
    if not failed_or_error(phase):
        return Ended(Phase.SUCCEEDED)
    if shutdown:
        return Ended(phase, f"Stopped with strategy '{shutdown}'")
    if workflow_deadline is not None and now >= workflow_deadline:
        return Ended(phase, f"retry exceeded workflow deadline {workflow_deadline:%Y-%m-%d %H:%M:%S} +0000 UTC")
    if strategy.get("backoff") is None:
        return _judge(strategy, attempts, Again(), transient_pattern, now)
    paused = _back_off(strategy, attempts, now)
    if not isinstance(paused, Again):
        return paused
    return _judge(strategy, attempts, paused, transient_pattern, now)


def _back_off(strategy: Node, attempts: Sequence[Node], now: datetime) -> Decision:
    backoff, last = strategy["backoff"], attempts[-1]
    deadline = attempts_deadline(strategy, attempts[0])
    if deadline is not None and now >= deadline:
        return Ended(last["phase"], "Max duration limit exceeded")
    pause = backoff_ns(backoff, len(attempts))
    finished = parse_time(last.get("finishedAt")) or now
    until = finished + timedelta(microseconds=pause // 1000)
    if deadline is not None and until > deadline:
        return Ended(last["phase"], "Backoff would exceed max duration limit")
    # Without a limit upstream does not wait; with one, only while attempts are left.
    if now < until and strategy.get("limit") is not None and len(attempts) <= _whole(strategy["limit"]):
        return Wait(until, f"{BACKOFF}{duration.long_words(pause)}")
    return Again(clears_message=True)


def attempts_deadline(strategy: Node, first: Node) -> datetime | None:
    """When further attempts have to end at the latest (`maxDuration`); first: the first attempt.

    Raises EngineError when the strategy cannot be read.
    """
    text = (strategy.get("backoff") or {}).get("maxDuration")
    started = parse_time(first.get("startedAt"))
    if not text or started is None:
        return None
    return started + timedelta(microseconds=_nanoseconds(text) // 1000)


def backoff_ns(backoff: Node, attempts: int) -> int:
    """The pause after this many attempts, in nanoseconds: duration * factor^(attempts-1), at most cap."""
    if not backoff.get("duration"):
        raise EngineError("no base duration specified for retryStrategy")
    pause = _nanoseconds(backoff["duration"])
    factor = backoff.get("factor")
    if factor is not None and factor != "" and (number := _whole(factor)) > 0:
        pause = _times(pause, number, attempts - 1)
    if backoff.get("cap"):
        pause = min(pause, _nanoseconds(backoff["cap"]))
    return pause


def _times(pause: int, factor: int, power: int) -> int:
    """A product that does not fit 64 bits, or is negative, is the longest pause there is."""
    if factor > 1 and power >= 64:
        return _LONGEST if pause else 0
    product = pause * factor**power
    return product if 0 <= product <= _LONGEST else _LONGEST


def _nanoseconds(text: Any) -> int:
    try:
        return duration.argo_duration(str(text))
    except DurationError as error:
        raise EngineError(str(error)) from None


def _whole(value: Any) -> int:
    try:
        return int(str(value))
    except ValueError:
        raise EngineError(f"value '{value}' cannot be resolved to an int") from None


def _judge(strategy: Node, attempts: Sequence[Node], again: Again, pattern: str, now: datetime) -> Decision:
    """Policy first, then the limit, then the expression."""
    last = attempts[-1]
    phase, message = last["phase"], last.get("message") or ""
    if not _retried(strategy, phase, message, pattern):
        return Ended(phase, message)
    limit = strategy.get("limit")
    if limit is not None and len(attempts) > _whole(limit):
        return Ended(phase, "No more retries left")
    expression = strategy.get("expression")
    if expression and not is_true(str(expression), _variables(attempts, now)):
        return Ended(phase, "retryStrategy.expression evaluated to false")
    return again


def _variables(attempts: Sequence[Node], now: datetime) -> Layers:
    """What the expression knows. An attempt without an exit code has the code -1."""
    variables = {"retries": str(len(attempts) - 1), **last_retry(attempts[-1], no_code="-1")}
    return Layers(variables, drawn=partial(Drawn, now))


def last_retry(attempt: Node, *, no_code: str = "0") -> dict[str, str]:
    """`lastRetry.…` after an attempt, which may be an empty document: before the first one."""
    started, finished = parse_time(attempt.get("startedAt")), parse_time(attempt.get("finishedAt"))
    seconds = (finished - started).total_seconds() if started and finished else 0.0
    return {
        "lastRetry.exitCode": str((attempt.get("outputs") or {}).get("exitCode") or no_code),
        "lastRetry.status": str(attempt.get("phase") or ""),
        "lastRetry.duration": general_float(float(int(seconds))),
        "lastRetry.message": str(attempt.get("message") or ""),
    }


def _retried(strategy: Node, phase: str, message: str, pattern: str) -> bool:
    chosen = policy(strategy)
    if chosen not in POLICIES:
        raise EngineError(f"{chosen} is not a valid RetryPolicy")
    if chosen == "OnTransientError":
        return looks_transient(message, pattern)
    return chosen == "Always" or (chosen == "OnError") == (phase == Phase.ERROR)
