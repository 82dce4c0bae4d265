"""volumeClaimTemplates: claims made before the first node, deleted after the last one (§2.15)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from argotui.engine.effects import CreatePVC, DeletePVCs
from argotui.engine.facts import ClaimCreated, ClaimNotCreated, ClaimsDeleted, Fact
from argotui.engine.owners import owned_by
from argotui.model.documents import Document, dig
from argotui.model.keys import LABEL_WORKFLOW
from argotui.model.phase import Phase

if TYPE_CHECKING:
    from argotui.engine.execution import Execution

CREATE_AGAIN_AFTER: Final = timedelta(seconds=10)
"""Pause after the API could not take a claim for the moment."""

WAITING: Final = "Waiting for a PVC to be created. "
"""Begins the workflow's message while it is Pending for want of a claim."""

_NEVER: Final = datetime.max.replace(tzinfo=UTC)
_STATUS: Final = "persistentVolumeClaims"


class Claims:
    """The claims of one run, by name.

    `error` is set when one of them can never be had, `delay` while one cannot be had for the moment.
    """

    def __init__(self, ex: Execution) -> None:
        self._ex = ex
        self._asked: dict[str, datetime] = {}
        """Claims that were asked for, and when they may be asked for again."""
        self._is_deleting = False
        self._left: tuple[str, ...] | None = None
        """Claims that could not be deleted; None until that is known."""
        self.error = ""
        self.delay = ""

    @property
    def is_awaited(self) -> bool:
        """The workflow was Pending for want of a claim when it was stored last."""
        status = self._ex.status
        return status.get("phase") == Phase.PENDING and str(status.get("message") or "").startswith(WAITING)

    def take(self, facts: Iterable[Fact]) -> None:
        """What has become of claims."""
        for fact in facts:
            match fact:
                case ClaimCreated(name):
                    self._note(name)
                case ClaimNotCreated(name, message, transient):
                    self._not_created(name, message, transient)
                case ClaimsDeleted(left):
                    self._left = left

    # --- before the first node ----------------------------------------------------------------

    def ready(self) -> bool:
        """Whether all claims are there; those that are missing are asked for."""
        if self.error:
            return False
        wanted = self._wanted()
        if len(wanted) == len(self._stored()):
            return True
        for position, template in enumerate(wanted.values()):
            if not dig(template, "metadata", "name"):
                self.error = f"pvc create error: volumeClaimTemplates[{position}].metadata.name is required"
                return False
        self._ask(wanted)
        return False

    def _wanted(self) -> dict[str, Document]:
        """Name of the claim -> its template, in order."""
        templates: list[Document] = self._ex.spec.get("volumeClaimTemplates") or []
        return {f"{self._ex.name}-{dig(t, 'metadata', 'name') or ''}": t for t in templates}

    def _stored(self) -> list[Document]:
        return self._ex.status.get(_STATUS) or []

    def _ask(self, wanted: dict[str, Document]) -> None:
        there = {dig(volume, "persistentVolumeClaim", "claimName") for volume in self._stored()}
        for name, template in wanted.items():
            if name not in there and self._asked.get(name, self._ex.now) <= self._ex.now:
                self._asked[name] = _NEVER
                self._ex.effects.append(CreatePVC(self._claim(name, template)))

    def _claim(self, name: str, template: Document) -> Document:
        ex, metadata = self._ex, template.get("metadata") or {}
        own = {key: metadata[key] for key in ("annotations",) if metadata.get(key)}
        return {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {
                "name": name,
                "namespace": ex.namespace,
                "labels": {**(metadata.get("labels") or {}), LABEL_WORKFLOW: ex.name},
                "ownerReferences": [owned_by(ex.workflow)],
                **own,
            },
            "spec": template.get("spec") or {},
        }

    def _note(self, name: str) -> None:
        self.delay = ""
        status, prefix = self._ex.status, f"{self._ex.name}-"
        there = {dig(volume, "persistentVolumeClaim", "claimName"): volume for volume in self._stored()}
        there[name] = {"name": name.removeprefix(prefix), "persistentVolumeClaim": {"claimName": name}}
        status[_STATUS] = [there[each] for each in self._wanted() if each in there]

    def _not_created(self, name: str, message: str, transient: bool) -> None:
        if not transient:
            self.error = f"pvc create error: {message}"
            return
        self.delay = f"{WAITING}{message}"
        self._asked[name] = self._ex.now + CREATE_AGAIN_AFTER
        self._ex.at(self._asked[name], lambda: None)  # the step itself asks again

    # --- after the last node ------------------------------------------------------------------

    def collected(self, phase: Phase) -> bool:
        """Whether nothing is left to delete at the workflow's end with this phase; what is left is asked for."""
        if not self._deletes(phase):
            return True
        names = tuple(str(dig(volume, "persistentVolumeClaim", "claimName")) for volume in self._stored())
        if names and self._left is None and not self._is_deleting:
            self._is_deleting = True
            self._ex.effects.append(DeletePVCs(names))
        return not names or self._left is not None

    def _deletes(self, phase: Phase) -> bool:
        match dig(self._ex.spec, "volumeClaimGC", "strategy") or "OnWorkflowSuccess":
            case "OnWorkflowSuccess":
                return phase == Phase.SUCCEEDED
            case "OnWorkflowCompletion":
                return True
        return False

    def drop(self) -> None:
        """The workflow is over: only claims that could not be deleted stay in its status."""
        if self._left is not None:
            left = [v for v in self._stored() if dig(v, "persistentVolumeClaim", "claimName") in self._left]
            self._ex.status[_STATUS] = left
