"""ServiceAccounts of pods: their tokens, and the executor that acts with them."""

from __future__ import annotations

from collections.abc import Mapping

from argotui.executor.template import ExecutorError
from argotui.kube.errors import ApiError
from argotui.local.kubelet.api import Api
from argotui.local.kubelet.executors import read_mounted
from argotui.local.kubelet.references import Missing, References
from argotui.local.kubelet.volumes import Volume
from argotui.model import documents
from argotui.model.documents import Document

_ACCOUNT = "serviceAccount"
"""What the API server gives every new pod, and what none has that began under a version without tokens."""
_MOUNTED = 3607
"""Seconds that mounted tokens are asked for; the server makes a year of them."""
MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"


async def acting(api: Api, pod: Document, container: Document, volumes: Mapping[str, Volume]) -> Api:
    """The API with the rights that a container of the executor has: those of the token that is mounted in it.

    Raises ExecutorError where there is none: the kubelet's own rights are not the pod's.
    """
    if _ACCOUNT not in pod["spec"]:
        return api.acting_as(await _of_older_pod(api, pod))
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


async def _of_older_pod(api: Api, pod: Document) -> str:
    """A token for a step that goes on while argotui is replaced by a version that mounts tokens."""
    account = str(pod["spec"].get("serviceAccountName") or "default")
    try:
        token = await References(api, documents.namespace(pod)).token(account, pod, {"expirationSeconds": _MOUNTED})
    except (Missing, ApiError) as error:
        raise ExecutorError(str(error)) from error
    return token.decode()
