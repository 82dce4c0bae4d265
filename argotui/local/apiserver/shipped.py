"""The controller's ConfigMap with which a local cluster begins; it is the user's from then on."""

from __future__ import annotations

import socket

from argotui.local.apiserver.storage.entry import Key
from argotui.model.documents import Document

CONFIGURATION = Key("configmaps", "argo", "workflow-controller-configmap")
_KEPT = 200
"""Completed workflows of each phase: enough to look back, and a cluster that runs for a year stays quick."""


def configuration() -> Document:
    """A retention policy, and metrics at a port of its own; without TLS, since only this machine reads them."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {},
        "data": {
            "retentionPolicy": f"completed: {_KEPT}\nfailed: {_KEPT}\nerrored: {_KEPT}\n",
            "metricsConfig": f"enabled: true\nport: {_free_port()}\nsecure: false\n",
        },
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
