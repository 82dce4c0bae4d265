"""Makes deploy/*/argotui.yaml again: the manifests that `argotui install` applies, without the CRDs."""

from pathlib import Path

from argotui.cli.install import text_of
from argotui.services.install.objects import objects
from argotui.services.install.settings import InstallSettings

DEPLOY = Path(__file__).parent.parent / "deploy"


def manifests(*, namespaced: bool) -> str:
    """The whole file; its image is the name that a kustomization replaces."""
    settings = InstallSettings(image="argotui", namespaced=namespaced, crds=False)
    return "".join(f"---\n{text_of(document)}\n" for document in objects(settings))


if __name__ == "__main__":
    for folder, namespaced in (("cluster", False), ("namespaced", True)):
        (DEPLOY / folder / "argotui.yaml").write_text(manifests(namespaced=namespaced))
