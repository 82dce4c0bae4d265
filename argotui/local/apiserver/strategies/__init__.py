"""What is particular to each kind: defaults, rules, what may change."""

from __future__ import annotations

from argotui.local.apiserver.served import Collection
from argotui.local.apiserver.strategies import core, definitions, pods, rbac
from argotui.local.apiserver.strategies.custom import CustomStrategy
from argotui.local.apiserver.strategies.strategy import Strategy, TypedStrategy

_BUILTIN: dict[str, type[TypedStrategy]] = {
    "pods": pods.PodStrategy,
    "configmaps": core.ConfigMapStrategy,
    "secrets": core.SecretStrategy,
    "namespaces": core.NamespaceStrategy,
    "events": core.EventStrategy,
    "services": core.ServiceStrategy,
    "persistentvolumeclaims": core.ClaimStrategy,
    "poddisruptionbudgets.policy": core.BudgetStrategy,
    "jobs.batch": core.JobStrategy,
    "leases.coordination.k8s.io": core.LeaseStrategy,
    "customresourcedefinitions.apiextensions.k8s.io": definitions.DefinitionStrategy,
    "roles.rbac.authorization.k8s.io": rbac.RoleStrategy,
    "rolebindings.rbac.authorization.k8s.io": rbac.BindingStrategy,
    "clusterroles.rbac.authorization.k8s.io": rbac.RoleStrategy,
    "clusterrolebindings.rbac.authorization.k8s.io": rbac.BindingStrategy,
}


def strategy_for(collection: Collection) -> Strategy:
    """The strategy of a collection; made once for each version of its definition."""
    found = collection.cache.get("strategy")
    if found is None:
        made: Strategy
        if collection.builtin:
            made = _BUILTIN.get(collection.id, TypedStrategy)(collection)
        else:
            made = CustomStrategy(collection)
        found = collection.cache["strategy"] = made
    assert isinstance(found, Strategy)
    return found
