"""What a Kubernetes API server adds to a pod on creation, as far as the recorded pods show it."""

from __future__ import annotations

import copy
from typing import Any

_MODE = 0o644


def defaulted(pod: dict[str, Any]) -> dict[str, Any]:
    """A copy of the pod as the API server would store it."""
    result = copy.deepcopy(pod)
    spec = result["spec"]
    spec.setdefault("terminationGracePeriodSeconds", 30)
    for volume in spec.get("volumes") or ():
        for kind in ("configMap", "secret", "projected", "downwardAPI"):
            if kind in volume:
                volume[kind].setdefault("defaultMode", _MODE)
    for container in [*(spec.get("initContainers") or ()), *spec["containers"]]:
        latest = container["image"].rpartition(":")[2] in ("latest", container["image"])
        container.setdefault("imagePullPolicy", "Always" if latest else "IfNotPresent")
        resources = container.get("resources") or {}
        for name, limit in (resources.get("limits") or {}).items():
            resources.setdefault("requests", {}).setdefault(name, limit)
    return result
