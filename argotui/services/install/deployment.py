"""The controller as a Deployment."""

from __future__ import annotations

from argotui.model.documents import Document
from argotui.model.resources import DEPLOYMENTS
from argotui.services.install.settings import CONTROLLER, InstallSettings

METRICS_PORT = 9090
HEALTH_PORT = 6060
_NOBODY = 65532


def deployment(settings: InstallSettings) -> Document:
    """One replica; more may stand by, since the Lease lets only one of them act."""
    selector = {"app.kubernetes.io/name": CONTROLLER}
    return {
        "apiVersion": DEPLOYMENTS.api_version,
        "kind": DEPLOYMENTS.kind,
        "metadata": {"name": CONTROLLER, "namespace": settings.namespace, "labels": selector},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": selector},
            "template": {"metadata": {"labels": selector}, "spec": _pod(settings)},
        },
    }


def _pod(settings: InstallSettings) -> Document:
    return {
        "serviceAccountName": CONTROLLER,
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "securityContext": {"runAsNonRoot": True, "runAsUser": _NOBODY, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [_container(settings)],
        "volumes": [{"name": "tmp", "emptyDir": {}}],
    }


def _container(settings: InstallSettings) -> Document:
    return {
        "name": "controller",
        "image": settings.image,
        "args": _arguments(settings),
        "env": [{"name": "LEADER_ELECTION_IDENTITY", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
        "ports": [
            {"name": "metrics", "containerPort": METRICS_PORT},
            {"name": "health", "containerPort": HEALTH_PORT},
        ],
        "livenessProbe": _probe(
            "/healthz", initialDelaySeconds=90, periodSeconds=60, timeoutSeconds=30, failureThreshold=3
        ),
        "readinessProbe": _probe("/readyz", periodSeconds=10, timeoutSeconds=5),
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
    }


def _arguments(settings: InstallSettings) -> list[str]:
    arguments = ["controller", "--configmap", settings.configmap, "--executor-image", settings.executor_image]
    arguments += ["--metrics-host", "0.0.0.0", "--log-format", "json"]
    return [*arguments, "--namespaced"] if settings.namespaced else arguments


def _probe(path: str, **timing: int) -> Document:
    return {"httpGet": {"path": path, "port": "health"}, **timing}
