"""Commands: the executor's own, and the emissary around everybody else's (§4.4)."""

from __future__ import annotations

from argotui.engine.config import EngineConfig
from argotui.engine.pods.request import PodBuildError
from argotui.model.documents import Document

LOG_FLAGS = ("--loglevel", "info", "--log-format", "text", "--gloglevel", "0")
EMISSARY = ("/var/run/argo/argoexec", "emissary", *LOG_FLAGS, "--")


def executor_command(*verbs: str) -> list[str]:
    """The command of an executor container (`init`, `wait`, `resource get`)."""
    return ["argoexec", *verbs, *LOG_FLAGS]


def wrap(container: Document, config: EngineConfig) -> None:
    """Puts the emissary before the container's command, which is looked up when it has none.

    Raises PodBuildError when neither the template nor the controller's `images` tells the command.
    """
    if not container.get("command"):
        _look_up(container, config)
    container["command"] = [*EMISSARY, *container["command"]]


def _look_up(container: Document, config: EngineConfig) -> None:
    image = container.get("image") or ""
    known = config.images.get(image)
    if known is None:
        raise PodBuildError(
            f'failed to look-up entrypoint/cmd for image "{image}", you must either explicitly specify '
            "the command, or list the image's command under `images` in the controller's ConfigMap"
        )
    container["command"] = list(known.get("entrypoint") or ())
    if container.get("args") is None and known.get("cmd"):
        container["args"] = list(known["cmd"])
