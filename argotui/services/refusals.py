"""What an action's plan raises when it cannot be made: the message is for the person."""

from __future__ import annotations

from argotui.kube.errors import KubeError
from argotui.model.problem import ManifestError
from argotui.services.actions import ActionRefused

PLAN_ERRORS = (ActionRefused, ManifestError, KubeError, OSError)
