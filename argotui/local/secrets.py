"""Objects with a meaning: users of the local cluster, tokens of ServiceAccounts, the cluster's certificate."""

from __future__ import annotations

USERS_NAMESPACE = "kube-system"
USER_SECRET = "argotui.io/user"
"""One user: its name, the SHA-256 of its token (hexadecimal), its groups divided by commas."""
USER_PREFIX = "argotui-user-"
USER_NAME = "name"
USER_GROUPS = "groups"
HASH = "token-sha256"

CERTIFICATE_MAP = "kube-root-ca.crt"
"""The ConfigMap that pods mount the cluster's authority from. The kubelet answers for it: none is stored."""

TOKEN_SECRET = "kubernetes.io/service-account-token"
ACCOUNT_NAME = "kubernetes.io/service-account.name"
ACCOUNT_UID = "kubernetes.io/service-account.uid"
"""Annotations of such a Secret: whose token it holds."""
