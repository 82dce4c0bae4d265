"""What stays: workflows and pods after their end, objects under a fixed name, a status that is none."""

from __future__ import annotations

from collections.abc import Iterator

from argotui.engine.advice.rule import Remark
from argotui.engine.advice.view import View


def no_time_to_live(view: View) -> Iterator[Remark]:
    """Finished workflows stay until somebody deletes them; those of a schedule are limited by it."""
    if view.runs and view.kind != "CronWorkflow" and not view.spec.get("ttlStrategy"):
        reason = "finished workflows stay until somebody, or the controller's own policy, deletes them"
        yield Remark(view.path, reason, "add ttlStrategy: {secondsAfterCompletion: …}")


def no_pod_gc(view: View) -> Iterator[Remark]:
    """Finished pods stay as long as their workflow."""
    if view.runs and not view.spec.get("podGC"):
        yield Remark(view.path, "finished pods stay as long as their workflow", "add podGC: {strategy: OnPodSuccess}")


def fixed_name(view: View) -> Iterator[Remark]:
    """A Workflow is one run, and a name can be used once."""
    metadata = view.document.get("metadata") or {}
    if view.kind == "Workflow" and metadata.get("name") and not metadata.get("generateName"):
        reason = "a workflow of this name can be created only once, until it is deleted"
        yield Remark("metadata.name", reason, f"write generateName: {metadata['name']}- unless the name matters")


def written_status(view: View) -> Iterator[Remark]:
    """The controller writes the status, nobody else does."""
    if view.document.get("status"):
        reason = "the status is the controller's; one that is submitted makes it believe that the workflow has run"
        yield Remark("status", reason, "remove it; see it with `argotui get`")


def default_service_account(view: View) -> Iterator[Remark]:
    """Pods act with the rights of their service account, never with those of whoever submits."""
    if view.runs and not view.spec.get("serviceAccountName"):
        reason = "pods run as the service account `default` of the namespace, whoever submits"
        yield Remark(view.path, reason, "name one that has just the rights it needs: serviceAccountName")
