"""The text of a kubeconfig for the local cluster."""

from __future__ import annotations

import json

CONTEXT = "argotui-local"


def kubeconfig(url: str, authority: str, user: str, token: str, namespace: str, context: str = CONTEXT) -> str:
    """One cluster, one user, one context. `authority` is its certificate as PEM in base64."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": CONTEXT, "cluster": {"server": url, "certificate-authority-data": authority}}],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [{"name": context, "context": {"cluster": CONTEXT, "user": user, "namespace": namespace}}],
        "current-context": context,
    }
    return json.dumps(document, indent=1) + "\n"  # JSON is YAML
