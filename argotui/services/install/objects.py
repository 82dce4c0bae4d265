"""The objects of an installation, in the order in which a cluster wants them."""

from __future__ import annotations

from argotui import __version__
from argotui.model import resources
from argotui.model.documents import Document
from argotui.model.resources import Resource
from argotui.model.schema import crds
from argotui.services.install.deployment import deployment
from argotui.services.install.rules import CONTROLLER_RULES, EXECUTOR_RULES, HOME_RULES, OPERATOR_RULES, VIEWER_RULES
from argotui.services.install.settings import (
    CONTROLLER,
    EXECUTOR,
    MANAGED_BY,
    MANAGER,
    OPERATOR,
    VIEWER,
    InstallSettings,
)

Rules = tuple[Document, ...]
_AGGREGATES = {VIEWER: ("view",), OPERATOR: ("edit", "admin")}
"""Into which of Kubernetes' own roles the rights of ours flow, where they are for the whole cluster."""


def objects(settings: InstallSettings) -> list[Document]:
    """What `settings` ask for; each is labelled as argotui's."""
    found: list[Document] = []
    if settings.create_namespace:
        found.append(_object(resources.NAMESPACES, settings.namespace, None))
    if settings.crds:
        found += [_labelled(crd) for crd in crds(minimal=settings.minimal_crds)]
    found += _people(settings)
    found += _executors(settings)
    if settings.controller:
        found += _controller(settings)
    return found


def _people(settings: InstallSettings) -> list[Document]:
    return [_role(settings, VIEWER, VIEWER_RULES), _role(settings, OPERATOR, OPERATOR_RULES)]


def _executors(settings: InstallSettings) -> list[Document]:
    """In each namespace of workflows a role of its own: a binding reaches no further than its namespace."""
    found: list[Document] = []
    for namespace in dict.fromkeys(place for place, _ in settings.accounts):
        accounts = [account for place, account in settings.accounts if place == namespace]
        found.append(_object(resources.ROLES, EXECUTOR, namespace, rules=list(EXECUTOR_RULES)))
        found.append(_binding(resources.ROLE_BINDINGS, EXECUTOR, namespace, "Role", namespace, accounts))
    return found


def _controller(settings: InstallSettings) -> list[Document]:
    home, account = settings.namespace, [CONTROLLER]
    found = [_object(resources.SERVICE_ACCOUNTS, CONTROLLER, home)]
    if settings.namespaced:
        found.append(_object(resources.ROLES, CONTROLLER, home, rules=[*CONTROLLER_RULES, *HOME_RULES]))
    else:
        found.append(_object(resources.CLUSTER_ROLES, CONTROLLER, None, rules=list(CONTROLLER_RULES)))
        found.append(_binding(resources.CLUSTER_ROLE_BINDINGS, CONTROLLER, None, "ClusterRole", home, account))
        found.append(_object(resources.ROLES, CONTROLLER, home, rules=list(HOME_RULES)))
    found.append(_binding(resources.ROLE_BINDINGS, CONTROLLER, home, "Role", home, account))
    # without any key: all that is in it is the user's, and a later installation takes nothing back
    data = {"data": {"instanceID": settings.instance_id}} if settings.instance_id else {}
    found.append(_object(resources.CONFIG_MAPS, settings.configmap, home, **data))
    found.append(_labelled(deployment(settings)))
    return found


def _role(settings: InstallSettings, name: str, rules: Rules) -> Document:
    if settings.namespaced:
        return _object(resources.ROLES, name, settings.namespace, rules=list(rules))
    made = _object(resources.CLUSTER_ROLES, name, None, rules=list(rules))
    made["metadata"]["labels"] |= {
        f"rbac.authorization.k8s.io/aggregate-to-{role}": "true" for role in _AGGREGATES[name]
    }
    return made


def _binding(
    resource: Resource, name: str, namespace: str | None, role_kind: str, home: str, accounts: list[str]
) -> Document:
    subjects = [{"kind": "ServiceAccount", "name": account, "namespace": home} for account in accounts]
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": role_kind, "name": name}
    return _object(resource, name, namespace, roleRef=role, subjects=subjects)


def _object(resource: Resource, name: str, namespace: str | None, **fields: object) -> Document:
    metadata: Document = {"name": name}
    if namespace is not None:
        metadata["namespace"] = namespace
    return _labelled({"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata, **fields})


def _labelled(document: Document) -> Document:
    labels = {
        "app.kubernetes.io/part-of": "argotui",
        "app.kubernetes.io/version": __version__,
        MANAGED_BY: MANAGER,
    }
    metadata = document["metadata"]
    return {**document, "metadata": {**metadata, "labels": {**metadata.get("labels", {}), **labels}}}
