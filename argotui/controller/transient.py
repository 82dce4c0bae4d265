"""Which failures are worth another try and which are final (§8.9)."""

import os
import re

from argotui.kube.errors import ApiError, KubeError, Unreachable

_ETCD = ("etcdserver: leader changed", "etcdserver: request timed out", "etcdserver: too many requests")


def is_quota(error: Exception) -> bool:
    """The namespace has no room at the moment: the request is fine, the answer may change."""
    if not isinstance(error, ApiError):
        return False
    if error.is_forbidden:
        return "exceeded quota" in error.message
    return error.is_conflict and "resourcequota" in error.message.lower()


def is_transient(error: Exception) -> bool:
    """No answer, or an answer that says "later"; quota counts too."""
    if isinstance(error, Unreachable) or is_quota(error):
        return True
    if not isinstance(error, KubeError):
        return False
    text = str(error)
    if isinstance(error, ApiError) and (
        error.status in (429, 503, 504) or error.reason in ("Timeout", "ServerTimeout", "TooManyRequests")
    ):
        return True
    pattern = os.environ.get("TRANSIENT_ERROR_PATTERN", "")
    return any(each in text for each in _ETCD) or bool(pattern and re.search(pattern, text))
