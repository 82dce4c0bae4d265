"""`metricsConfig` of the controller's ConfigMap (§8.1)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

_TTL: Final = re.compile(r"([0-9]+)([dhms])\Z")
_TTL_SECONDS: Final = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_KEYS: Final = (
    "enabled",
    "path",
    "port",
    "metricsTTL",
    "ignoreErrors",
    "secure",
    "modifiers",
    "temporality",
)
_MODIFIER_KEYS: Final = ("disabled", "disabledAttributes", "histogramBuckets")


class MetricsConfigError(ValueError):
    """A setting that cannot be used; the text begins with its name."""


@dataclass(frozen=True)
class Modifier:
    """Changes one built-in metric: not served, without some labels, with other buckets."""

    disabled: bool = False
    dropped: frozenset[str] = frozenset()
    buckets: tuple[float, ...] = ()


@dataclass(frozen=True)
class MetricsSettings:
    """Where metrics are served. ttl_seconds: 0 keeps the values of workflows for ever. ignore_errors: a port that
    cannot be had is no reason to complain."""

    enabled: bool = True
    path: str = "/metrics"
    port: int = 9090
    secure: bool = True
    ttl_seconds: int = 0
    ignore_errors: bool = False
    modifiers: Mapping[str, Modifier] = field(default_factory=dict)


def read_metrics(settings: Mapping[str, Any]) -> MetricsSettings:
    """From the decoded map. Raises MetricsConfigError."""
    _known(settings, _KEYS, "")
    path = settings.get("path") or "/metrics"
    if not isinstance(path, str) or not path.startswith("/"):
        raise MetricsConfigError(f"path: must begin with a slash, found {path!r}")
    port = settings.get("port") or 9090
    if isinstance(port, bool) or not isinstance(port, int) or not 0 < port < 65_536:
        raise MetricsConfigError(f"port: must be a port number, found {port!r}")
    return MetricsSettings(
        enabled=_flag(settings, "enabled", True),
        path=path,
        port=port,
        secure=_flag(settings, "secure", True),
        ttl_seconds=_ttl(settings.get("metricsTTL")),
        ignore_errors=_flag(settings, "ignoreErrors", False),
        modifiers=_each(settings.get("modifiers"), _modifier),
    )


def _known(settings: Mapping[str, Any], keys: tuple[str, ...], where: str) -> None:
    unknown = sorted(set(settings) - set(keys))
    if unknown:
        raise MetricsConfigError(f"{where}{unknown[0]}: unknown field")


def _flag(settings: Mapping[str, Any], key: str, otherwise: bool) -> bool:
    value = settings.get(key)
    if value is None:
        return otherwise
    if not isinstance(value, bool):
        raise MetricsConfigError(f"{key}: must be true or false, found {value!r}")
    return value


def _ttl(text: Any) -> int:
    """Seconds of an integer with one unit, as upstream reads it."""
    if text in (None, "", 0):
        return 0
    found = _TTL.match(str(text))
    if found is None:
        raise MetricsConfigError(f"metricsTTL: must be a whole number with one of d, h, m and s, found {text!r}")
    return int(found[1]) * _TTL_SECONDS[found[2]]


def _each(value: Any, read: Callable[[str, Any], Modifier]) -> dict[str, Modifier]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise MetricsConfigError(f"modifiers: must be a map, found {type(value).__name__}")
    return {str(name): read(f"modifiers.{name}.", entry) for name, entry in value.items()}


def _modifier(where: str, value: Any) -> Modifier:
    if not isinstance(value, dict):
        raise MetricsConfigError(f"{where.removesuffix('.')}: must be a map, found {type(value).__name__}")
    _known(value, _MODIFIER_KEYS, where)
    dropped, buckets = value.get("disabledAttributes") or [], value.get("histogramBuckets") or []
    if not isinstance(dropped, list) or not isinstance(buckets, list):
        raise MetricsConfigError(f"{where}disabledAttributes, {where}histogramBuckets: must be lists")
    try:
        bounds = tuple(sorted(float(bound) for bound in buckets))
    except (TypeError, ValueError):
        raise MetricsConfigError(f"{where}histogramBuckets: must be numbers") from None
    return Modifier(_flag(value, "disabled", False), frozenset(map(str, dropped)), bounds)
