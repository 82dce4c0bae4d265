"""What is known when a pod is built, and the one error building can end in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from argotui.engine.config import EngineConfig
from argotui.model.documents import Document


class PodBuildError(Exception):
    """The pod of a node cannot be made; the text is what the node's message will say."""


@dataclass(frozen=True)
class PodRequest:
    """Arguments of `build_pod`, passed on to the parts of the package."""

    workflow: Document
    template: Document
    node_name: str
    node_id: str
    pod_name: str
    include_result: bool
    deadline: datetime | None
    active_deadline_seconds: int | None
    on_exit: bool
    scope: Mapping[str, str | None]
    config: EngineConfig
    boundary_template: Document | None
    avoided_hosts: tuple[str, ...] = ()
    executor_token: str = ""

    @property
    def spec(self) -> Document:
        """The workflow's merged spec."""
        found = self.workflow.get("spec")
        return found if isinstance(found, dict) else {}

    def own_or_spec(self, key: str) -> Any:
        """The template's value of `key`, else the workflow spec's (None when neither has one)."""
        return self.template.get(key) or self.spec.get(key)
