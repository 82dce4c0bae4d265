"""What the one who is connected may do in a namespace, by one SelfSubjectRulesReview."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from argotui.model.rbac import Right, Rule, Rules

if TYPE_CHECKING:
    from argotui.kube.client import Client

_PATH = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"


@dataclass(frozen=True)
class Permissions:
    """The rules that hold in one namespace. `complete` is False where the cluster decides by more than it can list
    (webhooks, node restrictions): then nothing is known to be missing."""

    rules: Rules
    complete: bool

    def lack(self, right: Right) -> bool:
        """Whether the right is certainly missing."""
        return self.complete and not self.rules.allow(right)

    def lack_all(self, right: Right) -> bool:
        """Whether the right is certainly missing for every object of the kind."""
        return self.complete and not self.rules.allow_some(right)


async def read_permissions(client: Client, namespace: str) -> Permissions:
    """Asks the server. Raises KubeError."""
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    }
    answer = await client.raw("POST", _PATH, body=body)
    status = answer.get("status") or {}
    rules = Rules(Rule.of(rule) for rule in status.get("resourceRules") or ())
    told = "resourceRules" in status and not status.get("incomplete") and not status.get("evaluationError")
    return Permissions(rules, complete=told)
