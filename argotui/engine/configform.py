"""The two layouts of the controller's ConfigMap, and the form of what is in it (§8.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from argotui.model.dialect import today
from argotui.model.manifest.configuration import Configuration
from argotui.model.manifest.findings import problems
from argotui.model.manifest.parts import wire_name
from argotui.model.manifest.reader import Read, read_documents
from argotui.model.manifest.spots import Spot
from argotui.model.manifest.values import plain_numbers
from argotui.model.problem import ManifestError, Problem

CHECKED: Final = frozenset(field.alias or wire_name(name) for name, field in Configuration.model_fields.items())
"""Keys whose whole form is checked here."""

_MOST_TOLD: Final = 5


class ConfigError(ValueError):
    """A ConfigMap that cannot be used; the text names the key and says why."""


def settings_of(data: Mapping[str, str]) -> dict[str, Any]:
    """Both layouts as one map: `config` alone with everything in it, or one key per setting. Raises ConfigError."""
    if "config" not in data:
        return _checked({key: _value(key, text).value for key, text in data.items()}, None)
    others = sorted(set(data) - {"config"})
    if others:
        raise ConfigError(f"when data.config is set, no other key may be: found {', '.join(others)}")
    whole, spot = _value("config", data["config"])
    if whole is None:
        return {}
    if not isinstance(whole, dict):
        raise ConfigError(f"config: must be a map, found {type(whole).__name__}")
    return _checked(whole, spot)


def _value(key: str, text: str) -> Read:
    try:
        found = read_documents(text, key)
    except ManifestError as error:
        raise ConfigError(f"not YAML: {error}") from None
    if len(found) > 1:
        raise ConfigError(f"{key}: more than one document")
    return Read(plain_numbers([found[0].value])[0], found[0].spot) if found else Read(None, None)


def _checked(settings: dict[str, Any], root: Spot | None) -> dict[str, Any]:
    formal = {key: value for key, value in settings.items() if key in CHECKED}
    if isinstance(formal.get("workflowDefaults"), dict):
        formal["workflowDefaults"] = today(formal["workflowDefaults"])
    found = problems(Configuration, formal, root, "config" if root else "")
    if found:
        raise ConfigError(_told(found))
    return settings


def _told(found: list[Problem]) -> str:
    lines = [str(each) for each in found[:_MOST_TOLD]]
    if len(found) > _MOST_TOLD:
        lines.append(f"and {len(found) - _MOST_TOLD} more")
    return "; ".join(lines)
