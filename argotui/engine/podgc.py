"""What becomes of the pod of a node that is over: labelled, deleted, or kept until more is known (§4.12)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Self

from argotui.engine.config import EngineConfig
from argotui.engine.effects import CollectPod, Effect, LabelPodCompleted
from argotui.model import documents
from argotui.model.documents import Document, dig
from argotui.model.duration import DurationError, argo_duration, format_go_duration
from argotui.model.keys import LABEL_COMPLETED
from argotui.model.labels import LabelSelector, SelectorError
from argotui.model.phase import Phase, completed

_SECOND = 10**9


class Fate(Enum):
    """What is to be done with a pod now."""

    LABEL = auto()
    DELETE = auto()
    KEEP = auto()
    """Nothing yet: that depends on how the workflow ends."""


@dataclass(frozen=True, slots=True)
class EndedPod:
    """What is remembered of a pod that has ended."""

    name: str
    uid: str
    labels: Mapping[str, str]
    phase: str

    @classmethod
    def of(cls, pod: Document) -> Self:
        """From the pod itself."""
        phase = str(dig(pod, "status", "phase") or "")
        return cls(documents.name(pod), documents.uid(pod), documents.labels(pod), phase)


@dataclass(frozen=True, slots=True)
class PodPolicy:
    """`spec.podGC` and what the controller's configuration adds. selector None selects no pod."""

    strategy: str = ""
    selector: LabelSelector | None = None
    delay_ns: int = 0
    grace_seconds: int | None = None

    @classmethod
    def of(cls, spec: Mapping[str, Any], config: EngineConfig) -> Self:
        """From a workflow's spec. What validation would refuse counts as not said, as upstream takes it."""
        settings = spec.get("podGC")
        if not isinstance(settings, dict):
            return cls()
        try:
            selector = LabelSelector.from_document(settings.get("labelSelector"))
        except SelectorError:
            selector = None
        delay = _delay(settings.get("deleteDelayDuration"), config.pod_gc_delay_ns)
        return cls(str(settings.get("strategy") or ""), selector, delay, config.pod_gc_grace_seconds)

    @property
    def note(self) -> str:
        """Value of the pods' annotation `pod-gc-strategy`; empty when the workflow says nothing of podGC."""
        if self == PodPolicy():
            return ""
        return f"{self.strategy}/{format_go_duration(self.delay_ns)}"

    def fate(self, pod: EndedPod, workflow_phase: str) -> Fate:
        """For a pod that has ended, of a node that is over."""
        if self.selector is None or not self.strategy or not self.selector.matches(pod.labels):
            return Fate.LABEL
        if self._deletes(pod, workflow_phase):
            return Fate.DELETE
        is_kept_failure = self.strategy == "OnPodSuccess" and pod.phase == Phase.FAILED
        return Fate.LABEL if is_kept_failure or completed(workflow_phase) else Fate.KEEP

    def _deletes(self, pod: EndedPod, workflow_phase: str) -> bool:
        match self.strategy:
            case "OnPodCompletion":
                return True
            case "OnPodSuccess":
                return pod.phase == Phase.SUCCEEDED
            case "OnWorkflowCompletion":
                return completed(workflow_phase)
            case "OnWorkflowSuccess":
                return workflow_phase == Phase.SUCCEEDED
        return False

    def effect(self, pod: EndedPod, workflow_phase: str) -> Effect | None:
        """What to do with the pod now, None when nothing or when it is done already."""
        match self.fate(pod, workflow_phase):
            case Fate.DELETE:
                return CollectPod(pod.name, pod.uid, self.delay_ns / _SECOND, self.grace_seconds)
            case Fate.LABEL if pod.labels.get(LABEL_COMPLETED) != "true":
                return LabelPodCompleted(pod.name)
        return None

    def effects(self, pods: Iterable[EndedPod], workflow_phase: str) -> Iterator[Effect]:
        """The same for many."""
        for pod in pods:
            effect = self.effect(pod, workflow_phase)
            if effect is not None:
                yield effect


def _delay(text: Any, otherwise: int) -> int:
    """Nanoseconds; the configured ones when the text is missing, not a duration, or negative."""
    if text is None or text == "":
        return otherwise
    try:
        delay = argo_duration(str(text))
    except DurationError:
        return otherwise
    return delay if delay >= 0 else otherwise
