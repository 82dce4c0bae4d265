"""Volume claims of the simulated cluster."""

from __future__ import annotations

from dataclasses import dataclass, field

from argotui.engine.facts import ClaimCreated, ClaimNotCreated, ClaimsDeleted, Fact
from argotui.model import documents
from argotui.model.documents import Document


@dataclass
class Volumes:
    """claims: what is there. refused: name -> (message, transient) of those that cannot be made, for now or for ever.
    stuck: those that cannot be deleted."""

    claims: dict[str, Document] = field(default_factory=dict)
    refused: dict[str, tuple[str, bool]] = field(default_factory=dict)
    stuck: set[str] = field(default_factory=set)
    requests: list[tuple[str, str]] = field(default_factory=list)

    def create(self, claim: Document) -> Fact:
        name = documents.name(claim)
        self.requests.append(("create", name))
        if name in self.refused:
            return ClaimNotCreated(name, *self.refused[name])
        there = self.claims.setdefault(name, claim)
        if there["metadata"]["ownerReferences"] != claim["metadata"]["ownerReferences"]:
            return ClaimNotCreated(name, f"{name} pvc already exists with different ownerreference", False)
        return ClaimCreated(name)

    def delete(self, names: tuple[str, ...]) -> Fact:
        self.requests.extend(("delete", name) for name in names)
        for name in set(names) - self.stuck:
            self.claims.pop(name, None)
        return ClaimsDeleted(tuple(name for name in names if name in self.stuck))
