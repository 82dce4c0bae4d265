"""The executor's image: which one, and whether nodes can get it."""

from __future__ import annotations

from collections.abc import Iterator

from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.keys import LABEL_WORKFLOW
from argotui.model.resources import DEPLOYMENTS, PODS
from argotui.services.doctor.finding import Finding, Level, Site

_FLAG = "--executor-image"
_SUPPORTED = ("v3.6.", "v3.7.", "v4.")
_UNAVAILABLE = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull")
_EXECUTORS = ("init", "wait")


async def check_image(site: Site) -> list[Finding]:
    """The image that each controller in the namespace puts beside steps."""
    page = await site.client.list(DEPLOYMENTS, site.home)
    images = {documents.name(item): image for item in page.items for image in _executor_images(item)}
    return [_image(name, image) for name, image in images.items()] or [
        Finding(Level.NOTE, "image", f"no Deployment in {site.home} names an executor image")
    ]


def _image(deployment: str, image: str) -> Finding:
    text = f"{deployment} puts {image} beside steps"
    tag = image.rpartition(":")[2]
    if tag.startswith("v") and not tag.startswith(_SUPPORTED):
        advice = "argotui's controller speaks to executors of v3.6 and later; name a newer one"
        return Finding(Level.WARNING, "image", text, advice)
    return Finding(Level.OK, "image", text)


def _executor_images(deployment: Document) -> Iterator[str]:
    containers = documents.dig(deployment, "spec", "template", "spec", "containers") or ()
    for container in containers:
        words = [str(word) for word in (*(container.get("command") or ()), *(container.get("args") or ()))]
        for place, word in enumerate(words):
            if word == _FLAG and place + 1 < len(words):
                yield words[place + 1]
            elif word.startswith(f"{_FLAG}="):
                yield word.partition("=")[2]


async def check_pulled(site: Site) -> list[Finding]:
    """Pods of workflows whose executor's image cannot be had."""
    page = await site.client.list(PODS, site.workflows, label_selector=f"{LABEL_WORKFLOW}", limit=500)
    stuck = {(image, why): documents.name(pod) for pod in page.items for image, why in _waiting(pod)}
    return [
        Finding(
            Level.PROBLEM, "image", f"{pod} waits for {image}: {why}",
            "name an image that the nodes can pull with --executor-image, or give them the pull secret",
        )
        for (image, why), pod in stuck.items()
    ]  # fmt: skip


def _waiting(pod: Document) -> Iterator[tuple[str, str]]:
    status = pod.get("status") or {}
    for container in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        waiting = (container.get("state") or {}).get("waiting") or {}
        if container.get("name") in _EXECUTORS and waiting.get("reason") in _UNAVAILABLE:
            yield str(container.get("image")), str(waiting.get("message") or waiting["reason"])
