"""What an examination finds, and what it looks at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from argotui.kube.client import Client
from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.resources import CONFIG_MAPS


class Level(StrEnum):
    """From harmless to broken; `UNKNOWN`: it could not be looked at."""

    OK = "ok"
    NOTE = "note"
    UNKNOWN = "unknown"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Finding:
    """One sentence about one thing. `advice` says what to do about it; it is empty where nothing is to be done."""

    level: Level
    about: str
    text: str
    advice: str = ""


@dataclass(frozen=True)
class Site:
    """Where to look. `home` is the controller's namespace, `workflows` that of the workflows; `now` is UTC."""

    client: Client
    home: str
    workflows: str
    configmap: str
    now: datetime

    async def configuration(self) -> Document | None:
        """The controller's ConfigMap; None where there is none. Raises ApiError."""
        return await self.find(self.configmap, self.home)

    async def find(self, name: str, namespace: str) -> Document | None:
        """A ConfigMap by its name. Raises ApiError."""
        found = await self.client.list(CONFIG_MAPS, namespace, field_selector=f"metadata.name={name}")
        return next((item for item in found.items if documents.name(item) == name), None)
