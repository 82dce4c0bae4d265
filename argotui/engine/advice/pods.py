"""What the pods of a workflow are made of: images, limits, commands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from argotui.engine.advice.rule import Remark
from argotui.engine.advice.view import View, all_containers, listed, main_containers
from argotui.model.documents import dig

_LARGE: Final = {
    "python": "slim", "node": "slim", "ruby": "slim", "perl": "slim", "rust": "slim", "php": "alpine",
    "golang": "alpine", "debian": "slim", "openjdk": "slim", "eclipse-temurin": "alpine", "maven": "alpine",
    "gradle": "alpine",
}  # fmt: skip
"""Official images of several hundred megabytes that come in a smaller kind: the word in its tag."""
_SMALL: Final = ("slim", "alpine", "distroless", "minimal", "jre", "-min")


def image_tag(image: str) -> tuple[str, str]:
    """Name and tag of an image; the digest instead of the tag where there is one, empty where there is neither."""
    name, _, digest = image.partition("@")
    path, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        path, tag = name, ""
    return path, digest or tag


def latest_images(view: View) -> Iterator[Remark]:
    """Images whose content changes without the manifest."""
    for place in view.templates:
        for box in all_containers(place):
            image = str(box.container.get("image") or "")
            tag = image_tag(image)[1]
            if image and "{{" not in image and tag in ("", "latest"):
                what = f"'{image}' has no tag, which means latest" if not tag else f"'{image}' names no version"
                reason = f"{what}: two steps of one run may get different images"
                yield Remark(f"{box.path}.image", reason, "name a version, as in alpine:3.19, or a digest")


def large_images(view: View) -> Iterator[Remark]:
    """Images that are pulled for each pod on each node although a smaller one exists."""
    for place in view.templates:
        for box in all_containers(place):
            path, tag = image_tag(str(box.container.get("image") or ""))
            name = path.removeprefix("docker.io/").removeprefix("library/")
            if name in _LARGE and not tag.startswith("sha256:") and not any(word in tag for word in _SMALL):
                smaller = f"{name}:{tag}-{_LARGE[name]}" if tag not in ("", "latest") else f"{name}:…-{_LARGE[name]}"
                reason = f"'{name}' is a large image, and each step is a pod that may have to pull it"
                yield Remark(f"{box.path}.image", reason, f"use a small one, for example {smaller}")


def without_limits(view: View) -> Iterator[Remark]:
    """Containers that may take all of their node; told once for a document."""
    if dig(view.spec, "podResources", "limits"):
        return
    found = [
        (place.name, box.path)
        for place in view.templates
        if not dig(place.template, "podResources", "limits") and "limits" not in _patches(view, place.template)
        for box in main_containers(place)
        if not dig(box.container, "resources", "limits")
    ]
    if found:
        names = list(dict.fromkeys(name for name, _ in found))
        what = f"no resource limits in {'template' if len(names) == 1 else 'templates'} {listed(names)}"
        hint = "set resources.requests and resources.limits there, or once for all in templateDefaults.container"
        yield Remark(found[0][1], f"{what}: a step may take all memory and CPU of its node", hint)


def _patches(view: View, template: dict[str, object]) -> str:
    return f"{view.spec.get('podSpecPatch') or ''}{template.get('podSpecPatch') or ''}"


def without_command(view: View) -> Iterator[Remark]:
    """Containers that leave to their image what is run."""
    for place in view.templates:
        container = place.template.get("container")
        if container and not container.get("command"):
            reason = "without a command, the image's own one is looked up in its registry when the step starts"
            yield Remark(f"{place.path}.container", reason, "write command: […]; the local cluster needs it")
