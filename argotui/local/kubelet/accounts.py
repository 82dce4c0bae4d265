"""ServiceAccounts of pods: their tokens, and the executor that acts with them."""

from __future__ import annotations

from collections.abc import Mapping

from argotui.executor.template import ExecutorError
from argotui.local.kubelet.api import Api
from argotui.local.kubelet.executors import read_mounted
from argotui.local.kubelet.volumes import Volume
from argotui.model.documents import Document

MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"


def acting(api: Api, container: Document, volumes: Mapping[str, Volume]) -> Api:
    """The API with the rights that a container of the executor has: those of the token that is mounted in it.

    Raises ExecutorError where there is none: the kubelet's own rights are not the pod's.
    """
    try:
        token = read_mounted(f"{MOUNT}/token", [container], volumes).decode().strip()
    except FileNotFoundError:
        token = ""
    except (OSError, UnicodeDecodeError) as error:
        raise ExecutorError(f"the token of the ServiceAccount cannot be read: {error}") from error
    if not token:
        why = "the pod has no token of a ServiceAccount, so its executor cannot report"
        raise ExecutorError(f"{why}: automountServiceAccountToken is false, and executor.serviceAccountName is not set")
    return api.acting_as(token)
