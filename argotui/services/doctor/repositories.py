"""Where artifacts go (§4.9): whether a repository is configured, and whether its credentials are there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from argotui.kube.errors import ApiError
from argotui.model.documents import Document
from argotui.model.resources import SECRETS
from argotui.services.doctor.finding import Finding, Level, Site

_SHARED = "artifact-repositories"
_DEFAULT = "workflows.argoproj.io/default-artifact-repository"


async def check_repository(site: Site) -> list[Finding]:
    """The default repository of the namespace, else of the controller."""
    where, text = await _configured(site)
    if not text:
        told = f"no artifact repository is configured for {site.workflows}: steps with output artifacts fail"
        advice = f"put artifactRepository into ConfigMap {site.home}/{site.configmap}, or make a ConfigMap {_SHARED}"
        return [Finding(Level.NOTE, "artifacts", told, advice)]
    try:
        repository = yaml.safe_load(text)
    except yaml.YAMLError as error:
        return [Finding(Level.PROBLEM, "artifacts", f"{where}: {' '.join(str(error).split())}", "mend the YAML")]
    lacking = [finding async for finding in _credentials(site, where, repository)]
    kinds = ", ".join(sorted(repository)) if isinstance(repository, dict) else "unreadable"
    return lacking or [Finding(Level.OK, "artifacts", f"{where} has a repository ({kinds})")]


async def _configured(site: Site) -> tuple[str, str]:
    shared = await site.find(_SHARED, site.workflows)
    if shared is not None:
        key = ((shared.get("metadata") or {}).get("annotations") or {}).get(_DEFAULT, "")
        if text := (shared.get("data") or {}).get(key):
            return f"ConfigMap {site.workflows}/{_SHARED} ({key})", str(text)
    found = await site.configuration()
    data: Document = (found or {}).get("data") or {}
    return f"ConfigMap {site.home}/{site.configmap}", str(data.get("artifactRepository") or _inside(data.get("config")))


def _inside(whole: Any) -> str:
    """The repository of a configuration that is one document; "" where it has none or is not YAML."""
    try:
        loaded = yaml.safe_load(str(whole or ""))
    except yaml.YAMLError:  # told by the check of the configuration
        return ""
    repository = loaded.get("artifactRepository") if isinstance(loaded, dict) else None
    return yaml.safe_dump(repository) if repository else ""


async def _credentials(site: Site, where: str, repository: Any) -> Any:
    for name, key in dict.fromkeys(_secrets(repository)):
        try:
            secret = await site.client.get(SECRETS, name, site.workflows)
        except ApiError as error:
            if error.is_forbidden:
                text = f"{where}: you may not see whether Secret {site.workflows}/{name} has {key}"
                yield Finding(Level.UNKNOWN, "artifacts", text)
            elif error.is_not_found:
                yield _no_secret(site, where, name, key)
            else:
                raise
        else:
            if key not in (secret.get("data") or {}):
                yield _no_secret(site, where, name, key)


def _no_secret(site: Site, where: str, name: str, key: str) -> Finding:
    text = f"{where}: Secret {site.workflows}/{name} with key {key} is not there"
    advice = f"kubectl -n {site.workflows} create secret generic {name} --from-literal={key}=…"
    return Finding(Level.PROBLEM, "artifacts", text, advice)


def _secrets(value: Any) -> Iterator[tuple[str, str]]:
    """Each {name, key} below a field that is called …Secret."""
    for field, inner in value.items() if isinstance(value, dict) else ():
        if field.endswith("Secret") and isinstance(inner, dict) and inner.get("name") and inner.get("key"):
            yield str(inner["name"]), str(inner["key"])
        else:
            yield from _secrets(inner)
