"""What a person chooses about an installation."""

from __future__ import annotations

import re
from dataclasses import dataclass

from argotui import __version__
from argotui.engine.config import DEFAULT_EXECUTOR_IMAGE

FIELD_MANAGER = "argotui-install"
"""Under this name server-side apply keeps book of the fields that an installation owns."""
CONTROLLER = "argotui-controller"
"""Name of the Deployment, and of the controller's ServiceAccount and roles."""
EXECUTOR = "argotui-executor"
OPERATOR = "argotui-operator"
VIEWER = "argotui-viewer"
MANAGED_BY = "app.kubernetes.io/managed-by"
MANAGER = "argotui"
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


class InstallRefused(Exception):
    """What was asked for cannot be installed; the text says what would be right."""


@dataclass(frozen=True)
class InstallSettings:
    """Where what goes.

    namespace: of the controller. namespaced: its rights and its work end there. workflow_accounts: pairs of
    namespace and ServiceAccount whose pods get the executor's rights. image: of argotui. configmap: name of the
    controller's configuration. instance_id: is written into a configuration that this installation makes.
    minimal_crds: CRDs without schemas.
    """

    namespace: str = "argo"
    namespaced: bool = False
    workflow_accounts: tuple[tuple[str, str], ...] = ()
    image: str = ""
    executor_image: str = DEFAULT_EXECUTOR_IMAGE
    configmap: str = "workflow-controller-configmap"
    instance_id: str = ""
    crds: bool = True
    minimal_crds: bool = False
    controller: bool = True
    create_namespace: bool = False

    def check(self) -> None:
        """Raises InstallRefused."""
        for what, name in (("namespace", self.namespace), ("ConfigMap", self.configmap)):
            if not _LABEL.fullmatch(name):
                raise InstallRefused(f"{name!r} is not a name for a {what}: lower-case letters, digits and -, up to 63")
        for namespace, account in self.workflow_accounts:
            if not (_LABEL.fullmatch(namespace) and _LABEL.fullmatch(account)):
                raise InstallRefused(f"{namespace}:{account} is not NAMESPACE or NAMESPACE:SERVICEACCOUNT")
        if self.controller and not self.image:
            raise InstallRefused(
                "the controller needs an image, and none is published. Build one from the source tree: "
                f"podman build -f Containerfile -t REGISTRY/argotui:{__version__} . ; push it and name "
                "it with --image; or install all but the controller with --no-controller"
            )

    @property
    def accounts(self) -> tuple[tuple[str, str], ...]:
        """Whose pods run workflows: by default the `default` account beside the controller."""
        return self.workflow_accounts or ((self.namespace, "default"),)
