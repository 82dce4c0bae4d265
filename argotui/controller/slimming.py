"""What is kept of a pod: ten thousand of them are normal, and most of each is what it was made of."""

from argotui.model.documents import Document

_SPEC = ("nodeName", "terminationGracePeriodSeconds", "activeDeadlineSeconds")
_CONTAINER = ("name", "resources", "restartPolicy")


def slim_pod(pod: Document) -> Document:
    """Metadata and status whole; of the spec what the engine reads: where it runs, its limits, its containers'
    names and resources."""
    spec = pod.get("spec")
    if not isinstance(spec, dict):
        return pod
    kept: Document = {key: spec[key] for key in _SPEC if key in spec}
    for group in ("initContainers", "containers"):
        found = spec.get(group)
        if isinstance(found, list):
            kept[group] = [{key: each[key] for key in _CONTAINER if key in each} for each in found]
    return {**pod, "spec": kept}
