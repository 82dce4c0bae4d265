"""The pod that does the work of one node, exactly as upstream's controller would ask for it (§4)."""

from argotui.engine.pods.build import build_pod
from argotui.engine.pods.offload import offloaded
from argotui.engine.pods.request import PodBuildError

__all__ = ["PodBuildError", "build_pod", "offloaded"]
